import { assert, describe, it } from "@effect/vitest"
import { Failure, Resilient, type ResilientEmbeddingModel, Retry } from "@holdfast/core"
import { Emulator, Reply } from "@holdfast/testing"
import * as EmbeddingConformance from "@holdfast/testing/EmbeddingConformance"
import { Effect, Layer, Redacted, Schedule } from "effect"
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

for (const name of models) {
  EmbeddingConformance.suite({
    name,
    dialect,
    model: GoogleEmbeddingModel.model(name),
    layer: (apiUrl) => GoogleClient.layer({ apiKey: Redacted.make("test-key"), apiUrl }),
    maxInputs: 100,
    inputsOf: (body) => (body as Asked).requests.length,
    broken: ['{"embeddings":['],
  })
}

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

  it.live.each([["too many vectors", { vectors: [[1], [2], [3]] }]] as const)(
    "fails by %s, and is not asked again",
    ([, answer]) =>
      Effect.gen(function* () {
        yield* script(Reply.embeddings(answer))
        const stack = model.pipe(Retry.schedule(Schedule.recurs(2)))
        assert.deepStrictEqual(yield* reasonOf(embedMany(stack, ["a", "b"])), ["InvalidOutputError", "undecodable"])
        assert.strictEqual((yield* bodies).length, 1)
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
