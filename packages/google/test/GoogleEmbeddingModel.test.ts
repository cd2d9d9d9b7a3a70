import { assert, describe, it } from "@effect/vitest"
import { Failure, Resilient, type ResilientEmbeddingModel, Retry } from "@holdfast/core"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { AiError, EmbeddingModel } from "effect/ai"

import * as GoogleClient from "../src/GoogleClient.ts"
import * as GoogleEmbeddingModel from "../src/GoogleEmbeddingModel.ts"

const dialect = "google-embeddings"

type Model<E, R> = ResilientEmbeddingModel.ResilientEmbeddingModel<E, R>

const client = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    GoogleClient.layer({ apiKey: Redacted.make("test-key"), apiUrl: emulator.baseUrl(dialect) }),
  ),
)

const live = client.pipe(Layer.provideMerge(Emulator.layer()))

const embedMany = <E, R>(model: Model<E, R>, texts: ReadonlyArray<string>) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (service) => service.embedMany(texts)).pipe(Resilient.provide(model))

const vectors = ({ embeddings }: EmbeddingModel.EmbedManyResponse) => embeddings.map(({ vector }) => [...vector])

const script = (...replies: ReadonlyArray<Reply.Reply>) =>
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.script(dialect, ...replies))

interface Asked {
  readonly requests: ReadonlyArray<Record<string, unknown>>
}

const bodies = Effect.flatMap(Emulator.Emulator, ({ requests }) => requests).pipe(
  Effect.map((all) => all.map(({ body }) => body as Asked)),
)

const reasonOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) =>
    AiError.isAiError(error) ? [error.reason._tag, Failure.classify(error).kind] : [(error as { _tag: string })._tag],
  )

const models = ["gemini-embedding-001", "gemini-embedding-2"]

describe.each(models)("%s", (name) => {
  const model = GoogleEmbeddingModel.model(name)

  it.live("gives each text a vector of its own, in one request", () =>
    Effect.gen(function* () {
      yield* script(Reply.embeddings({ vectors: [[0.5], [0.25]], inputTokens: 9 }))
      const answer = yield* embedMany(model, ["a", "b"])
      assert.deepStrictEqual(vectors(answer), [[0.5], [0.25]])
      assert.strictEqual(answer.usage.inputTokens, 9)
      const [body] = yield* bodies
      assert.deepStrictEqual(
        body?.requests.map((request) => [request["model"], request["content"]]),
        ["a", "b"].map((text) => [`models/${name}`, { role: "user", parts: [{ text }] }]),
      )
    }).pipe(Effect.provide(live)),
  )

  it.live("has an unknown usage where Gemini says none", () =>
    Effect.gen(function* () {
      yield* script(Reply.embeddings({ inputTokens: null }))
      assert.strictEqual((yield* embedMany(model, ["a"])).usage.inputTokens, undefined)
    }).pipe(Effect.provide(live)),
  )

  it.live("is asked in requests of a hundred", () =>
    Effect.gen(function* () {
      const answer = yield* embedMany(
        model,
        Array.from({ length: 250 }, (_, index) => `text ${index}`),
      )
      assert.strictEqual(answer.embeddings.length, 250)
      assert.deepStrictEqual(
        (yield* bodies).map(({ requests }) => requests.length),
        [100, 100, 50],
      )
    }).pipe(Effect.provide(live)),
  )

  it.live.each([
    ["too few vectors", { vectors: [[1]] }],
    ["too many vectors", { vectors: [[1], [2], [3]] }],
    ["vectors of two lengths", { vectors: [[1], [2, 3]] }],
    ["empty vectors", { vectors: [[], []] }],
    ["what is no number", { vectors: [[Number.NaN], [1]] }],
  ] as const)("fails by %s, and is not asked again", ([, answer]) =>
    Effect.gen(function* () {
      yield* script(Reply.embeddings(answer))
      const stack = model.pipe(Retry.schedule(Schedule.recurs(2)))
      assert.deepStrictEqual(yield* reasonOf(embedMany(stack, ["a", "b"])), ["InvalidOutputError", "undecodable"])
      assert.strictEqual((yield* bodies).length, 1)
    }).pipe(Effect.provide(live)),
  )

  it.live.each([
    ["HTML", Reply.html(200)],
    ["no vectors", Reply.raw({ status: 200, headers: { "content-type": "application/json" }, body: "{}" })],
    [
      "broken JSON",
      Reply.raw({ status: 200, headers: { "content-type": "application/json" }, body: '{"embeddings":[' }),
    ],
  ] as const)("fails by an answer with %s", ([, reply]) =>
    Effect.gen(function* () {
      yield* script(reply)
      assert.strictEqual((yield* reasonOf(embedMany(model, ["a"])))[0], "InvalidResponseError")
    }).pipe(Effect.provide(live)),
  )

  it.live("is asked again where it was overloaded, throttled or cut", () =>
    Effect.gen(function* () {
      yield* script(Reply.overloaded(), Reply.rateLimited(), Reply.reset)
      const stack = model.pipe(Retry.schedule(Schedule.recurs(3)))
      assert.strictEqual((yield* embedMany(stack, ["a"])).embeddings.length, 1)
      assert.strictEqual((yield* bodies).length, 4)
    }).pipe(Effect.provide(live)),
  )

  it.live("closes the connection when it is given up", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* script(Reply.stall)
      const fiber = yield* Effect.forkChild(embedMany(model, ["a"]))
      yield* emulator.nextRequest
      yield* Fiber.interrupt(fiber)
      assert.isTrue((yield* emulator.nextAborted).aborted)
    }).pipe(Effect.provide(live)),
  )
})

describe("settings", () => {
  it.live("are sent with every text", () =>
    Effect.gen(function* () {
      const model = GoogleEmbeddingModel.model("gemini-embedding-001", {
        taskType: "RETRIEVAL_DOCUMENT",
        title: "Ships",
        outputDimensionality: 8,
      })
      const answer = yield* GoogleEmbeddingModel.withConfigOverride(embedMany(model, ["a", "b"]), {
        outputDimensionality: 3,
      })
      assert.deepStrictEqual(
        vectors(answer).map((vector) => vector.length),
        [3, 3],
      )
      const [body] = yield* bodies
      for (const { outputDimensionality, taskType, title } of body?.requests ?? []) {
        assert.deepStrictEqual([outputDimensionality, taskType, title], [3, "RETRIEVAL_DOCUMENT", "Ships"])
      }
    }).pipe(Effect.provide(live)),
  )

  it.live("that the model cannot take are refused", () =>
    Effect.gen(function* () {
      const refused = [
        GoogleEmbeddingModel.model("gemini-embedding-001", { outputDimensionality: 3_073 }),
        GoogleEmbeddingModel.model("gemini-embedding-001", { outputDimensionality: 0 }),
        GoogleEmbeddingModel.model("gemini-embedding-001", { title: "Ships", taskType: "CLUSTERING" }),
        GoogleEmbeddingModel.model("gemini-embedding-2", { taskType: "CLUSTERING" }),
      ]
      for (const model of refused)
        assert.deepStrictEqual(yield* reasonOf(embedMany(model, ["a"])), ["UnsupportedOption"])
      assert.deepStrictEqual(yield* bodies, [])
    }).pipe(Effect.provide(live)),
  )
})
