/**
 * A run's own budget, in a ledger of its own: it reserves the worst case of each attempt before that goes out, whatever other
 * budgets the model is under.
 */
import { AttemptGuard, Resilient } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
import { Budget, Estimate, Ledger, Money } from "@holdfast/cost"
import { Effect } from "effect"

/** The budget's name, by which its refusals are told from those of the application's budgets. */
export const capName = "Bulk.run"

export const always = "36500 days"

/** Waits while a call under way may turn out cheaper than its worst case, and is refused once none can. */
const settings: Budget.Settings = { wait: always, bound: Estimate.certain, unreported: Budget.atMost }

/** A model whose attempts are kept below what is left of the cap. */
export const capped = <K extends Kind, E, R>(
  model: Resilient.Resilient<K, E, R>,
  left: Money.Money,
): Resilient.Resilient<K, E | Budget.Refusal, R> =>
  Resilient.policy<Budget.Refusal>(
    { name: "Bulk.run", place: "budget", settings: { cap: Money.format(left) } },
    (call) =>
      Effect.gen(function* () {
        const ledger = yield* Ledger.makeMemory({ keep: 1 })
        const guard = Budget.guard([{ name: capName, rolling: { limit: left, window: always } }], settings)
        const installed = yield* Effect.provideService(guard, Ledger.Ledger, ledger)
        return AttemptGuard.install(call, installed)
      }) as never,
  )(model)
