/**
 * What can happen to an account of use, for the tests that compare it with a log and with Redis.
 */
import * as fc from "fast-check"

import { type Rules } from "../../../src/internal/rateLimit/state.ts"

export type Command =
  | { readonly _tag: "Take"; readonly costs: ReadonlyArray<number> }
  | { readonly _tag: "Settle"; readonly which: number; readonly shares: ReadonlyArray<number> }
  | { readonly _tag: "Throttled"; readonly which: number; readonly hint: number | undefined }
  | {
      readonly _tag: "Told"
      readonly which: number
      readonly dimension: number
      readonly share: number
      readonly reset: number
    }
  | { readonly _tag: "Wait"; readonly millis: number }
  /** The clock is set back. */
  | { readonly _tag: "Back"; readonly millis: number }

export interface Scenario {
  readonly rules: Rules
  readonly commands: ReadonlyArray<Command>
}

const share = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100)

const commandsOf = (rules: Rules, only: ReadonlyArray<Command["_tag"]>, size: number) => {
  const which = fc.nat(10)
  const all = {
    Take: [
      8,
      fc.record({
        _tag: fc.constant("Take" as const),
        costs: fc.tuple(
          ...rules.map(({ limit }) => fc.integer({ min: 0, max: limit }).map((cost) => Math.ceil(cost / 3))),
        ),
      }),
    ],
    Settle: [
      3,
      fc.record({
        _tag: fc.constant("Settle" as const),
        which,
        shares: fc.tuple(...rules.map(() => fc.integer({ min: 0, max: 30 }).map((tenths) => tenths / 10))),
      }),
    ],
    Throttled: [
      1,
      fc.record({ _tag: fc.constant("Throttled" as const), which, hint: fc.option(fc.nat(5_000), { nil: undefined }) }),
    ],
    Told: [
      1,
      fc.record({
        _tag: fc.constant("Told" as const),
        which,
        dimension: fc.nat(rules.length - 1),
        share,
        reset: fc.nat(3_000),
      }),
    ],
    Wait: [
      5,
      fc.record({
        _tag: fc.constant("Wait" as const),
        millis: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_200 })),
      }),
    ],
    Back: [1, fc.record({ _tag: fc.constant("Back" as const), millis: fc.integer({ min: 1, max: 100_000 }) })],
  } as const
  const chosen = only.map((tag) => ({ weight: all[tag][0], arbitrary: all[tag][1] as fc.Arbitrary<Command> }))
  return fc.array(fc.oneof(...chosen), { maxLength: size, size: "max" })
}

const someRules: fc.Arbitrary<Rules> = fc.tuple(
  fc.record({
    name: fc.constant("requests"),
    limit: fc.integer({ min: 1, max: 12 }),
    window: fc.constantFrom(100, 1_000),
  }),
  fc.record({
    name: fc.constant("tokens"),
    limit: fc.integer({ min: 1, max: 1_000 }),
    window: fc.constantFrom(700, 1_000),
  }),
)

export const scenarios = (only: ReadonlyArray<Command["_tag"]>, size: number): fc.Arbitrary<Scenario> =>
  someRules.chain((rules) => commandsOf(rules, only, size).map((commands) => ({ rules, commands })))

export const everything: ReadonlyArray<Command["_tag"]> = ["Take", "Settle", "Throttled", "Told", "Wait", "Back"]
