import { assert } from "@effect/vitest"
import * as Resilient from "@holdfast/core/Resilient"
import { type ResilientDecisionModel } from "@holdfast/core/ResilientDecisionModel"
import * as Retry from "@holdfast/core/Retry"
import { Effect, type Layer, Result, Schedule, Schema } from "effect"
import { AiError, Decision, DecisionModel } from "effect/ai"

import type * as Emulator from "../../Emulator.ts"
import { type Dialect } from "../../RecordedRequest.ts"
import * as Reply from "../../Reply.ts"

/**
 * What a model decides, in no vendor's words; `"refused"` and `"missing"` for a decision that it does not give.
 *
 * @since 0.1.0
 * @category models
 */
export type Decided =
  | "refused"
  | "missing"
  | { readonly type: "choice"; readonly shares: Readonly<Record<string, number>> }
  | { readonly type: "score"; readonly shares: Readonly<Record<string, number>> }
  | { readonly type: "predicate"; readonly probability: number }
  | { readonly type: "place"; readonly box: Decision.BoundingBox }

/**
 * A decision model and how it is reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<R> {
  readonly name: string
  readonly dialect: Dialect
  readonly model: ResilientDecisionModel<unknown, R>
  /** The client of the model, at the address of the emulator. */
  readonly layer: (baseUrl: string) => Layer.Layer<R>
  /** The answer of the vendor with these decisions, in the order in which they were asked. */
  readonly reply: (decided: ReadonlyArray<readonly [name: string, Decided]>) => Reply.Reply
  /** Whether it finds places in images. One that does not must say so before any request. */
  readonly places: boolean
}

/** One thing that every decision model must do. */
export interface Check {
  readonly name: string
  readonly run: <R>(subject: Subject<R>, emulator: Emulator.Emulator["Service"]) => Effect.Effect<void, unknown, R>
}

const Triage = Decision.make({
  input: Schema.Struct({ message: Schema.String }),
  decisions: {
    department: Decision.classify({
      instructions: "Which team should handle this",
      criteria: { billing: "payments", technical: null },
    }),
    anger: Decision.rate({
      instructions: "How angry is the customer",
      criteria: [
        { label: "calm", description: "no anger" },
        { label: "annoyed", description: "some" },
        { label: "furious", description: "a lot" },
      ],
    }),
    urgent: Decision.probability({ instructions: "The message is time-sensitive" }),
  },
})

const Photo = Decision.make({
  input: Schema.Struct({ photo: Decision.Image }),
  decisions: { isCat: Decision.probability({ instructions: "There is a cat" }) },
})

const Place = Decision.make({
  input: Schema.Struct({ photo: Decision.Image }),
  decisions: { cat: Decision.locate({ image: "photo", instructions: "The cat" }) },
})

const input = { message: "I was charged twice!" }

const photo = { mediaType: "image/png", data: Uint8Array.of(1, 2, 3, 4) }

const decided = {
  department: { type: "choice", shares: { billing: 0.75, technical: 0.25 } },
  anger: { type: "score", shares: { calm: 0.25, annoyed: 0.5, furious: 0.25 } },
  urgent: { type: "predicate", probability: 0.875 },
} as const

const triaged = (changes: Partial<Record<keyof typeof decided, Decided>> = {}) =>
  Object.entries({ ...decided, ...changes })

const given = <A, R>(asked: Effect.Effect<A, unknown, unknown>, model: ResilientDecisionModel<unknown, R>) =>
  asked.pipe(Resilient.provide(model)) as unknown as Effect.Effect<A, unknown, R>

const reasonOf = <A, R>(self: Effect.Effect<A, unknown, R>) =>
  Effect.map(Effect.flip(self), (error) =>
    AiError.isAiError(error) ? error.reason._tag : (error as { readonly _tag: string })._tag,
  )

const reasonUnanswered = <A>(outcome: Result.Result<A, Decision.Unanswered>): string =>
  Result.isFailure(outcome) ? outcome.failure.reason : "answered"

