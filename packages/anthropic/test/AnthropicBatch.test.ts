import { assert, describe, it } from "@effect/vitest"
import { Emulator } from "@holdfast/testing"
import * as BatchConformance from "@holdfast/testing/BatchConformance"
import { Effect, Redacted, Stream } from "effect"

import * as AnthropicBatch from "../src/AnthropicBatch.ts"
import * as AnthropicClient from "../src/AnthropicClient.ts"
import * as AnthropicLanguageModel from "../src/AnthropicLanguageModel.ts"

const client = (apiUrl: string, apiKey = Redacted.make("sk-test-key")) => AnthropicClient.layer({ apiKey, apiUrl })

BatchConformance.suite({
  name: "Anthropic",
  vendor: "anthropic",
  dialect: "anthropic",
  batch: AnthropicBatch.model("claude-haiku-5-5"),
  live: AnthropicLanguageModel.model("claude-haiku-5-5"),
  layer: client,
  capabilities: { named: false, failsWhole: false, cancels: true, partial: true, lines: true, missing: "free" },
})

describe("a batch of Anthropic's", () => {
  it.live("sends the betas of the model along with those of the client", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const options = { apiKey: Redacted.make("sk-test-key"), apiUrl: emulator.batches.baseUrl("anthropic") }
      const batch = yield* AnthropicBatch.model("claude-haiku-5-5", { betas: ["two"] }).pipe(
        Effect.provide(AnthropicClient.layer({ ...options, headers: { "anthropic-beta": "one" } })),
      )
      const items = Stream.make({
        id: "a",
        body: { model: "m", max_tokens: 9, messages: [{ role: "user", content: "hi" }] },
      })
      yield* batch.create({ name: "job", file: undefined, items })
      const [created] = yield* emulator.requests
      assert.strictEqual(created?.headers["anthropic-beta"], "one,two")
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("is refused at a cloud", () =>
    Effect.gen(function* () {
      const token = Effect.succeed(Redacted.make("token"))
      const error = yield* Effect.flip(
        Effect.provide(
          AnthropicBatch.model("claude-haiku-5-5"),
          AnthropicClient.layerVertex({ project: "project-1", token }),
        ),
      )
      assert.strictEqual(error._tag, "UnsupportedOption")
    }),
  )
})

describe("the emulator", () => {
  it.live("speaks to the SDK itself", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const { use } = yield* Effect.provide(
        AnthropicClient.AnthropicClient,
        client(emulator.batches.baseUrl("anthropic")),
      )
      const params = { model: "claude-haiku-5-5", max_tokens: 9, messages: [{ role: "user" as const, content: "hi" }] }
      const requests = [
        { custom_id: "a", params },
        { custom_id: "b", params: { ...params, messages: [] } },
      ]
      const found = yield* use(async (sdk) => {
        const made = await sdk.messages.batches.create({ requests })
        await sdk.messages.batches.retrieve(made.id)
        const results: Array<string> = []
        const over = await sdk.messages.batches.retrieve(made.id)
        for await (const line of await sdk.messages.batches.results(made.id)) {
          results.push(`${line.custom_id} ${line.result.type}`)
        }
        const second = await sdk.messages.batches.create({ requests })
        const canceling = await sdk.messages.batches.cancel(second.id)
        const listed: Array<string> = []
        for await (const batch of sdk.messages.batches.list({ limit: 1 })) listed.push(batch.id)
        return {
          states: [made.processing_status, over.processing_status, canceling.processing_status],
          results,
          counts: over.request_counts,
          isListed: listed.join() === [second.id, made.id].join(),
        }
      })
      assert.deepStrictEqual(found, {
        states: ["in_progress", "ended", "canceling"],
        results: ["a succeeded", "b errored"],
        counts: { processing: 0, succeeded: 1, errored: 1, canceled: 0, expired: 0 },
        isListed: true,
      })
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
