import { Files } from "@holdfast/core"
import * as FilesConformance from "@holdfast/testing/FilesConformance"
import { Effect } from "effect"

import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiFiles from "../src/OpenAiFiles.ts"
import * as OpenAiLanguageModel from "../src/OpenAiLanguageModel.ts"
import * as OpenAiTokenCounter from "../src/OpenAiTokenCounter.ts"

FilesConformance.suite({
  name: "OpenAI",
  vendor: "openai",
  dialect: "openai-responses",
  files: Effect.flatMap(OpenAiFiles.make(), Files.make),
  model: OpenAiLanguageModel.model("gpt-6.1-terra"),
  counter: (options) => OpenAiTokenCounter.make("gpt-6.1-terra", undefined, options),
  layer: (apiUrl, apiKey) => OpenAiClient.layer({ apiUrl, apiKey }),
  capabilities: { pieceSize: 8_000_000, resumes: false, processes: false, expires: true },
})
