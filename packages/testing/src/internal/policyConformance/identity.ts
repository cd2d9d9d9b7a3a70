/**
 * What a policy says of its call.
 */
import { assert } from "@effect/vitest"
import * as ModelCall from "@holdfast/core/ModelCall"
import { Effect } from "effect"

import { type Check, deliver, inBothModes, over, request, Trial, wordFor } from "./trial.ts"

const names: Check = {
  name: "says which model answers, and serves its operation",
  run: (tested) =>
    Effect.gen(function* () {
      const { model, operation, provider } = yield* new Trial(tested).call
      assert.include(["first/first-1", "other/other-1"], `${provider}/${model}`)
      assert.strictEqual(operation.name, "chat")
    }),
}

const settings: Check = {
  name: "knows the settings in force of every model that may answer",
  run: (tested) =>
    Effect.gen(function* () {
      const trial = new Trial(tested)
      const call = yield* trial.call
      const identity = Effect.map(ModelCall.identityOf(call), (value) => JSON.stringify(value))
      let before = yield* identity
      assert.strictEqual(yield* identity, before, "the identity of a call changes while its settings do not")
      for (const probe of [trial.first, trial.other]) {
        // A policy for one model does not build the other one.
        if (probe.builds === 0) continue
        probe.settings++
        const after = yield* identity
        assert.notStrictEqual(after, before, "the identity of a model is lost; see ModelCall.among")
        before = after
      }
    }),
}

const states: ReadonlyArray<readonly [first: boolean, other: boolean]> = [
  [true, true],
  [true, false],
  [false, true],
  [false, false],
]

const availability = inBothModes("is available if a call would be let through", (tested, mode) =>
  Effect.gen(function* () {
    for (const [first, other] of states) {
      const trial = new Trial(tested)
      const call = yield* trial.call
      trial.first.available = first
      trial.other.available = other
      const available = ModelCall.isAvailable(call)
      const at = `where the first model is ${first ? "" : "not "}available and the other one is ${other ? "" : "not "}`
      if (!first && (!other || trial.other.builds === 0)) assert.isFalse(available, at)
      const word = wordFor(yield* over(deliver(call, request(mode))))
      if (word.startsWith("answered")) assert.isTrue(available, at)
    }
  }),
)

export const identity: ReadonlyArray<Check> = [names, settings, ...availability]
