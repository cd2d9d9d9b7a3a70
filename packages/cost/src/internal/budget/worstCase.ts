/**
 * What an attempt costs at most: the price of the model that is about to be called, times the tokens that it may take.
 */
import { type Attempt, PolicyError } from "@holdfast/core"
import { UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { Effect, Option } from "effect"

import { type Estimate, type Estimator } from "../../Estimate.ts"
import * as Money from "../../Money.ts"
import * as Price from "../../Price.ts"
import * as PriceBook from "../../PriceBook.ts"
import { priceNameOf } from "../price/asked.ts"
import { priceUnknown } from "../price/unknown.ts"
import { type Settings } from "./options.ts"

export interface Pricing extends Pick<Settings, "bound" | "request"> {
  readonly whenUnknown: PriceBook.WhenUnknown
  readonly book: PriceBook.Book
  readonly estimator: Estimator["Service"]
}

export interface WorstCase {
  readonly quote: PriceBook.Quote
  readonly estimate: Estimate
  readonly circumstances: Price.Circumstances
  /** The prices of the same provider's other models, at the time of the attempt. */
  readonly priceOf: (model: string) => Price.Price | undefined
  /** The limit of the answer. `undefined` where none is set; the most that the model generates counts then. */
  readonly maxOutputTokens: number | undefined
  readonly cost: Money.Money
}

type Failure = PriceBook.PriceUnknown | UnsupportedOption

export const worstCase = (pricing: Pricing, start: Attempt.AttemptStart): Effect.Effect<WorstCase, Failure> => {
  const query = { ...priceNameOf(start), startedAt: start.startedAt }
  const price = pricing.book.find(query)
  return Option.isSome(price)
    ? estimated(pricing, start, { _tag: "Known", price: price.value })
    : Effect.flatMap(pricing.whenUnknown(priceUnknown(pricing.book, query)), (quote) =>
        estimated(pricing, start, quote),
      )
}

const estimated = (
  { book, bound, estimator, request }: Pricing,
  start: Attempt.AttemptStart,
  quote: PriceBook.Quote,
): Effect.Effect<WorstCase, UnsupportedOption> => {
  const { maxOutputTokens = start.maxOutputTokens, ...asked } = request?.(start) ?? {}
  const circumstances = {
    ...(start.pricedAs?.regional !== undefined && { regional: start.pricedAs.regional }),
    ...asked,
  }
  if (maxOutputTokens !== undefined && !isTokenCount(maxOutputTokens)) return notALimit(start, maxOutputTokens)
  const { model, provider } = priceNameOf(start)
  const price = quote._tag === "Unmetered" ? undefined : quote.price
  return Effect.map(estimator.estimate(start.request, { provider, model, price, maxOutputTokens }), (likely) => {
    const estimate = bound === undefined ? likely : bound(likely)
    const cost = price === undefined ? Money.zero : costOf(price, circumstances, estimate)
    return {
      quote,
      estimate,
      circumstances,
      priceOf: PriceBook.priceOf(book, { provider, startedAt: start.startedAt }),
      maxOutputTokens,
      cost,
    }
  })
}

/** The most that a request costs whose answer has as many tokens as were estimated, or fewer. */
export const costOf = (
  price: Price.Price,
  circumstances: Price.Circumstances,
  {
    audioInput,
    imageInput,
    input,
    output,
    units,
  }: Pick<Estimate, "audioInput" | "imageInput" | "input" | "output" | "units">,
): Money.Money => Price.atMost(price, { ...circumstances, input, audioInput, imageInput, output, units })

export const isTokenCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

// Nothing can be reserved for an answer of no definite length, and a request that says so is wrong in any case.
const notALimit = ({ model, provider }: Attempt.AttemptStart, limit: number): Effect.Effect<never, UnsupportedOption> =>
  Effect.suspend(() =>
    Effect.fail(
      PolicyError.withoutStack(
        () =>
          new UnsupportedOption({
            provider,
            model,
            option: "maxOutputTokens",
            explanation: `it must be a whole number, 0 or more, and is ${limit}`,
          }),
      ),
    ),
  )
