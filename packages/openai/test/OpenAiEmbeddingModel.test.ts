import { assert, describe, it } from "@effect/vitest"
import { Failure, Resilient, type ResilientEmbeddingModel, Retry } from "@holdfast/core"
import { Emulator, Reply } from "@holdfast/testing"
import * as EmbeddingConformance from "@holdfast/testing/EmbeddingConformance"
import { Effect, Layer, Redacted, Schedule } from "effect"
import { AiError, EmbeddingModel } from "effect/ai"

import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiCompatible from "../src/OpenAiCompatible.ts"
import * as OpenAiEmbeddingModel from "../src/OpenAiEmbeddingModel.ts"

const dialect = "openai-embeddings"

type Model<E, R> = ResilientEmbeddingModel.ResilientEmbeddingModel<E, R>

const clients = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) => {
    const apiUrl = emulator.baseUrl(dialect)
    return Layer.mergeAll(
      OpenAiClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl }),
      OpenAiCompatible.layer(OpenAiCompatible.ollama, { apiUrl, headers: { authorization: "Bearer none" } }),
    )
  }),
)

const live = clients.pipe(Layer.provideMerge(Emulator.layer()))

const embedMany = <E, R>(model: Model<E, R>, texts: ReadonlyArray<string>) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (service) => service.embedMany(texts)).pipe(Resilient.provide(model))

const vectors = ({ embeddings }: EmbeddingModel.EmbedManyResponse) => embeddings.map(({ vector }) => [...vector])

const script = (...replies: ReadonlyArray<Reply.Reply>) =>
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.script(dialect, ...replies))

const bodies = Effect.flatMap(Emulator.Emulator, ({ requests }) => requests).pipe(
  Effect.map((all) => all.map(({ body }) => body as Record<string, unknown>)),
)

const small = OpenAiEmbeddingModel.model("text-embedding-3-small")

const reasonOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) =>
    AiError.isAiError(error) ? [error.reason._tag, Failure.classify(error).kind] : [(error as { _tag: string })._tag],
  )

EmbeddingConformance.suite({
  name: "text-embedding-3-small",
  dialect,
  model: small,
  layer: (apiUrl) => OpenAiClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl }),
  maxInputs: 2_048,
  inputsOf: (body) => (body as { readonly input: ReadonlyArray<string> }).input.length,
  broken: ['{"data":null}', '{"data":['],
})

