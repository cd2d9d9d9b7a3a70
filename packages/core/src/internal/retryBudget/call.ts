/**
 * The retry budget as a call carries it.
 */
import { Effect } from "effect"

import { type CallContext, type CallRetryBudget, type Source } from "../call/types.ts"
import { millis } from "../millis.ts"
import { type Rules } from "./state.ts"
import { type RetryBudgetStore } from "./store.ts"

/** The budget of a call, kept in a store by keys. */
export const budgetOf = (store: RetryBudgetStore, rules: Rules, keyOf: (call: Source) => string): CallRetryBudget => ({
  tryWithdraw: (source, cost) =>
    Effect.clockWith((clock) => store.withdraw(keyOf(source), rules, { cost, now: millis(clock) })),
  deposit: (source) =>
    Effect.clockWith((clock) => Effect.sync(() => store.deposit(keyOf(source), rules, millis(clock)))),
})

/** Whether one more attempt of a model is allowed, which is then withdrawn. Without a budget it always is. */
export const tryWithdraw = ({ retryBudget }: CallContext, source: Source, cost: number): Effect.Effect<boolean> =>
  retryBudget === undefined ? Effect.succeed(true) : retryBudget.tryWithdraw(source, cost)

/** A model is asked for the first time by a call that another one did not answer. */
export const deposit = ({ retryBudget }: CallContext, source: Source): Effect.Effect<void> =>
  retryBudget === undefined ? Effect.void : retryBudget.deposit(source)

/** Retries of a model that asked for less make it worse, so they are dearer. */
export const costAfter = (kind: string): number => (kind === "throttled" ? 2 : 1)
