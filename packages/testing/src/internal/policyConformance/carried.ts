/**
 * What a call carries: its guards, its attempts, its observers.
 */
import { assert } from "@effect/vitest"
import * as AttemptGuard from "@holdfast/core/AttemptGuard"
import type * as ModelCall from "@holdfast/core/ModelCall"
import * as ModelRequest from "@holdfast/core/ModelRequest"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Effect } from "effect"

import { type Check, deliver, errorOf, inBothModes, over, request, Trial } from "./trial.ts"

const refused = { _tag: "RefusedByTheGuard" } as const

const guards = inBothModes("lets the refusal of a guard pass, and asks no model again", (tested, mode) =>
  Effect.gen(function* () {
    const trial = new Trial(tested)
    let asked = 0
    const guarded = ResilientModel.policy<typeof refused>(
      { name: "PolicyConformance.guard", settings: {} },
      <E>(call: ModelCall.ModelCall<E>) =>
        Effect.succeed(
          AttemptGuard.install(call, {
            reserve: () =>
              Effect.suspend(() => {
                asked++
                return Effect.fail(refused)
              }),
          }),
        ),
    )
    const call = yield* ResilientModel.callOf(guarded(trial.model))
    const { exit } = yield* over(deliver(call, request(mode)))
    assert.strictEqual(errorOf(exit), refused, "see AttemptGuard.isRefusal")
    assert.deepStrictEqual([asked, trial.requests.length], [1, 1], "the guard had refused, and was asked again")
  }),
)

const context = inBothModes("passes on what the call carries", (tested, mode) =>
  Effect.gen(function* () {
    for (const script of [["answers"], ["fails", "answers"]] as const) {
      const trial = new Trial(tested)
      trial.behave(...script)
      const call = yield* trial.call
      const heard: Array<unknown> = []
      const observer = { headers: (headers: Readonly<Record<string, string>>) => void heard.push(headers["x-probe"]) }
      const asked = ModelRequest.observing(request(mode), observer)
      yield* over(deliver(call, asked))
      assert.isNotEmpty(trial.requests)
      for (const passed of trial.requests) {
        assert.strictEqual(passed.call.id, asked.call.id, "an attempt belongs to another call")
        assert.strictEqual(passed.call.attempts, asked.call.attempts, "attempts are counted apart")
        assert.includeMembers([...passed.call.observers], [observer], "an observer was lost")
      }
      assert.strictEqual(asked.call.attempts.begun, trial.requests.length)
      if (script[0] === "answers") assert.isNotEmpty(heard, "the observer hears no headers")
    }
  }),
)

export const carried: ReadonlyArray<Check> = [...guards, ...context]
