/**
 * What an attempt cost, from what is known when it is over.
 *
 * The usage that the vendor reported is the truth. Where there is none, because the answer was cut, abandoned or never came,
 * the cost is estimated from what was delivered, and stated as an interval.
 */
import { type Attempt, Failure } from "@holdfast/core"
import { count } from "@holdfast/core/provider/Json"
import { Option, Predicate } from "effect"

import * as Money from "../../Money.ts"
import * as Price from "../../Price.ts"
import { type Settlement } from "../ledger/journal.ts"
import { isTokenCount, type WorstCase } from "./worstCase.ts"

/**
 * What an attempt cost.
 *
 * **Details**
 *
 * `basis` says how that is known, as in `Ledger.Settlement`. `amounts` is the part of `cost` that the vendor's own counts account
 * for, class by class; a class has either no tokens or no amount where it has no entry. `adjustment` in it is what the vendor
 * states beyond its counts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Charge extends Pick<Settlement, "basis" | "cost" | "maximum" | "minimum" | "saved" | "tokens"> {
  readonly amounts: Readonly<Record<string, Money.Money>>
}

/** What was known before the attempt. */
export interface Expected {
  readonly reservation: Pick<Settlement, "id" | "subject">
  readonly worst: WorstCase
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

export const settlementOf = (
  attempt: Attempt.Attempt,
  { reservation, worst }: Expected,
  charge?: Charge,
): Settlement => {
  const { amounts: _, ...cost } = charge ?? chargeOf(attempt, worst)
  return { id: reservation.id, subject: reservation.subject, outcome: attempt.outcome._tag, ...cost }
}

/** As much of what was expected as a charge needs. */
export interface Known extends Omit<WorstCase, "maxOutputTokens" | "quote"> {
  readonly quote: { readonly _tag: "Unmetered" } | { readonly _tag: "Known" | "WorstCase"; readonly price: Price.Price }
}

type Usage = NonNullable<Attempt.Attempt["usage"]>

/** The usage without what is not a count of tokens. A side that has one such count says nothing for certain. */
export const soundUsage = (usage: Attempt.Attempt["usage"]): Usage | undefined => {
  if (usage === undefined) return undefined
  const [input, output] = [isSound(usage.inputTokens), isSound(usage.outputTokens)]
  if (input && output) return usage
  return { inputTokens: input ? usage.inputTokens : {}, outputTokens: output ? usage.outputTokens : {} }
}

const isSound = (counts: Usage["inputTokens"] | Usage["outputTokens"]): boolean => {
  for (const key in counts) {
    const value: unknown = counts[key as keyof typeof counts]
    if (value !== undefined && value !== null && !(Predicate.isNumber(value) && isTokenCount(value))) return false
  }
  return true
}

export const chargeOf = (attempt: Attempt.Attempt, worst: Known): Charge => {
  const { quote } = worst
  const usage = soundUsage(attempt.usage)
  if (quote._tag === "Unmetered") return { ...exactly(Money.zero, "unpriced"), tokens: tokensOf(usage) }
  if (usage === undefined) return withoutUsage(attempt, worst, quote.price)
  const { deliveredParts, finishMetadata } = attempt
  const { circumstances, priceOf } = worst
  const answer = { ...circumstances, usage, finishMetadata, deliveredParts, priceOf }
  const bill = Price.cost(quote.price, answer)
  const tokens: Record<string, number> = {}
  const amounts: Record<string, Money.Money> = {}
  for (const { amount, class: name, quantity } of bill.items) {
    if (name !== "adjustment") tokens[name] = (tokens[name] ?? 0) + quantity
    amounts[name] = Money.add(amounts[name] ?? Money.zero, amount)
  }
  const known = { tokens, amounts, saved: savedBy(quote.price, answer, bill.total) }
  if (bill.unknown.length > 0) {
    const rest = unreported(attempt, { known: worst, price: quote.price, sides: bill.unknown })
    const cost = Money.add(bill.total, rest)
    return { ...between(bill.total, cost, Money.max(worst.cost, cost)), ...known }
  }
  // What has no price, and a price that was only given to be high enough, leave it open what was really paid.
  if (bill.unpriced.length > 0) {
    return { ...between(bill.total, bill.total, Money.max(worst.cost, bill.total)), ...known }
  }
  if (quote._tag === "WorstCase") return { ...between(Money.zero, bill.total, bill.total), ...known }
  return { ...exactly(bill.total, "reported"), ...known }
}

const withoutUsage = (attempt: Attempt.Attempt, worst: Known, price: Price.Price): Charge => {
  if (wasNotBilled(attempt)) {
    // A connection that broke before anything came may have cost something all the same.
    const sure = wasRefused(attempt)
    return { ...exactly(Money.zero, "unbilled"), ...(sure ? {} : { maximum: worst.cost }) }
  }
  const cost = unreported(attempt, { known: worst, price, sides: ["input", "output"] })
  return between(Money.zero, cost, Money.max(worst.cost, cost))
}

const wasNotBilled = ({ deliveredParts, outcome }: Attempt.Attempt): boolean =>
  outcome._tag === "Failed" && !outcome.failure.billed && !outcome.committed && deliveredParts === 0 && !wasCut(outcome)

const wasCut = ({ error }: { readonly error: unknown }): boolean => Failure.tagOf(error) === "DeadlineExceeded"

/** By the provider with a status, by this side, or because no connection came about. */
const wasRefused = ({ outcome }: Attempt.Attempt): boolean => {
  if (outcome._tag !== "Failed") return false
  if (outcome.failure.kind === "ignored") return true
  const facts = Failure.facts(outcome.error)
  return Option.exists(facts, ({ sent, status }) => status !== undefined || sent === false)
}

/** Characters of a token, for texts without a count. A token of English has four, one of most other languages fewer. */
const charactersPerToken = 3

interface Unreported {
  readonly known: Known
  readonly price: Price.Price
  readonly sides: ReadonlyArray<"input" | "output">
}

const unreported = (
  { deliveredCharacters }: Attempt.Attempt,
  { known: { circumstances, estimate }, price, sides }: Unreported,
): Money.Money => {
  const { images, ...otherUnits } = estimate.units ?? {}
  const asked = sides.includes("input")
    ? { input: estimate.input, audioInput: estimate.audioInput, imageInput: estimate.imageInput, units: otherUnits }
    : { input: 0 }
  // Of media nothing tells how many tokens they are.
  const delivered =
    estimate.units === undefined ? Math.ceil(deliveredCharacters / charactersPerToken) : deliveredCharacters
  const answered = sides.includes("output")
    ? { output: Math.min(delivered, estimate.output), units: { ...asked.units, images } }
    : { output: 0 }
  return Price.atMost(price, { ...circumstances, ...asked, ...answered })
}

/** What prompt caching saved: the cost of the same tokens without a cache, less the real one. */
const savedBy = (price: Price.Price, answer: Price.Answer, cost: Money.Money): Money.Money => {
  const input = answer.usage?.inputTokens
  if (input?.total === undefined || ((input.cacheRead ?? 0) === 0 && (input.cacheWrite ?? 0) === 0)) return Money.zero
  const plain = { ...answer, usage: { ...answer.usage, inputTokens: { total: input.total } } } as Price.Answer
  return Money.subtract(Price.cost(price, plain).total, cost)
}

const tokensOf = (usage: Usage | undefined): Settlement["tokens"] => {
  const [input, output] = [count(usage?.inputTokens, "total"), count(usage?.outputTokens, "total")]
  return { ...(input !== undefined && { input }), ...(output !== undefined && { output }) }
}

const exactly = (cost: Money.Money, basis: Settlement["basis"]): Charge => ({
  basis,
  cost,
  minimum: cost,
  maximum: cost,
  tokens: {},
  amounts: {},
  saved: Money.zero,
})

const between = (minimum: Money.Money, cost: Money.Money, maximum: Money.Money): Charge => ({
  basis: "estimated",
  cost,
  minimum,
  maximum,
  tokens: {},
  amounts: {},
  saved: Money.zero,
})
