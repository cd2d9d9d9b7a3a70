/**
 * How often the models beneath are asked.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit } from "effect"

import { type Check, deliver, inBothModes, over, request, Trial } from "./trial.ts"

const count = inBothModes("opens the call beneath it no more often than it says", (tested, mode) =>
  Effect.gen(function* () {
    const { opens = 1 } = tested
    for (const script of [["answers"], ["answersLate"], ["fails"], ["fails", "answers"], ["dies"]] as const) {
      const trial = new Trial(tested)
      trial.behave(...script)
      yield* over(deliver(yield* trial.call, request(mode)))
      assert.isAtLeast(trial.requests.length, 1, `a model that ${script[0]} was not asked at all`)
      if (opens !== "several") {
        assert.isAtMost(trial.requests.length, opens, `requests to a model that ${script.join(", then ")}`)
      }
    }
  }),
)

const whole = inBothModes("passes the answer on as it is", (tested, mode) =>
  Effect.gen(function* () {
    const { exit, text } = yield* over(deliver(yield* new Trial(tested).call, request(mode)))
    assert.isTrue(Exit.isSuccess(exit), `a good answer fails: ${String(exit)}`)
    assert.strictEqual(text, "ab")
  }),
)

const committed: Check = {
  name: "replays nothing after the commit point",
  run: (tested) =>
    Effect.gen(function* () {
      const trial = new Trial(tested)
      trial.behave("breaks", "answers")
      const { exit, text } = yield* over(deliver(yield* trial.call, request("stream")))
      assert.strictEqual(text, "a", "the caller has more than the model said before it broke")
      assert.isTrue(Exit.isFailure(exit), "a broken answer must fail")
      assert.lengthOf(trial.requests, 1, "a model was asked after the commit point")
    }),
}

export const openings: ReadonlyArray<Check> = [...count, ...whole, committed]
