/**
 * The thresholds that a settlement passed.
 */
import type * as CostEvent from "../../CostEvent.ts"
import type * as Money from "../../Money.ts"
import { type Movement } from "../ledger/state.ts"
import { type AttemptClaims, type RuleClaim, resetsAt } from "./claims.ts"
import { nameOf } from "./window.ts"

export const alertsOf = (
  movements: ReadonlyArray<Movement>,
  { all }: AttemptClaims,
): ReadonlyArray<CostEvent.ThresholdReached> => {
  const alerts: Array<CostEvent.ThresholdReached> = []
  for (const { after, before, claim } of movements) {
    const found = all.find((each) => each.claim.account === claim.account)
    if (found === undefined) continue
    for (const { amount, share } of found.rule.thresholds) {
      if (before < amount && after >= amount) alerts.push(alert(found, share, after))
    }
  }
  return alerts
}

const alert = ({ claim, key, rule }: RuleClaim, threshold: number, spent: Money.Money): CostEvent.ThresholdReached => ({
  _tag: "ThresholdReached",
  budget: rule.budget,
  window: nameOf(rule.window),
  scope: key === "" ? undefined : key,
  threshold,
  limit: rule.limit,
  spent,
  resetsAt: resetsAt({ claim, rule }),
})
