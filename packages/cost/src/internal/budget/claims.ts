/**
 * From the limits of budgets to what one attempt claims of them.
 */
import { type Attempt } from "@holdfast/core"
import { DateTime } from "effect"

import { type Claim } from "../ledger/journal.ts"
import { type Rule } from "./options.ts"
import { endOf, nameOf, spanAt } from "./window.ts"

/** A claim, and the limit that it is for. */
export interface RuleClaim {
  readonly rule: Rule
  readonly key: string
  readonly claim: Claim
}

// As JSON, so that no name can be mistaken for another one with a part of the key.
const accountOf = (budget: string, window: string): string => JSON.stringify([budget, window])

const accounts = /^(\["(?:[^"\\]|\\.)*","(?:[^"\\]|\\.)*"\])("(?:[^"\\]|\\.)*")?$/

/** The budget that an account belongs to. `undefined` for an account that no budget has named. */
export const budgetOf = (
  account: string,
): { readonly budget: string; readonly window: string; readonly scope: string | undefined } | undefined => {
  const match = accounts.exec(account)
  if (match === null) return undefined
  const [budget = "", window = ""] = JSON.parse(match[1] ?? "[]") as ReadonlyArray<string>
  return { budget, window, scope: match[2] === undefined ? undefined : (JSON.parse(match[2]) as string) }
}

/** The claims of one attempt. */
export interface AttemptClaims {
  readonly all: ReadonlyArray<RuleClaim>
  readonly claims: ReadonlyArray<Claim>
  /** Names the queue that the attempt waits in: the one of all attempts with the same claims. */
  readonly queue: string
}

interface Current extends AttemptClaims {
  readonly keys: ReadonlyArray<string | undefined>
  /** In Unix milliseconds: while no window moves on. */
  readonly from: number
  readonly until: number
}

/** Makes the claims of attempts. Most have the same as the one before. */
export class Claims {
  readonly #rules: ReadonlyArray<Rule & { readonly account: string }>
  #last: Current | undefined

  constructor(rules: ReadonlyArray<Rule>) {
    this.#rules = rules.map((rule) => ({ ...rule, account: accountOf(rule.budget, nameOf(rule.window)) }))
  }

  for(start: Attempt.AttemptStart, now: number): AttemptClaims {
    const last = this.#last
    if (last !== undefined && now >= last.from && now < last.until && this.#isFor(last.keys, start)) return last
    this.#last = this.#make(
      this.#rules.map((rule) => rule.scope(start)),
      now,
    )
    return this.#last
  }

  #isFor(keys: ReadonlyArray<string | undefined>, start: Attempt.AttemptStart): boolean {
    for (let index = 0; index < keys.length; index++) {
      if (this.#rules[index]?.scope(start) !== keys[index]) return false
    }
    return true
  }

  #make(keys: ReadonlyArray<string | undefined>, now: number): Current {
    let [from, until] = [now, Infinity]
    const all: Array<RuleClaim> = []
    for (const [index, rule] of this.#rules.entries()) {
      const key = keys[index]
      const span = spanAt(rule.window, now)
      from = Math.max(from, span.bucket)
      until = Math.min(until, endOf(rule.window, span))
      if (key === undefined) continue
      const account = key === "" ? rule.account : rule.account + JSON.stringify(key)
      all.push({ rule, key, claim: { account, ...span, limit: rule.limit } })
    }
    const claims = all.map(({ claim }) => claim)
    return { all, claims, queue: claims.map(({ account }) => account).join("\n"), keys, from, until }
  }
}

/** When the limit starts anew. `undefined` for a rolling window, which has no such moment. */
export const resetsAt = ({ claim, rule }: Pick<RuleClaim, "claim" | "rule">): DateTime.Utc | undefined =>
  rule.window._tag === "Rolling" ? undefined : DateTime.makeUnsafe(claim.until)
