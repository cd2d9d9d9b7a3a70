import { assert, describe, it } from "@effect/vitest"
import * as BatchConformance from "@holdfast/testing/BatchConformance"
import { Effect, Redacted } from "effect"

import * as OpenAiBatch from "../src/OpenAiBatch.ts"
import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiCompatible from "../src/OpenAiCompatible.ts"
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

const servers = [
  ["Groq", "groq", OpenAiCompatible.groq, capabilities],
  ["Mistral", "mistral", OpenAiCompatible.mistral, { ...capabilities, failsWhole: false }],
  [
    "OpenRouter",
    "openrouter",
    OpenAiCompatible.openrouter,
    { named: false, failsWhole: false, cancels: false, partial: true, lines: false },
  ],
] as const

for (const [name, vendor, server, able] of servers) {
  const preset: OpenAiCompatible.Preset = server
  BatchConformance.suite({
    name,
    vendor,
    dialect: "openai-chat",
    batch: OpenAiBatch.compatible(preset, "some-model"),
    live: OpenAiCompatible.make(preset, "some-model"),
    layer: (apiUrl) => OpenAiCompatible.layer(preset, { apiKey: Redacted.make("sk-test-key"), apiUrl }),
    capabilities: able,
  })
}

describe("batches of other servers", () => {
  it.effect("are refused before any request", () =>
    Effect.gen(function* () {
      for (const server of [OpenAiCompatible.deepseek, OpenAiCompatible.together, OpenAiCompatible.ollama]) {
        const preset: OpenAiCompatible.Preset = server
        const error = yield* OpenAiBatch.compatible(preset, "some-model").pipe(
          Effect.flip,
          Effect.provide(OpenAiCompatible.layer(preset)),
        )
        assert.strictEqual(error._tag, "UnsupportedOption")
        assert.strictEqual(error.option, "batch")
      }
    }),
  )
})
