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

import { type Charge, chargeOf, type Known } from "./internal/budget/settlement.ts"
import { priceNameOf } from "./internal/price/asked.ts"
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
  const query = { ...priceNameOf(attempt), startedAt: attempt.startedAt }
  const price = Option.getOrUndefined(book.find(query))
  return chargeOf(attempt, price === undefined ? unmetered : new Priced(attempt, price, PriceBook.priceOf(book, query)))
}

/** What is known of an attempt that has a price. Mostly the vendor says what was used, and nobody asks for the rest. */
class Priced implements Known {
  readonly quote: Known["quote"]
  readonly circumstances: Price.Circumstances
  readonly priceOf: Known["priceOf"]
  readonly #attempt: Attempt.Attempt
  readonly #price: Price.Price

  constructor(attempt: Attempt.Attempt, price: Price.Price, priceOf: Known["priceOf"]) {
    const regional = attempt.pricedAs?.regional
    this.quote = { _tag: "Known", price }
    this.circumstances = regional === undefined ? usual : { regional }
    this.priceOf = priceOf
    this.#attempt = attempt
    this.#price = price
  }

  get estimate(): Known["estimate"] {
    return { ...unknown, ...priceNameOf(this.#attempt), ...this.#guess }
  }

  get cost(): Money.Money {
    return Price.atMost(this.#price, { ...this.circumstances, ...this.#guess })
  }

  get #guess(): Guess {
    return this.#attempt.usage === undefined ? estimateOf(this.#attempt) : none
  }
}

const usual: Price.Circumstances = {}

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

const unmetered: Known = {
  quote: { _tag: "Unmetered" },
  circumstances: usual,
  priceOf: () => undefined,
  estimate: { ...unknown, provider: "", model: "", ...none },
  cost: Money.zero,
}
