/**
 * What the policies that repeat attempts ask of the budget around them.
 */
import { Clock, Context, Effect } from "effect"

import { type ModelCall } from "../../ModelCall.ts"
import { millis } from "../millis.ts"
import { type Rules } from "./state.ts"
import { type RetryBudgetStore } from "./store.ts"

export interface RetryBudget {
  readonly rules: Rules
  readonly keyOf: (call: Source) => string
  readonly store: RetryBudgetStore
}

type Source = Pick<ModelCall<unknown>, "provider" | "model">

/** The budget of the running call; `undefined` where retries are free. */
export const CurrentRetryBudget: Context.Reference<RetryBudget | undefined> = Context.Reference<
  RetryBudget | undefined
>("@holdfast/core/CurrentRetryBudget", { defaultValue: () => undefined })

/** Whether one more attempt of a model is allowed; it is then withdrawn. */
export const tryWithdraw = (source: Source, cost: number): Effect.Effect<boolean> =>
  Effect.flatMap(CurrentRetryBudget, (budget) =>
    budget === undefined
      ? Effect.succeed(true)
      : Effect.clockWith((clock) =>
          budget.store.withdraw(budget.keyOf(source), budget.rules, { cost, now: millis(clock) }),
        ),
  )

/** A model is asked for the first time by a call that another one did not answer. */
export const deposit = (source: Source): Effect.Effect<void> =>
  Effect.flatMap(CurrentRetryBudget, (budget) =>
    budget === undefined
      ? Effect.void
      : Effect.map(Clock.Clock, (clock) => budget.store.deposit(budget.keyOf(source), budget.rules, millis(clock))),
  )

/** Retries of a model that asked for less make it worse, so they are dearer. */
export const costAfter = (kind: string): number => (kind === "throttled" ? 2 : 1)
