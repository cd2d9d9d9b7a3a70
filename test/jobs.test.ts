import { assert, describe, it } from "@effect/vitest"
/**
 * Batch jobs at the vendors' own APIs: what their answers are read as is what the same answers are read as live.
 */
import { AnthropicBatch, AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { BatchJob, Bulk } from "@holdfast/batch"
import { Failure, type ResilientModel } from "@holdfast/core"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { type UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { Ledger } from "@holdfast/cost"
import { GoogleBatch, GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiBatch, OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { SqliteClient } from "@holdfast/sqlite"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted, Schedule, Schema, Stream } from "effect"
import { type AiError, LanguageModel, Tool, Toolkit } from "effect/ai"

const Label = Schema.Struct({ label: Schema.Literals(["good", "bad"]), since: Schema.DateFromString })

const Lookup = Tool.make("Lookup", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })

const tools = Toolkit.make(Lookup)

const toolLayer = tools.toLayer({ Lookup: () => Effect.die("a batch runs no tool") })

const usage = { input: 100, output: 50 }

/** What the emulator answers, by a word of the prompt. */
const replyTo = (body: string): Reply.Reply => {
  if (body.includes("misfit")) return Reply.json({ label: "neither" }, { usage })
  if (body.includes("object")) return Reply.json({ label: "good", since: "2026-01-02T00:00:00.000Z" }, { usage })
  if (body.includes("lookup")) return Reply.answer({ toolCalls: [{ name: "Lookup", params: { city: "Oslo" } }], usage })
  if (body.includes("silent")) return Reply.answer({ text: "short", finish: "length", usage })
  return Reply.text("Because they displace water.", { usage })
}

const programs: Readonly<Record<string, Effect.Effect<unknown, AiError.AiError, LanguageModel.LanguageModel>>> = {
  text: Effect.map(LanguageModel.generateText({ prompt: "text" }), ({ finishReason, text, usage: counted }) => [
    text,
    finishReason,
    counted.inputTokens.total,
    counted.outputTokens.total,
  ]),
  object: Effect.map(LanguageModel.generateObject({ prompt: "object", schema: Label }), ({ value }) => value),
  misfit: LanguageModel.generateObject({ prompt: "misfit", schema: Label }),
  lookup: LanguageModel.generateText({ prompt: "lookup", toolkit: tools, disableToolCallResolution: true }).pipe(
    Effect.map(({ toolCalls }) => toolCalls.map(({ name, params }) => [name, params])),
    Effect.provide(toolLayer),
  ),
  silent: Effect.map(LanguageModel.generateText({ prompt: "silent" }), ({ finishReason }) => finishReason),
  stream: LanguageModel.streamText({ prompt: "stream" }).pipe(
    Stream.runFold(
      () => "",
      (text, part) => (part.type === "text-delta" ? text + part.delta : text),
    ),
  ),
}

interface Vendor<R> {
  readonly name: string
  readonly vendor: Emulator.BatchVendor
  readonly dialect: Emulator.ChatDialect
  readonly client: (apiUrl: string) => Layer.Layer<R>
  readonly live: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>
  readonly batch: Effect.Effect<BatchProvider, UnsupportedOption, R>
}

const told = (results: ReadonlyArray<Bulk.BulkResult<unknown, { readonly _tag: string }>>) =>
  results.map((result) => [
    result.id,
    result._tag === "Answered" ? result.answer : [Failure.tagOf(result.error), Failure.messageOf(result.error)],
    result.bill.tokens,
  ])

const reads = <R>({ batch, client, dialect, live, name, vendor }: Vendor<R>) =>
  it.live(`of ${name} are read as live ones are, and cost half`, () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.respond(dialect, ({ body }) => Effect.succeed(replyTo(JSON.stringify(body))))
      const run = (
        mode: Bulk.Mode<
          "chat",
          { readonly _tag: string },
          { readonly _tag: string },
          R | BatchJob.Jobs | Ledger.Ledger
        >,
      ) =>
        Stream.runCollect(
          Bulk.runInOrder(Object.keys(programs), {
            mode,
            id: (key: string) => key,
            ask: (key: string) => programs[key] ?? Effect.void,
          }),
        )
      const stores = Layer.mergeAll(BatchJob.layerSql(), Ledger.layerSql()).pipe(
        Layer.provide(SqliteClient.layer({ filename: ":memory:" })),
      )
      const layers = Layer.merge(stores, client(emulator.batches.baseUrl(vendor)))
      yield* Effect.gen(function* () {
        const batched = yield* run(Bulk.batch({ job: "all", provider: batch, poll: Schedule.spaced("5 millis") }))
        const asked = yield* run(Bulk.live(live))
        assert.deepStrictEqual(told(batched), told(asked))
        assert.deepStrictEqual(
          batched.map(({ _tag }) => _tag),
          Object.keys(programs).map((key) => (key === "misfit" ? "Failed" : "Answered")),
        )
        for (const [index, { bill }] of batched.entries()) {
          assert.isTrue(bill.exact)
          assert.strictEqual(2n * bill.cost, asked[index]?.bill.cost)
        }
        assert.strictEqual((yield* emulator.batches.seen).created, 1)
      }).pipe(Effect.provide(layers))
    }).pipe(Effect.provide(Emulator.layer())),
  )

const apiKey = Redacted.make("sk-test-key")

const settings = { maxOutputTokens: 200 }

describe("the answers of a job", () => {
  reads({
    name: "OpenAI Responses",
    vendor: "openai",
    dialect: "openai-responses",
    client: (apiUrl) => OpenAiClient.layer({ apiKey, apiUrl }),
    live: OpenAiLanguageModel.model("gpt-4o-mini", settings),
    batch: OpenAiBatch.model("gpt-4o-mini", settings),
  })
  reads({
    name: "OpenAI Chat Completions",
    vendor: "openai",
    dialect: "openai-chat",
    client: (apiUrl) => OpenAiClient.layer({ apiKey, apiUrl }),
    live: OpenAiLanguageModel.chat("gpt-4o-mini", settings),
    batch: OpenAiBatch.chat("gpt-4o-mini", settings),
  })
  reads({
    name: "Anthropic",
    vendor: "anthropic",
    dialect: "anthropic",
    client: (apiUrl) => AnthropicClient.layer({ apiKey, apiUrl }),
    live: AnthropicLanguageModel.model("claude-haiku-4-5", settings),
    batch: AnthropicBatch.model("claude-haiku-4-5", settings),
  })
  reads({
    name: "Gemini",
    vendor: "google",
    dialect: "google",
    client: (apiUrl) => GoogleClient.layer({ apiKey, apiUrl }),
    live: GoogleLanguageModel.model("gemini-3.8-flash", settings),
    batch: GoogleBatch.model("gemini-3.8-flash", settings),
  })
})
