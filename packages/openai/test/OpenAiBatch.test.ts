import { assert, describe, it } from "@effect/vitest"
import { Emulator } from "@holdfast/testing"
import * as BatchConformance from "@holdfast/testing/BatchConformance"
import { Effect, Layer, Redacted } from "effect"

import * as OpenAiBatch from "../src/OpenAiBatch.ts"
import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiCompatible from "../src/OpenAiCompatible.ts"
import * as OpenAiEmbeddingModel from "../src/OpenAiEmbeddingModel.ts"
import * as OpenAiLanguageModel from "../src/OpenAiLanguageModel.ts"

const client = (apiUrl: string, apiKey = Redacted.make("sk-test-key")) => OpenAiClient.layer({ apiKey, apiUrl })

const capabilities = {
  named: true,
  failsWhole: true,
  cancels: true,
  partial: true,
  lines: true,
  missing: "free",
} as const

BatchConformance.suite({
  name: "OpenAI Responses",
  vendor: "openai",
  dialect: "openai-responses",
  batch: OpenAiBatch.model("gpt-6-luna"),
  live: OpenAiLanguageModel.model("gpt-6-luna"),
  layer: client,
  capabilities,
})

BatchConformance.suite({
  name: "OpenAI Chat Completions",
  vendor: "openai",
  dialect: "openai-chat",
  batch: OpenAiBatch.chat("gpt-6-luna"),
  live: OpenAiLanguageModel.chat("gpt-6-luna"),
  // All else is the same as above.
  groups: ["answers"],
  layer: client,
  capabilities,
})

BatchConformance.suite({
  name: "OpenAI's embeddings",
  vendor: "openai",
  dialect: "openai-embeddings",
  batch: OpenAiBatch.embeddings("text-embedding-3-small", { dimensions: 2 }),
  live: OpenAiEmbeddingModel.model("text-embedding-3-small", { dimensions: 2 }),
  layer: client,
  capabilities: { ...capabilities, texts: 2_048 },
})

const servers = [
  ["Groq", "groq", OpenAiCompatible.groq, capabilities],
  ["Mistral", "mistral", OpenAiCompatible.mistral, { ...capabilities, failsWhole: false, missing: "unknown" }],
  [
    "OpenRouter",
    "openrouter",
    OpenAiCompatible.openrouter,
    { named: false, failsWhole: false, cancels: false, partial: true, lines: false, missing: "unknown" },
  ],
] as const

for (const [name, vendor, server, able] of servers) {
  const preset: OpenAiCompatible.Preset = server
  BatchConformance.suite({
    name,
    vendor,
    dialect: "openai-chat",
    batch: OpenAiBatch.compatible(preset, "some-model"),
    live: OpenAiCompatible.model(preset, "some-model"),
    layer: (apiUrl, apiKey) => OpenAiCompatible.layer(preset, { apiKey, apiUrl }),
    capabilities: able,
  })
  // Groq's batches take none.
  if (vendor === "groq") continue
  BatchConformance.suite({
    name: `${name}'s embeddings`,
    vendor,
    dialect: "openai-embeddings",
    batch: OpenAiBatch.compatibleEmbeddings(preset, "some-embedder"),
    live: OpenAiEmbeddingModel.compatible(preset, "some-embedder"),
    layer: (apiUrl, apiKey) => OpenAiCompatible.layer(preset, { apiKey, apiUrl }),
    capabilities: able,
  })
}

describe("batches of other servers", () => {
  it.effect("are refused at Bedrock, and taken at Azure", () =>
    Effect.gen(function* () {
      const apiKey = Redacted.make("ABSK-test")
      const models = [
        OpenAiBatch.model("gpt-6-luna"),
        OpenAiBatch.chat("gpt-6-luna"),
        Effect.map(OpenAiBatch.embeddings("text-embedding-3-small"), (batch) => batch as never),
      ]
      for (const make of models) {
        const refused = Effect.provide(make, OpenAiClient.layerBedrock({ region: "eu-central-1", apiKey }))
        assert.strictEqual((yield* Effect.flip(refused))._tag, "UnsupportedOption")
        const taken = yield* Effect.provide(make, OpenAiClient.layerAzure({ resource: "mine", apiKey }))
        assert.strictEqual(taken.provider, "azure.ai.openai")
      }
    }),
  )

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
      const embeddings = yield* OpenAiBatch.compatibleEmbeddings(OpenAiCompatible.groq, "some-model").pipe(
        Effect.flip,
        Effect.provide(OpenAiCompatible.layer(OpenAiCompatible.groq, { apiKey: Redacted.make("gsk-test") })),
      )
      assert.include(embeddings.message, "no batches of embeddings")
    }),
  )
})

const atEmulator = Layer.unwrap(Effect.map(Emulator.Emulator, ({ batches }) => client(batches.baseUrl("openai"))))

describe("the emulator", () => {
  it.live("speaks to the SDK itself, and makes batches of embeddings", () =>
    Effect.gen(function* () {
      const { use } = yield* OpenAiClient.OpenAiClient
      const lines = ["a", "b"].map((id) =>
        JSON.stringify({
          custom_id: id,
          method: "POST",
          url: "/v1/embeddings",
          body: { model: "text-embedding-3-small", input: [id] },
        }),
      )
      const found = yield* use(async (sdk) => {
        const file = await sdk.files.create({ file: new File([lines.join("\n")], "a.jsonl"), purpose: "batch" })
        const made = await sdk.batches.create({
          input_file_id: file.id,
          endpoint: "/v1/embeddings",
          completion_window: "24h",
        })
        await sdk.batches.retrieve(made.id)
        const over = await sdk.batches.retrieve(made.id)
        const content = await (await sdk.files.content(over.output_file_id ?? "")).text()
        const second = await sdk.batches.create({
          input_file_id: "file-of-nobody",
          endpoint: "/v1/responses",
          completion_window: "24h",
        })
        const third = await sdk.batches.create({
          input_file_id: file.id,
          endpoint: "/v1/responses",
          completion_window: "24h",
        })
        const canceling = await sdk.batches.cancel(third.id)
        const listed: Array<string> = []
        for await (const batch of sdk.batches.list({ limit: 1 })) listed.push(batch.id)
        const files: Array<string> = []
        for await (const one of sdk.files.list()) files.push(one.id)
        const failed = await sdk.batches.retrieve(second.id)
        return {
          states: [made.status, over.status, canceling.status, failed.status],
          content,
          counts: over.request_counts,
          isListed: listed.join() === [third.id, second.id, made.id].join(),
          files: files.length,
          deleted: (await sdk.files.delete(file.id)).deleted,
        }
      })
      assert.deepStrictEqual(found.states, ["validating", "completed", "cancelling", "failed"])
      assert.deepStrictEqual(found.counts, { total: 2, completed: 2, failed: 0 })
      assert.isTrue(found.isListed)
      assert.strictEqual(found.files, 1)
      assert.isTrue(found.deleted)
      assert.strictEqual(found.content.match(/"embedding":\[/g)?.length, 2)
    }).pipe(Effect.provide(Layer.provideMerge(atEmulator, Emulator.layer()))),
  )
})