const answers: ReadonlyArray<Check> = [
  {
    name: "gives each decision its answer, and what was counted",
    run: ({ dialect, model, reply }, { script }) =>
      Effect.gen(function* () {
        yield* script(dialect, reply(triaged()))
        const { answers: all, usage } = yield* given(DecisionModel.decide(Triage, { input }), model)
        assert.deepStrictEqual(
          [all.department.label, { ...all.department.probabilities }],
          ["billing", decided.department.shares],
        )
        assert.deepStrictEqual(
          [all.anger.rating, all.anger.label, { ...all.anger.probabilities }],
          [1, "annoyed", decided.anger.shares],
        )
        assert.strictEqual(all.urgent.probability, 0.875)
        assert.isTrue((usage.inputTokens ?? 0) > 0)
      }),
  },
  {
    name: "keeps the others where one is refused or missing",
    run: ({ dialect, model, reply }, { script }) =>
      Effect.gen(function* () {
        yield* script(dialect, reply(triaged({ department: "refused", anger: "missing" })))
        const { outcomes } = yield* given(DecisionModel.decideSettled(Triage, { input }), model)
        const reasons = [reasonUnanswered(outcomes.department), reasonUnanswered(outcomes.anger)]
        assert.deepStrictEqual(reasons, ["Refused", "Missing"])
        assert.isTrue(Result.isSuccess(outcomes.urgent) && outcomes.urgent.success.probability === 0.875)
      }),
  },
  {
    name: "fails by a refusal, and by what is no probability",
    run: ({ dialect, model, reply }, { script }) =>
      Effect.gen(function* () {
        const decide = given(DecisionModel.decide(Triage, { input }), model)
        yield* script(dialect, reply(triaged({ urgent: "refused" })))
        assert.strictEqual(yield* reasonOf(decide), "ContentPolicyError")
        yield* script(dialect, reply(triaged({ urgent: { type: "predicate", probability: 2 } })))
        assert.strictEqual(yield* reasonOf(decide), "InvalidOutputError")
        yield* script(dialect, reply(triaged({ anger: { type: "score", shares: { calm: 0.5 } } })))
        assert.strictEqual(yield* reasonOf(decide), "InvalidOutputError")
      }),
  },
]

const requests: ReadonlyArray<Check> = [
  {
    name: "shows images, and finds places in them or says that it cannot",
    run: ({ dialect, model, places, reply }, { requests: all, script }) =>
      Effect.gen(function* () {
        yield* script(dialect, reply([["isCat", { type: "predicate", probability: 1 }]]))
        yield* given(DecisionModel.decide(Photo, { input: { photo } }), model)
        const [first] = yield* all
        assert.include(JSON.stringify(first?.body), "AQIDBA==")
        const locate = given(DecisionModel.decide(Place, { input: { photo } }), model)
        if (places) {
          const box = { left: 0.1, top: 0.2, right: 0.5, bottom: 0.75 }
          yield* script(dialect, reply([["cat", { type: "place", box }]]))
          assert.deepStrictEqual((yield* locate).answers.cat.box, box)
        } else {
          assert.strictEqual(yield* reasonOf(locate), "UnsupportedOption")
          assert.lengthOf(yield* all, 1)
        }
      }),
  },
  {
    name: "is asked again where it was overloaded, and tells what is wrong with a request",
    run: ({ dialect, model, reply }, { requests: all, script }) =>
      Effect.gen(function* () {
        yield* script(dialect, Reply.overloaded(), reply(triaged()), Reply.status(400))
        const patient = model.pipe(Retry.schedule(Schedule.recurs(1)))
        const decide = given(DecisionModel.decide(Triage, { input }), patient)
        yield* decide
        assert.lengthOf(yield* all, 2)
        assert.strictEqual(yield* reasonOf(decide), "InvalidRequestError")
      }),
  },
]

export const checks: ReadonlyArray<Check> = [...answers, ...requests]