describe("an embedding model of OpenAI's", () => {
  it.live("asks for base64 and decodes it", () =>
    Effect.gen(function* () {
      yield* script(
        Reply.embeddings({
          vectors: [
            [0.5, -1.25],
            [0, 3],
          ],
          inputTokens: 7,
          model: "text-embedding-3-small",
        }),
      )
      const answer = yield* embedMany(small, ["a", "b"])
      assert.deepStrictEqual(vectors(answer), [
        [0.5, -1.25],
        [0, 3],
      ])
      assert.strictEqual(answer.usage.inputTokens, 7)
      assert.deepStrictEqual(yield* bodies, [
        { model: "text-embedding-3-small", input: ["a", "b"], encoding_format: "base64" },
      ])
    }).pipe(Effect.provide(live)),
  )

  it.live("takes plain numbers where they are asked for", () =>
    Effect.gen(function* () {
      yield* script(Reply.embeddings({ vectors: [[0.1, 0.2]] }))
      const model = OpenAiEmbeddingModel.model("text-embedding-3-small", { encodingFormat: "float" })
      assert.deepStrictEqual(vectors(yield* embedMany(model, ["a"])), [[0.1, 0.2]])
    }).pipe(Effect.provide(live)),
  )

  it.live("sends its settings, and those of the effect over them", () =>
    Effect.gen(function* () {
      const model = OpenAiEmbeddingModel.model("text-embedding-3-large", { dimensions: 8, user: "u1" })
      yield* embedMany(model, ["a"])
      const answer = yield* OpenAiEmbeddingModel.withConfigOverride(embedMany(model, ["a"]), { dimensions: 3 })
      assert.strictEqual(vectors(answer)[0]?.length, 3)
      assert.deepStrictEqual(
        (yield* bodies).map(({ dimensions, user }) => [dimensions, user]),
        [
          [8, "u1"],
          [3, "u1"],
        ],
      )
    }).pipe(Effect.provide(live)),
  )

  it.live("puts vectors into the order of the texts", () =>
    Effect.gen(function* () {
      yield* script(Reply.embeddings({ vectors: [[3], [1], [2]], indexes: [2, 0, 1] }))
      assert.deepStrictEqual(vectors(yield* embedMany(small, ["a", "b", "c"])), [[1], [2], [3]])
    }).pipe(Effect.provide(live)),
  )

  it.live.each([
    ["a vector twice", { vectors: [[1], [2]], indexes: [0, 0] }],
    ["a vector for no text", { vectors: [[1], [2]], indexes: [0, 2] }],
  ] as const)("fails by %s, and is not asked again", ([, answer]) =>
    Effect.gen(function* () {
      yield* script(Reply.embeddings(answer))
      const stack = small.pipe(Retry.schedule(Schedule.recurs(2)))
      assert.deepStrictEqual(yield* reasonOf(embedMany(stack, ["a", "b"])), ["InvalidOutputError", "undecodable"])
      assert.strictEqual((yield* bodies).length, 1)
    }).pipe(Effect.provide(live)),
  )

  it.live("says that a quota is used up", () =>
    Effect.gen(function* () {
      yield* script(Reply.quotaExhausted())
      assert.deepStrictEqual(yield* reasonOf(embedMany(small, ["a"])), ["QuotaExhaustedError", "fatal"])
    }).pipe(Effect.provide(live)),
  )

  it.live("refuses dimensions that the model does not have", () =>
    Effect.gen(function* () {
      const refused = [
        OpenAiEmbeddingModel.model("text-embedding-3-small", { dimensions: 1_537 }),
        OpenAiEmbeddingModel.model("text-embedding-3-small", { dimensions: 0 }),
        OpenAiEmbeddingModel.model("text-embedding-3-small", { dimensions: 1.5 }),
        OpenAiEmbeddingModel.model("text-embedding-ada-002", { dimensions: 256 }),
      ]
      for (const model of refused)
        assert.deepStrictEqual(yield* reasonOf(embedMany(model, ["a"])), ["UnsupportedOption"])
      assert.deepStrictEqual(yield* bodies, [])
    }).pipe(Effect.provide(live)),
  )
})

describe("an embedding model of another server", () => {
  const model = OpenAiEmbeddingModel.compatible(OpenAiCompatible.ollama, "embeddinggemma", { limits: { maxInputs: 2 } })

  it.live("has the limits that it is given, and counts what the server counts", () =>
    Effect.gen(function* () {
      yield* script(Reply.embeddings({ inputTokens: 5 }), Reply.embeddings({ inputTokens: null }))
      const answer = yield* embedMany(model, ["a", "b", "c"])
      assert.strictEqual(answer.embeddings.length, 3)
      assert.strictEqual(answer.usage.inputTokens, undefined)
      assert.deepStrictEqual(
        (yield* bodies).map(({ input }) => input),
        [["a", "b"], ["c"]],
      )
    }).pipe(Effect.provide(live)),
  )

  it.live("may answer in numbers that were not asked for, and number nothing", () =>
    Effect.gen(function* () {
      const body = JSON.stringify({ data: [{ embedding: [0.1] }, { embedding: [0.2] }], usage: { prompt_tokens: 2 } })
      yield* script(Reply.raw({ status: 200, headers: { "content-type": "application/json" }, body }))
      const answer = yield* embedMany(model, ["a", "b"])
      assert.deepStrictEqual(vectors(answer), [[0.1], [0.2]])
      assert.strictEqual(answer.usage.inputTokens, 2)
    }).pipe(Effect.provide(live)),
  )
})
