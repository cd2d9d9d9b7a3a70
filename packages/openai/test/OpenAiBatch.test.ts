import * as BatchConformance from "@holdfast/testing/BatchConformance"
import { Redacted } from "effect"

import * as OpenAiBatch from "../src/OpenAiBatch.ts"
import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiLanguageModel from "../src/OpenAiLanguageModel.ts"

const client = (apiUrl: string) => OpenAiClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl })

const capabilities = { named: true, failsWhole: true, cancels: true, partial: true, lines: true }

BatchConformance.suite({
  name: "OpenAI Responses",
  vendor: "openai",
  dialect: "openai-responses",
  batch: OpenAiBatch.model("gpt-6-luna"),
  live: OpenAiLanguageModel.make("gpt-6-luna"),
  layer: client,
  capabilities,
})

BatchConformance.suite({
  name: "OpenAI Chat Completions",
  vendor: "openai",
  dialect: "openai-chat",
  batch: OpenAiBatch.chat("gpt-6-luna"),
  live: OpenAiLanguageModel.makeChat("gpt-6-luna"),
  layer: client,
  capabilities,
})
