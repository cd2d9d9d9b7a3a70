/**
 * What may happen to a circuit, at random.
 */
import * as fc from "fast-check"

import type * as BreakerState from "../src/internal/breaker/state.ts"

export type Command =
  | { readonly _tag: "Ask"; readonly chance: number }
  | {
      readonly _tag: "End"
      readonly which: number
      readonly how: "good" | "slow" | "bad" | "ignored" | "completes" | "breaks"
    }
  | { readonly _tag: "Wait"; readonly millis: number }

export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("Ask" as const),
      chance: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.999, noNaN: true })),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("End" as const),
      which: fc.nat(20),
      how: fc.constantFrom("good", "slow", "bad", "bad", "ignored", "completes", "breaks", "breaks"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("Wait" as const),
      millis: fc.oneof(fc.integer({ min: 1, max: 1_500 }), fc.integer({ min: 1, max: 8_000 })),
    }),
  },
)

export const someRules: fc.Arbitrary<BreakerState.Rules> = fc.record({
  window: fc.oneof(
    fc.record({ _tag: fc.constant("Time" as const), millis: fc.integer({ min: 100, max: 40_000 }) }),
    fc.record({ _tag: fc.constant("Calls" as const), calls: fc.integer({ min: 1, max: 8 }) }),
  ),
  failureRate: fc.option(fc.double({ min: 0.1, max: 1, noNaN: true }), { nil: undefined }),
  slowRate: fc.option(fc.double({ min: 0.1, max: 1, noNaN: true }), { nil: undefined }),
  slowerThan: fc.constant(1_000),
  consecutive: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  minimumCalls: fc.integer({ min: 1, max: 6 }),
  probes: fc.constant(3),
  successes: fc.integer({ min: 1, max: 3 }),
  lease: fc.integer({ min: 500, max: 20_000 }),
  ramp: fc.integer({ min: 0, max: 5_000 }),
})

/** What becomes of a call. After its first part it can only be told that it was completed or broken. */
export const outcomeOf = (how: Extract<Command, { _tag: "End" }>["how"], committed: boolean): BreakerState.Outcome => {
  if (committed)
    return how === "breaks" || how === "bad"
      ? { _tag: "Broken" }
      : how === "ignored"
        ? { _tag: "Ignored" }
        : { _tag: "Completed" }
  if (how === "bad") return { _tag: "Failed" }
  if (how === "ignored") return { _tag: "Ignored" }
  const streamed = how === "completes" || how === "breaks"
  return { _tag: "Committed", timeToFirstPart: how === "slow" ? 2_000 : 10, streamed }
}
