import { assert, describe, it } from "@effect/vitest"
import { BatchHabit, Emulator } from "@holdfast/testing"
import * as BatchConformance from "@holdfast/testing/BatchConformance"
import { Effect, Redacted } from "effect"

import * as GoogleBatch from "../src/GoogleBatch.ts"
import * as GoogleClient from "../src/GoogleClient.ts"
import * as GoogleEmbeddingModel from "../src/GoogleEmbeddingModel.ts"
import * as GoogleLanguageModel from "../src/GoogleLanguageModel.ts"

const capabilities = {
  named: true,
  failsWhole: false,
  cancels: true,
  partial: false,
  lines: true,
  missing: "unknown",
} as const

BatchConformance.suite({
  name: "Gemini",
  vendor: "google",
  dialect: "google",
  batch: GoogleBatch.model("gemini-3.8-flash"),
  live: GoogleLanguageModel.model("gemini-3.8-flash"),
  layer: (apiUrl, apiKey) => GoogleClient.layer({ apiKey, apiUrl }),
  capabilities,
})

BatchConformance.suite({
  name: "Gemini's embeddings",
  vendor: "google",
  dialect: "google-embeddings",
  batch: GoogleBatch.embeddings("gemini-embedding-001", { taskType: "RETRIEVAL_DOCUMENT", outputDimensionality: 768 }),
  live: GoogleEmbeddingModel.model("gemini-embedding-001", {
    taskType: "RETRIEVAL_DOCUMENT",
    outputDimensionality: 768,
  }),
  // A line has one text, and a live request a list of them.
  lineOf: (sent) => (sent as { readonly requests: ReadonlyArray<unknown> }).requests[0],
  layer: (apiUrl, apiKey) => GoogleClient.layer({ apiKey, apiUrl }),
  capabilities: { ...capabilities, texts: 1 },
})

describe("a batch of Gemini's", () => {
  it.live("is refused at Vertex AI", () =>
    Effect.gen(function* () {
      const token = Effect.succeed(Redacted.make("token"))
      const vertex = GoogleClient.layerVertex({ project: "project-1", token })
      const chat = yield* Effect.flip(Effect.provide(GoogleBatch.model("gemini-3.8-flash"), vertex))
      assert.strictEqual(chat._tag, "UnsupportedOption")
      const embeddings = yield* Effect.flip(Effect.provide(GoogleBatch.embeddings("gemini-embedding-001"), vertex))
      assert.strictEqual(embeddings._tag, "UnsupportedOption")
    }),
  )
})

describe("the emulator", () => {
  it.live("speaks to the SDK itself, and makes batches of what is sent along", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.batches.behave(BatchHabit.invalid("b"))
      const apiUrl = emulator.batches.baseUrl("google")
      const client = GoogleClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl })
      const { use } = yield* Effect.provide(GoogleClient.GoogleClient, client)
      const found = yield* use(async (sdk) => {
        const contents = [{ role: "user", parts: [{ text: "hi" }] }]
        const src = [
          { contents, metadata: { key: "a" } },
          { contents, metadata: { key: "b" } },
        ]
        const made = await sdk.batches.create({ model: "gemini-3.8-flash", src, config: { displayName: "job" } })
        const name = made.name ?? ""
        await sdk.batches.get({ name })
        const over = await sdk.batches.get({ name })
        const vectors = await sdk.batches.createEmbeddings({
          model: "gemini-embedding-001",
          src: { inlinedRequests: { contents: ["a", "b"] } },
        })
        await sdk.batches.get({ name: vectors.name ?? "" })
        const embedded = await sdk.batches.get({ name: vectors.name ?? "" })
        const file = await sdk.files.upload({
          file: new Blob([JSON.stringify({ key: "c", request: { contents } })]),
          config: { mimeType: "jsonl" },
        })
        const ofFile = await sdk.batches.create({ model: "gemini-3.8-flash", src: file.name ?? "" })
        await sdk.batches.cancel({ name: ofFile.name ?? "" })
        const canceled = await sdk.batches.get({ name: ofFile.name ?? "" })
        const listed: Array<string | undefined> = []
        for await (const batch of await sdk.batches.list({ config: { pageSize: 1 } })) listed.push(batch.displayName)
        await sdk.batches.delete({ name })
        return {
          states: [made.state, over.state, embedded.state, canceled.state],
          answers: over.dest?.inlinedResponses?.map((one) => one.response?.candidates?.[0]?.finishReason),
          errors: over.dest?.inlinedResponses?.map((one) => one.error?.code),
          vectors: JSON.stringify(embedded.dest).match(/"values":\[/g)?.length,
          listed,
        }
      })
      assert.deepStrictEqual(found, {
        states: ["JOB_STATE_PENDING", "JOB_STATE_SUCCEEDED", "JOB_STATE_SUCCEEDED", "JOB_STATE_CANCELLED"] as never,
        answers: ["STOP" as never, undefined],
        errors: [undefined, 400],
        vectors: 2,
        listed: [undefined, undefined, "job"],
      })
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
