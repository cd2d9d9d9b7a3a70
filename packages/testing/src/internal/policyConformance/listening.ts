/**
 * What events cost, and that they change nothing.
 */
import { assert } from "@effect/vitest"
import * as Event from "@holdfast/core/Event"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Clock, Effect } from "effect"

import { type Check, deliver, inBothModes, over, request, Trial, wordFor } from "./trial.ts"

/** A clock that counts how often it is read. */
const counting = (clock: Clock.Clock) => {
  const counted = { reads: 0, clock }
  const read = <A>(value: A): A => {
    counted.reads++
    return value
  }
  counted.clock = {
    currentTimeMillisUnsafe: () => read(clock.currentTimeMillisUnsafe()),
    currentTimeNanosUnsafe: () => read(clock.currentTimeNanosUnsafe()),
    monotonicTimeNanosUnsafe: () => read(clock.monotonicTimeNanosUnsafe()),
    currentTimeMillis: Effect.map(clock.currentTimeMillis, read),
    currentTimeNanos: Effect.map(clock.currentTimeNanos, read),
    monotonicTimeNanos: Effect.map(clock.monotonicTimeNanos, read),
    sleep: (duration) => clock.sleep(duration),
  }
  return counted
}

const scripts = [["answers"], ["fails"], ["fails", "answers"]] as const

const quiet = inBothModes("reads no clock for events while nobody listens", (tested, mode) =>
  Effect.gen(function* () {
    if (tested.measuresTime === true) return
    for (const script of scripts) {
      const trial = new Trial(tested)
      trial.behave(...script)
      const counted = counting(yield* Clock.Clock)
      const asked = Effect.flatMap(ResilientModel.callOf(trial.model), (call) => deliver(call, request(mode)))
      yield* over(Effect.provideService(asked, Clock.Clock, counted.clock))
      assert.strictEqual(counted.reads, 0, `reads of the clock for a model that ${script.join(", then ")}`)
    }
  }),
)

const same = inBothModes("does the same while somebody listens", (tested, mode) =>
  Effect.gen(function* () {
    for (const script of scripts) {
      const words: Array<string> = []
      for (const listens of [false, true]) {
        const trial = new Trial(tested)
        trial.behave(...script)
        const asked = Effect.flatMap(trial.call, (call) => deliver(call, request(mode)))
        const sink = () => {
          throw new Error("a defect of the sink")
        }
        const outcome = yield* over(listens ? Event.listen(asked, sink) : asked)
        words.push(`${wordFor(outcome)} after ${trial.requests.length}`)
      }
      assert.strictEqual(words[1], words[0])
    }
  }),
)

export const listening: ReadonlyArray<Check> = [...quiet, ...same]
