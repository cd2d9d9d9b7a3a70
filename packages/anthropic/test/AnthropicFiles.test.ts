import { Files } from "@holdfast/core"
import * as FilesConformance from "@holdfast/testing/FilesConformance"
import { Effect } from "effect"

import * as AnthropicClient from "../src/AnthropicClient.ts"
import * as AnthropicFiles from "../src/AnthropicFiles.ts"
import * as AnthropicLanguageModel from "../src/AnthropicLanguageModel.ts"
import * as AnthropicTokenCounter from "../src/AnthropicTokenCounter.ts"

FilesConformance.suite({
  name: "Anthropic",
  vendor: "anthropic",
  dialect: "anthropic",
  files: Effect.flatMap(AnthropicFiles.make, Files.make),
  model: AnthropicLanguageModel.model("claude-sonnet-5-5"),
  counter: (options) => AnthropicTokenCounter.make("claude-sonnet-5-5", undefined, options),
  layer: (apiUrl, apiKey) => AnthropicClient.layer({ apiUrl, apiKey }),
  capabilities: { pieceSize: undefined, resumes: false, processes: false, expires: true },
})
