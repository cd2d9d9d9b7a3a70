import { assert } from "@effect/vitest"
import * as Failure from "@holdfast/core/Failure"
import * as Resilient from "@holdfast/core/Resilient"
import { type ResilientEmbeddingModel } from "@holdfast/core/ResilientEmbeddingModel"
import * as Retry from "@holdfast/core/Retry"
import { Effect, Fiber, type Layer, Schedule } from "effect"
import { AiError, EmbeddingModel } from "effect/ai"

import type * as Emulator from "../../Emulator.ts"
import * as Fault from "../../Fault.ts"
import { type Dialect } from "../../RecordedRequest.ts"
import * as Reply from "../../Reply.ts"

/**
 * An embedding model and how it is reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<R> {
  readonly name: string
  readonly dialect: Dialect
  readonly model: ResilientEmbeddingModel<unknown, R>
  /** The client of the model, at the address of the emulator. */
  readonly layer: (baseUrl: string) => Layer.Layer<R>
  /** Texts that the vendor takes in one request. */
  readonly maxInputs: number
  /** How many texts a request on the wire holds. */
  readonly inputsOf: (body: unknown) => number
  /** Further bodies that answer nothing, as the vendor would write them. */
  readonly broken?: ReadonlyArray<string>
}

/** One thing that every embedding model must do. */
export interface Check {
  readonly name: string
  readonly run: <R>(subject: Subject<R>, emulator: Emulator.Emulator["Service"]) => Effect.Effect<void, unknown, R>
}

const embed = <E, R>(model: ResilientEmbeddingModel<E, R>, texts: ReadonlyArray<string>) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (service) => service.embedMany(texts)).pipe(Resilient.provide(model))

const vectorsOf = ({ embeddings }: EmbeddingModel.EmbedManyResponse) => embeddings.map(({ vector }) => [...vector])

const reasonOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) =>
    AiError.isAiError(error) ? [error.reason._tag, Failure.classify(error).kind] : [String(error)],
  )

const json = (body: string) => Reply.raw({ status: 200, headers: { "content-type": "application/json" }, body })

const answers: ReadonlyArray<Check> = [
  {
    name: "gives each text a vector of its own, and the usage as it is counted",
    run: ({ dialect, model }, { script }) =>
      Effect.gen(function* () {
        yield* script(dialect, Reply.embeddings({ vectors: [[0.5], [0.25]], inputTokens: 9 }))
        const answer = yield* embed(model, ["a", "b"])
        assert.deepStrictEqual(vectorsOf(answer), [[0.5], [0.25]])
        assert.strictEqual(answer.usage.inputTokens, 9)
      }),
  },
  {
    name: "has an unknown usage where none is said",
    run: ({ dialect, model }, { script }) =>
      Effect.gen(function* () {
        yield* script(dialect, Reply.embeddings({ inputTokens: null }))
        assert.strictEqual((yield* embed(model, ["a"])).usage.inputTokens, undefined)
      }),
  },
  {
    name: "is asked in requests that the vendor takes",
    run: ({ inputsOf, maxInputs, model }, { requests }) =>
      Effect.gen(function* () {
        const texts = Array.from({ length: maxInputs * 2 + 1 }, (_, index) => `text ${index}`)
        assert.lengthOf((yield* embed(model, texts)).embeddings, texts.length)
        const sent = (yield* requests).map(({ body }) => inputsOf(body))
        assert.deepStrictEqual(sent, [maxInputs, maxInputs, 1])
      }),
  },
]

const wrongAnswers: ReadonlyArray<readonly [string, Parameters<typeof Reply.embeddings>[0]]> = [
  ["too few vectors", { vectors: [[1]] }],
  ["vectors of two lengths", { vectors: [[1], [2, 3]] }],
  ["empty vectors", { vectors: [[], []] }],
  ["what is no number", { vectors: [[Number.NaN], [1]] }],
]

const failures: ReadonlyArray<Check> = [
  ...wrongAnswers.map(([wrong, answer]): Check => ({
    name: `fails by ${wrong}, and is not asked again`,
    run: ({ dialect, model }, { requests, script }) =>
      Effect.gen(function* () {
        yield* script(dialect, Reply.embeddings(answer))
        const stack = model.pipe(Retry.schedule(Schedule.recurs(2)))
        assert.deepStrictEqual(yield* reasonOf(embed(stack, ["a", "b"])), ["InvalidOutputError", "undecodable"])
        assert.lengthOf(yield* requests, 1)
      }),
  })),
  {
    name: "fails by an answer that is none",
    run: ({ broken = [], dialect, model }, { script }) =>
      Effect.gen(function* () {
        for (const reply of [Reply.html(200), json("{}"), ...broken.map(json)]) {
          yield* script(dialect, reply)
          assert.strictEqual((yield* reasonOf(embed(model, ["a"])))[0], "InvalidResponseError")
        }
      }),
  },
  {
    name: "is asked again where it was overloaded, throttled or cut",
    run: ({ dialect, model }, { requests, script }) =>
      Effect.gen(function* () {
        const cut = Reply.embeddings().pipe(Fault.closeAfter(0))
        yield* script(dialect, Reply.overloaded(), Reply.rateLimited(), Reply.reset, cut)
        const stack = model.pipe(Retry.schedule(Schedule.recurs(4)))
        assert.lengthOf((yield* embed(stack, ["a"])).embeddings, 1)
        assert.lengthOf(yield* requests, 5)
      }),
  },
  {
    name: "says what is wrong with a request",
    run: ({ dialect, model }, { script }) =>
      Effect.gen(function* () {
        yield* script(dialect, Reply.status(400), Reply.status(401))
        assert.deepStrictEqual(yield* reasonOf(embed(model, ["a"])), ["InvalidRequestError", "fatal"])
        assert.deepStrictEqual(yield* reasonOf(embed(model, ["a"])), ["AuthenticationError", "fatal"])
      }),
  },
  {
    name: "closes the connection when it is given up",
    run: ({ dialect, model }, { nextAborted, nextRequest, script }) =>
      Effect.gen(function* () {
        yield* script(dialect, Reply.stall)
        const fiber = yield* Effect.forkChild(embed(model, ["a"]))
        yield* nextRequest
        yield* Fiber.interrupt(fiber)
        assert.isTrue((yield* nextAborted).aborted)
      }),
  },
]

export const checks: ReadonlyArray<Check> = [...answers, ...failures]
