import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import { memoryStore } from "../../../src/internal/responseCache/store.ts"
import { histories, settable } from "../../histories.ts"
import { delta } from "../../scripted.ts"

const anyKey = fc.constantFrom("a", "b", "c", "d", "e")
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("Get" as const), key: anyKey }) },
  {
    weight: 4,
    arbitrary: fc.record({ _tag: fc.constant("Set" as const), key: anyKey, ttl: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Advance" as const), by: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("SetBack" as const), by: fc.integer({ min: 1, max: 20 }) }) },
)

interface Kept {
  readonly key: string
  readonly text: string
  readonly until: number
}

/** Answers in the order in which they were asked for, the latest last. */
const reference = (capacity: number) => {
  let kept: ReadonlyArray<Kept> = []
  const without = (key: string) => kept.filter((one) => one.key !== key)
  return {
    get: (key: string, now: number): string | undefined => {
      const found = kept.find((one) => one.key === key && one.until > now)
      kept = found === undefined ? without(key) : [...without(key), found]
      return found?.text
    },
    set: (one: Kept) => {
      kept = [...without(one.key), one].slice(-capacity)
    },
  }
}

describe("answers in memory", () => {
  it.effect("are those that were asked for last, for as long as they hold, whatever the wall clock does", () =>
    histories(
      fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 30, size: "max" })),
      ([capacity, steps]) =>
        Effect.gen(function* () {
          const { now, provide, setBack } = yield* settable
          const store = memoryStore(capacity)
          const model = reference(capacity)
          for (const [number, action] of steps.entries()) {
            if (action._tag === "Advance") yield* TestClock.adjust(action.by)
            if (action._tag === "SetBack") setBack(action.by)
            if (action._tag === "Set") {
              const { key, ttl } = action
              yield* provide(store.set(key, [delta(`${number}`)], Duration.millis(ttl)))
              model.set({ key, text: `${number}`, until: now() + ttl })
            }
            if (action._tag === "Get") {
              const found = yield* provide(store.get(action.key))
              const text = model.get(action.key, now())
              assert.deepStrictEqual(found, text === undefined ? undefined : [delta(text)])
            }
          }
        }),
    ),
  )
})
