import { assert, describe, it } from "@effect/vitest"
/**
 * Batch jobs at the vendors' own APIs: what their answers are read as is what the same answers are read as live.
 */
import { AnthropicBatch, AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { BatchJob, Bulk } from "@holdfast/batch"
import { Failure, type Resilient } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider, type CallFailure } from "@holdfast/core/provider/BatchProvider"
import { type UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { type Budget, Ledger, Price, PriceBook } from "@holdfast/cost"
import { GoogleBatch, GoogleClient, GoogleEmbeddingModel, GoogleLanguageModel } from "@holdfast/google"
import {
  OpenAiBatch,
  OpenAiClient,
  OpenAiCompatible,
  OpenAiEmbeddingModel,
  OpenAiLanguageModel,
} from "@holdfast/openai"
import { SqliteClient } from "@holdfast/sqlite"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted, Schedule, Schema, Stream } from "effect"
import { type AiError, EmbeddingModel, LanguageModel, Tool, Toolkit } from "effect/ai"

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

const chats: Programs<LanguageModel.LanguageModel> = {
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

interface Vendor<R, K extends Kind> {
  readonly name: string
  readonly vendor: Emulator.BatchVendor
  readonly client: (apiUrl: string) => Layer.Layer<R>
  readonly live: Resilient.Resilient<K, CallFailure<K>, R>
  readonly batch: Effect.Effect<BatchProvider<K>, UnsupportedOption, R>
}

type Programs<S> = Readonly<Record<string, Effect.Effect<unknown, AiError.AiError, S>>>

const told = (results: ReadonlyArray<Bulk.BulkResult<unknown, { readonly _tag: string }>>) =>
  results.map((result) => [
    result.id,
    result._tag === "Answered" ? result.answer : [Failure.tagOf(result.error), Failure.messageOf(result.error)],
    result.bill.tokens,
  ])

/** Both ways, beside each other. */
const bothWays = <R, K extends Kind, S extends Resilient.Provides<K>>(
  { batch, live }: Vendor<R, K>,
  programs: Programs<S>,
) => {
  const run = (mode: Bulk.Mode<K, CallFailure<K> | Budget.Refusal | BatchJob.ItemFailure, unknown, R | Stores>) =>
    Stream.runCollect(
      Bulk.runInOrder(Object.keys(programs), {
        mode,
        id: (key: string) => key,
        ask: (key: string) => programs[key] ?? Effect.void,
      }),
    )
  return Effect.all([
    run(Bulk.batch({ job: "all", provider: batch, poll: Schedule.spaced("5 millis") })),
    run(Bulk.live(live)),
  ])
}

type Stores = BatchJob.Jobs | Ledger.Ledger

// The list has no prices of Mistral's.
const prices = PriceBook.layerExtend([
  Price.make({
    provider: "mistral_ai",
    model: "mistral-embed",
    perMillion: { input: "$0.10" },
    factors: { batch: { numerator: 1n, denominator: 2n } },
    source: "https://docs.mistral.ai/capabilities/batch",
    checkedOn: "2026-11-28",
  }),
])

const atVendor = <A, E, R, K extends Kind>(
  { client, vendor }: Vendor<R, K>,
  self: (emulator: Emulator.Emulator["Service"]) => Effect.Effect<A, E, R | Stores>,
) =>
  Effect.gen(function* () {
    const emulator = yield* Emulator.Emulator
    const stores = Layer.mergeAll(BatchJob.layerSql(), Ledger.layerSql()).pipe(
      Layer.provide(SqliteClient.layer({ filename: ":memory:" })),
    )
    const layers = Layer.mergeAll(stores, prices, client(emulator.batches.baseUrl(vendor)))
    return yield* Effect.provide(self(emulator), layers)
  }).pipe(Effect.provide(Emulator.layer()))

const reads = <R>(given: Vendor<R, "chat"> & { readonly dialect: Emulator.ChatDialect }) =>
  it.live(`of ${given.name} are read as live ones are, and cost half`, () =>
    atVendor(given, (emulator) =>
      Effect.gen(function* () {
        yield* emulator.respond(given.dialect, ({ body }) => Effect.succeed(replyTo(JSON.stringify(body))))
        const [batched, asked] = yield* bothWays(given, chats)
        assert.deepStrictEqual(told(batched), told(asked))
        assert.deepStrictEqual(
          batched.map(({ _tag }) => _tag),
          Object.keys(chats).map((key) => (key === "misfit" ? "Failed" : "Answered")),
        )
        for (const [index, { bill }] of batched.entries()) {
          assert.isTrue(bill.exact)
          assert.strictEqual(2n * bill.cost, asked[index]?.bill.cost)
        }
        assert.strictEqual((yield* emulator.batches.seen).created, 1)
      }),
    ),
  )

const embed = (...texts: ReadonlyArray<string>) =>
  Effect.map(
    Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embedMany(texts)),
    ({ embeddings, usage: { inputTokens } }) => [embeddings.map(({ vector }) => [...vector]), inputTokens],
  )

const single: Programs<EmbeddingModel.EmbeddingModel> = {
  one: embed("Why do ships float?"),
  other: Effect.flatMap(EmbeddingModel.EmbeddingModel, ({ embed: of }) =>
    Effect.map(of("Grüße 🌧"), ({ vector }) => [...vector]),
  ),
}

