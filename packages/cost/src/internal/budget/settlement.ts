/**
 * What an attempt cost, from what is known when it is over.
 *
 * The usage that the vendor reported is the truth. Where there is none, because the answer was cut, abandoned or never came,
 * the cost is estimated from what was delivered, and stated as an interval.
 */
import { type Attempt, Failure } from "@holdfast/core"

import { type Estimate } from "../../Estimate.ts"
import * as Money from "../../Money.ts"
import * as Price from "../../Price.ts"
import { type Quote } from "../../PriceBook.ts"
import { type Settlement } from "../ledger/journal.ts"

/** What was known when the reservation was made. */
export interface Reserved {
  readonly id: string
  readonly subject: Settlement["subject"]
  readonly quote: Quote
  readonly estimate: Estimate
  readonly circumstances: Price.Circumstances
  /** The prices of the same provider's other models, at the time of the attempt. */
  readonly priceOf: (model: string) => Price.Price | undefined
  readonly worst: Money.Money
}

type Subject = Settlement["subject"]

export const subjectOf = ({
  context,
  id,
  index,
  model,
  provider,
}: Attempt.AttemptStart | Attempt.Attempt): Subject => ({
  attempt: id,
  index,
  provider,
  model,
  ...(context.tenant !== undefined && { tenant: context.tenant }),
  tags: context.tags,
})

export const settlementOf = (attempt: Attempt.Attempt, reserved: Reserved): Settlement => ({
  id: reserved.id,
  subject: reserved.subject,
  outcome: attempt.outcome._tag,
  ...costOf(attempt, reserved),
})

type Known = Pick<Settlement, "basis" | "cost" | "maximum" | "minimum" | "saved" | "tokens">

const costOf = (attempt: Attempt.Attempt, reserved: Reserved): Known => {
  const { quote } = reserved
  if (quote._tag === "Unmetered") return { ...exactly(Money.zero, "unpriced"), tokens: reportedTokens(attempt) }
  if (attempt.usage === undefined) return withoutUsage(attempt, { ...reserved, price: quote.price })
  const { deliveredParts, finishMetadata, usage } = attempt
  const { circumstances, priceOf } = reserved
  const answer = { ...circumstances, usage, finishMetadata, deliveredParts, priceOf }
  const bill = Price.cost(quote.price, answer)
  const tokens: Record<string, number> = {}
  for (const { class: name, quantity } of bill.items) {
    if (name !== "adjustment") tokens[name] = (tokens[name] ?? 0) + quantity
  }
  const saved = savedBy(quote.price, answer, bill.total)
  if (bill.unknown.length > 0) {
    const rest = unreported(attempt, { ...reserved, price: quote.price }, bill.unknown)
    const cost = Money.add(bill.total, rest)
    return { ...between(bill.total, cost, Money.max(reserved.worst, cost)), tokens, saved }
  }
  // What has no price, and a price that was only given to be high enough, leave it open what was really paid.
  if (bill.unpriced.length > 0) {
    return { ...between(bill.total, bill.total, Money.max(reserved.worst, bill.total)), tokens, saved }
  }
  if (quote._tag === "WorstCase") return { ...between(Money.zero, bill.total, bill.total), tokens, saved }
  return { ...exactly(bill.total, "reported"), tokens, saved }
}

interface Priced extends Reserved {
  readonly price: Price.Price
}

const withoutUsage = (attempt: Attempt.Attempt, reserved: Priced): Known => {
  if (wasNotBilled(attempt)) {
    // A connection that broke before anything came may have cost something all the same.
    const sure = answeredByStatus(attempt)
    return { ...exactly(Money.zero, "unbilled"), ...(sure ? {} : { maximum: reserved.worst }) }
  }
  const cost = unreported(attempt, reserved, ["input", "output"])
  return between(Money.zero, cost, Money.max(reserved.worst, cost))
}

const wasNotBilled = ({ deliveredParts, outcome }: Attempt.Attempt): boolean =>
  outcome._tag === "Failed" && !outcome.failure.billed && !outcome.committed && deliveredParts === 0 && !wasCut(outcome)

const wasCut = ({ error }: { readonly error: unknown }): boolean => Failure.tagOf(error) === "DeadlineExceeded"

const answeredByStatus = ({ outcome }: Attempt.Attempt): boolean => {
  if (outcome._tag !== "Failed") return false
  const facts = Failure.facts(outcome.error)
  return outcome.failure.kind === "ignored" || (facts._tag === "Some" && facts.value.status !== undefined)
}

/** Characters of a token, for texts that nobody counted. A token of English has four, one of most other languages fewer. */
const charactersPerToken = 3

const unreported = (
  { deliveredCharacters }: Attempt.Attempt,
  { circumstances, estimate, price }: Priced,
  sides: ReadonlyArray<"input" | "output">,
): Money.Money => {
  const asked = sides.includes("input")
    ? { input: estimate.input, audioInput: estimate.audioInput, imageInput: estimate.imageInput }
    : { input: 0 }
  const told = Math.min(Math.ceil(deliveredCharacters / charactersPerToken), estimate.output)
  return Price.atMost(price, { ...circumstances, ...asked, output: sides.includes("output") ? told : 0 })
}

/** What the same tokens had cost, had there been no cache. */
const savedBy = (price: Price.Price, answer: Price.Answer, cost: Money.Money): Money.Money => {
  const input = answer.usage?.inputTokens
  if (input?.total === undefined || ((input.cacheRead ?? 0) === 0 && (input.cacheWrite ?? 0) === 0)) return Money.zero
  const plain = { ...answer, usage: { ...answer.usage, inputTokens: { total: input.total } } } as Price.Answer
  return Money.subtract(Price.cost(price, plain).total, cost)
}

const reportedTokens = ({ usage }: Attempt.Attempt): Settlement["tokens"] => ({
  ...(usage?.inputTokens.total !== undefined && { input: usage.inputTokens.total }),
  ...(usage?.outputTokens.total !== undefined && { output: usage.outputTokens.total }),
})

const exactly = (cost: Money.Money, basis: Settlement["basis"]): Known => ({
  basis,
  cost,
  minimum: cost,
  maximum: cost,
  tokens: {},
  saved: Money.zero,
})

const between = (minimum: Money.Money, cost: Money.Money, maximum: Money.Money): Known => ({
  basis: "estimated",
  cost,
  minimum,
  maximum,
  tokens: {},
  saved: Money.zero,
})
