/**
 * What a policy remembers, and what it refuses by it.
 */
import { assert } from "@effect/vitest"
import type * as ModelCall from "@holdfast/core/ModelCall"
import { isPolicyError } from "@holdfast/core/PolicyError"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Effect, Random, type Scope } from "effect"
import { AiError } from "effect/ai"

import { type Behaviour } from "./probe.ts"
import {
  type Check,
  deliver,
  errorOf,
  inBothModes,
  type Mode,
  type Outcome,
  request,
  Trial,
  within,
  wordFor,
} from "./trial.ts"

type Model = ResilientModel.ResilientModel<unknown>
type Call = ModelCall.ModelCall<unknown, "chat">

/** Calls one after the other, or at the same time. */
const history: ReadonlyArray<readonly [behaviour: Behaviour, calls: number, concurrency: number]> = [
  ["answersLate", 4, 1],
  ["answers", 8, 8],
  ["fails", 4, 1],
  ["hangs", 2, 1],
  ["answers", 2, 1],
]

interface Trace {
  /** What became of each call, and how often each model had been asked by then. */
  readonly words: ReadonlyArray<string>
  readonly errors: ReadonlyArray<unknown>
}

/** Makes the calls of the history, each on the call that it is given. */
const play = (trial: Trial, mode: Mode, calls: Effect.Effect<Call, never, Scope.Scope>): Effect.Effect<Trace> =>
  Effect.gen(function* () {
    const words: Array<string> = []
    const errors: Array<unknown> = []
    const asked = [trial.first.requests.length, trial.other.requests.length] as const
    const one = Effect.scoped(Effect.flatMap(calls, (call) => deliver(call, request(mode))))
    for (const [behaviour, count, concurrency] of history) {
      for (let made = 0; made < count; made += concurrency) {
        trial.behave(behaviour)
        const ended: Array<Outcome | undefined> = yield* Effect.forEach(
          Array.from({ length: concurrency }),
          () => within(one, "1 second"),
          { concurrency },
        )
        errors.push(...ended.map((outcome) => outcome && errorOf(outcome.exit)).filter((error) => error !== undefined))
        const requests = [trial.first.requests.length - asked[0], trial.other.requests.length - asked[1]]
        words.push(`${behaviour}: ${ended.map(wordFor).join(", ")} after ${requests.join(" and ")}`)
      }
    }
    return { words, errors }
  }).pipe(Random.withSeed("history"))

const onOneBuild = (trial: Trial, mode: Mode, model: Model) =>
  Effect.flatMap(ResilientModel.callOf(model), (call) => play(trial, mode, Effect.succeed(call)))

const remembered = inBothModes("remembers with the model as a value, however often that is built", (tested, mode) =>
  Effect.gen(function* () {
    const once = new Trial(tested)
    const { words } = yield* onOneBuild(once, mode, once.model)
    const rebuilt = new Trial(tested)
    const rebuiltWords = yield* play(rebuilt, mode, ResilientModel.callOf(rebuilt.model))
    assert.deepStrictEqual(rebuiltWords.words, words, "the state is made with each build; see ResilientModel.state")
  }),
)

const forgotten = inBothModes("is forgotten by ResilientModel.fresh", (tested, mode) =>
  Effect.gen(function* () {
    const trial = new Trial(tested)
    const { words } = yield* onOneBuild(trial, mode, trial.model)
    const again = yield* onOneBuild(trial, mode, ResilientModel.fresh(trial.model))
    assert.deepStrictEqual(again.words, words, "a fresh model remembers what another one did")
    const other = new Trial(tested)
    const each = yield* play(
      other,
      mode,
      Effect.suspend(() => ResilientModel.callOf(ResilientModel.fresh(other.model))),
    )
    if (tested.remembers === true) assert.notDeepEqual(each.words, words, "nothing shows that it remembers anything")
    else assert.deepStrictEqual(each.words, words, "it remembers something, and does not say so")
  }),
)

const refusals = inBothModes("refuses with typed errors that cost no stack trace", (tested, mode) =>
  Effect.gen(function* () {
    const trial = new Trial(tested)
    const { errors } = yield* onOneBuild(trial, mode, trial.model)
    const own = errors.filter((error) => !AiError.isAiError(error))
    for (const error of own) {
      assert.isTrue(isPolicyError(error), `not a PolicyError: ${String(error)}`)
      const stack = error instanceof Error ? (error.stack ?? "") : ""
      assert.notMatch(stack, /\n\s+at /, "an error with a stack trace; see PolicyError.withoutStack")
    }
    const { refusal } = tested
    if (refusal !== undefined) {
      assert.include(
        own.map((error) => (error as { readonly _tag?: unknown })._tag),
        refusal,
        "it was never refused",
      )
    }
  }),
)

export const memory: ReadonlyArray<Check> = [...remembered, ...forgotten, ...refusals]