// Texts that are asked for at the same time are one request, and one item.
const several: Programs<EmbeddingModel.EmbeddingModel> = {
  ...single,
  many: embed("one", "two", "three"),
  atOnce: Effect.flatMap(EmbeddingModel.EmbeddingModel, ({ embed: of }) =>
    Effect.map(Effect.all([of("left"), of("right")], { concurrency: 2 }), (all) =>
      all.map(({ vector }) => [...vector]),
    ),
  ),
}

const embeds = <R>(
  given: Vendor<R, "embeddings"> & {
    readonly programs: Programs<EmbeddingModel.EmbeddingModel>
  },
) =>
  it.live(`with vectors of ${given.name} are read as live ones are, and cost half`, () =>
    atVendor(given, (emulator) =>
      Effect.gen(function* () {
        const [batched, asked] = yield* bothWays(given, given.programs)
        assert.deepStrictEqual(told(batched), told(asked))
        for (const [index, { _tag, bill }] of batched.entries()) {
          assert.strictEqual(_tag, "Answered")
          assert.isTrue(bill.exact)
          assert.isAbove(Number(bill.cost), 0)
          assert.strictEqual(2n * bill.cost, asked[index]?.bill.cost)
        }
        const { answered, created, usage: billed } = yield* emulator.batches.seen
        assert.deepStrictEqual([created, answered], [1, Object.keys(given.programs).length])
        const counted = batched.reduce((sum, { bill }) => sum + (bill.tokens["input"] ?? 0), 0)
        assert.strictEqual(counted, billed.input)
        const status = yield* BatchJob.status("all")
        assert.deepStrictEqual([status.operation, status.state], ["embeddings", "settled"])
      }),
    ),
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
  embeds({
    name: "OpenAI",
    vendor: "openai",
    client: (apiUrl) => OpenAiClient.layer({ apiKey, apiUrl }),
    live: OpenAiEmbeddingModel.model("text-embedding-3-small"),
    batch: OpenAiBatch.embeddings("text-embedding-3-small"),
    programs: several,
  })
  embeds({
    name: "Gemini",
    vendor: "google",
    client: (apiUrl) => GoogleClient.layer({ apiKey, apiUrl }),
    live: GoogleEmbeddingModel.model("gemini-embedding-001"),
    batch: GoogleBatch.embeddings("gemini-embedding-001"),
    programs: single,
  })
  embeds({
    name: "Mistral",
    vendor: "mistral",
    client: (apiUrl) => OpenAiCompatible.layer(OpenAiCompatible.mistral, { apiKey, apiUrl }),
    live: OpenAiEmbeddingModel.compatible(OpenAiCompatible.mistral, "mistral-embed"),
    batch: OpenAiBatch.compatibleEmbeddings(OpenAiCompatible.mistral, "mistral-embed"),
    programs: several,
  })

  const gemini: Vendor<GoogleClient.GoogleClient, "embeddings"> = {
    name: "Gemini",
    vendor: "google",
    client: (apiUrl) => GoogleClient.layer({ apiKey, apiUrl }),
    live: GoogleEmbeddingModel.model("gemini-embedding-001"),
    batch: GoogleBatch.embeddings("gemini-embedding-001"),
  }

  it.live("with vectors of which the vendor counts no tokens cost up to what was reserved", () =>
    atVendor(gemini, (emulator) =>
      Effect.gen(function* () {
        yield* emulator.respond("google-embeddings", () => Reply.embeddings({ inputTokens: null }))
        const [batched] = yield* bothWays(gemini, single)
        const ledger = yield* Ledger.Ledger
        const settled = (yield* Stream.runCollect(ledger.entries())).flatMap((entry) =>
          entry._tag === "Settled" ? [entry.settlement] : [],
        )
        const reserved = (yield* Stream.runCollect(ledger.entries())).flatMap((entry) =>
          entry._tag === "Reserved" ? [entry.reservation.worst] : [],
        )
        assert.deepStrictEqual(
          settled.map(({ basis, cost, maximum, minimum }) => [basis, minimum, maximum === cost]),
          settled.map(() => ["estimated", 0n, true]),
        )
        assert.deepStrictEqual(
          settled.map(({ cost }) => cost),
          reserved,
        )
        assert.deepStrictEqual(
          batched.map(({ bill }) => bill.exact),
          [false, false],
        )
      }),
    ),
  )

  it.live("fail where an item has more texts than the vendor takes on a line, which costs nothing", () =>
    atVendor(gemini, (emulator) =>
      Effect.gen(function* () {
        const results = yield* Stream.runCollect(
          Bulk.run(["one", "two"], {
            mode: Bulk.batch({ job: "all", provider: gemini.batch, poll: Schedule.spaced("5 millis") }),
            id: (key) => key,
            ask: (key) => (key === "one" ? embed("one") : embed("one", "two")),
          }),
        )
        assert.deepStrictEqual(
          results.map((result) => (result._tag === "Failed" ? result.error._tag : result._tag)),
          ["Answered", "UnsupportedOption"],
        )
        assert.strictEqual((yield* emulator.batches.seen).answered, 1)
        assert.strictEqual(results[1]?.bill.cost, 0n)
      }),
    ),
  )
})
