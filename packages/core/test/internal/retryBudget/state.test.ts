import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"

import { ServerTime } from "../../../src/internal/redis.ts"
import * as BudgetState from "../../../src/internal/retryBudget/state.ts"
import { memoryStore, redisStore, type RetryBudgetStore } from "../../../src/internal/retryBudget/store.ts"
import { redisIsMissing, withRedis } from "../../redis.ts"

const rules: BudgetState.Rules = { ratio: 0.2, minRetries: 2, window: 10_000 }

type Command =
  | { readonly _tag: "Call" }
  | { readonly _tag: "Draw"; readonly cost: number }
  | { readonly _tag: "Wait"; readonly millis: number }

const commands = fc.array(
  fc.oneof<Array<fc.WeightedArbitrary<Command>>>(
    { weight: 5, arbitrary: fc.constant({ _tag: "Call" }) },
    { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Draw"), cost: fc.constantFrom(1, 2) }) },
    { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Wait"), millis: fc.integer({ min: 1, max: 6_000 }) }) },
  ),
  { maxLength: 80, size: "max" },
)

/** What was decided, and when it was withdrawn. */
const played = Effect.fnUntraced(function* (funds: RetryBudgetStore, key: string, script: ReadonlyArray<Command>) {
  let now = 1_000_000
  const calls: Array<number> = []
  const withdrawn: Array<{ readonly at: number; readonly cost: number }> = []
  const decisions: Array<boolean> = []
  for (const command of script) {
    if (command._tag === "Wait") now += command.millis
    if (command._tag === "Call") {
      funds.deposit(key, rules, now)
      calls.push(now)
    }
    if (command._tag === "Draw") {
      const withdraw = funds.withdraw(key, rules, { cost: command.cost, now })
      const allowed = yield* Effect.provideService(withdraw, ServerTime, now)
      decisions.push(allowed)
      if (allowed) withdrawn.push({ at: now, cost: command.cost })
    }
  }
  return { calls, withdrawn, decisions }
})

describe("a budget for retries", () => {
  it("allows the floor without a call, and the share of the calls when that is more", () => {
    let state = BudgetState.initial
    const draw = (now: number, cost = 1) => {
      const next = BudgetState.withdraw(state, rules, { now, cost })
      state = next ?? state
      return next !== undefined
    }
    assert.deepStrictEqual([draw(0), draw(0), draw(0)], [true, true, false])
    for (let index = 0; index < 20; index++) state = BudgetState.deposit(state, rules, 500)
    assert.deepStrictEqual([draw(600, 2), draw(600), draw(600)], [true, false, false])
    assert.deepStrictEqual(BudgetState.totals(state), { first: 20, withdrawn: 4 })
  })

  it("forgets calls and retries after the window", () => {
    let state = BudgetState.deposit(BudgetState.initial, rules, 0)
    state = BudgetState.withdraw(state, rules, { now: 500, cost: 2 }) ?? state
    assert.isUndefined(BudgetState.withdraw(state, rules, { now: 9_999, cost: 1 }))
    assert.deepStrictEqual(BudgetState.totals(BudgetState.advance(state, rules, 10_000)), { first: 0, withdrawn: 0 })
    assert.isDefined(BudgetState.withdraw(state, rules, { now: 10_000, cost: 1 }))
  })

  it("is not shaken by a clock that is set back", () => {
    const state = BudgetState.deposit(BudgetState.initial, rules, 50_000)
    assert.deepStrictEqual(BudgetState.totals(BudgetState.deposit(state, rules, 1_000)), { first: 2, withdrawn: 0 })
  })

  it.effect("never allows more than its share of the calls that count, in any window", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(commands, (script) =>
          Effect.runPromise(
            Effect.map(played(memoryStore(), "k", script), ({ calls, withdrawn }) => {
              for (const { at } of withdrawn) {
                // A slice is dropped whole, up to a tenth of the window early.
                const after = at - rules.window * 0.9
                const spent = withdrawn
                  .filter((draw) => draw.at <= at && draw.at > after)
                  .reduce((sum, { cost }) => sum + cost, 0)
                const began = calls.filter((call) => call <= at && call > at - rules.window).length
                assert.isAtMost(spent, Math.max(rules.minRetries, rules.ratio * began))
              }
            }),
          ),
        ),
        { numRuns: 1_000 },
      ),
    ),
  )
})

describe.skipIf(redisIsMissing)("a budget for retries on Redis (REDIS_URL)", () => {
  it.effect("decides as one in memory does", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const shared = yield* redisStore({ prefix })
        const scripts = fc.sample(commands, { numRuns: 100, seed: 7 })
        for (const [index, script] of scripts.entries()) {
          const inMemory = yield* played(memoryStore(), "k", script)
          const onRedis = yield* played(shared, `k${index}`, script)
          assert.deepStrictEqual(onRedis.decisions, inMemory.decisions)
        }
      }),
    ),
  )

  it.effect("adds up what several processes do", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const [one, other] = [yield* redisStore({ prefix }), yield* redisStore({ prefix })]
        const draw = (funds: RetryBudgetStore) => funds.withdraw("acme", rules, { cost: 1, now: 0 })
        for (let index = 0; index < 15; index++) one.deposit("acme", rules, 0)
        const answers = [
          yield* draw(other),
          yield* draw(other),
          yield* draw(other),
          yield* draw(one),
          yield* draw(other),
        ]
        assert.deepStrictEqual(answers, [true, true, false, true, false])
      }).pipe(Effect.provideService(ServerTime, 5_000)),
    ),
  )
})
