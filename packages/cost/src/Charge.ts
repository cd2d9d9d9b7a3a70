/**
 * What one attempt cost, from what is known when it is over.
 *
 * Budgets reserve and settle with it, and tell of it with `CostEvent.AttemptCharged`. Here it can be had without a ledger, for
 * logs and traces of calls that no budget guards.
 *
 * @since 0.1.0
 */
import { type Attempt, type ModelRequest } from "@holdfast/core"
import { contentsOf } from "@holdfast/core/PromptTokens"
import { ofRequest, ofText } from "@holdfast/core/TokenEstimate"
import { Option } from "effect"

import { type Charge, chargeOf } from "./internal/budget/settlement.ts"
import * as Money from "./Money.ts"
import * as Price from "./Price.ts"
import * as PriceBook from "./PriceBook.ts"

export type { Charge } from "./internal/budget/settlement.ts"

/**
 * What an attempt cost, by a book of prices.
 *
 * **Details**
 *
 * With the usage that the vendor reported it is what a budget would settle, to the last unit. Without it, it is estimated from
 * what was delivered and from the text of the request, and `basis` says so; the estimate of a budget may differ, since it learns.
 * A model without a price is `unpriced`, and no sum of money has it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (attempt: Attempt.Attempt, book: PriceBook.Book): Charge => {
  const price = Option.getOrUndefined(book.find(attempt))
  const guess = attempt.usage === undefined && price !== undefined ? estimateOf(attempt) : none
  const estimate = { ...unknown, provider: attempt.provider, model: attempt.model, ...guess }
  const quote = price === undefined ? unmetered : ({ _tag: "Known", price } as const)
  return chargeOf(attempt, {
    quote,
    estimate,
    circumstances: {},
    priceOf: PriceBook.priceOf(book, attempt),
    // Mostly the vendor says what was used, and nobody asks for the worst case.
    get cost() {
      return price === undefined ? Money.zero : Price.atMost(price, guess)
    },
  })
}

const unmetered = { _tag: "Unmetered" } as const

interface Guess {
  readonly input: number
  readonly output: number
  readonly units?: Price.Units | undefined
}

const none: Guess = { input: 0, output: 0 }

const estimateOf = ({ maxOutputTokens, request }: Attempt.Attempt): Guess => ({
  input: inputOf(request),
  output: maxOutputTokens ?? unlimitedOutput,
  ...(request.options.media !== undefined && { units: contentsOf(request.options).units }),
})

const inputOf = (request: ModelRequest.ModelRequest): number => {
  const { options } = request
  if (options.media !== undefined) return contentsOf(options).texts.reduce((sum, text) => sum + ofText(text), 0)
  return options.inputs === undefined
    ? ofRequest(request as ModelRequest.ModelRequest<"chat">).input
    : options.inputs.reduce((sum, text) => sum + ofText(text), 0)
}

/** What an answer without a limit is taken to have at most. A delivered text counts up to it. */
const unlimitedOutput = 128_000

const unknown = { audioInput: 0, imageInput: 0, inputAtMost: 0, uncorrected: 0, isText: true, doubts: [] }
