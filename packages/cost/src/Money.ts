/**
 * Amounts of US dollars, exact.
 *
 * An amount is a whole number of picodollars, a millionth of a millionth of a dollar. That is small enough for a single
 * token of any model to have a whole price, also when it comes from a cache at half of the price of a batch. So sums and
 * products of prices are exact in any order, and no floating point is ever used.
 *
 * There is one rule of rounding, and one place where it is used, `timesRatio`: what is not whole is rounded up to the next
 * picodollar, so that a charge is never understated.
 *
 * **Where in a stack**: nowhere by itself; prices, budgets and reports count in it.
 *
 * @since 0.1.0
 */

import {
  type Brand,
  Effect,
  Equivalence as Equivalences,
  Order as Orders,
  Result,
  Schema,
  SchemaIssue,
  SchemaTransformation,
} from "effect"
import { dual } from "effect/Function"

/**
 * A text that is not an amount of dollars.
 *
 * @since 0.1.0
 * @category errors
 */
export class MoneyMalformed extends Schema.TaggedError<MoneyMalformed>("@holdfast/cost/MoneyMalformed")(
  "MoneyMalformed",
  {
    /** The text, cut after 40 characters. */
    input: Schema.String,
  },
) {
  override get message(): string {
    return `"${this.input}" is not an amount of dollars, such as "100 USD", "0.25 USD" or "$0.000123" (up to twelve decimals, no separators)`
  }
}

/**
 * An amount of US dollars, in picodollars. It may be negative, as the difference of two amounts.
 *
 * @since 0.1.0
 * @category models
 */
export type Money = bigint & Brand.Brand<"@holdfast/cost/Money">

/**
 * An amount as options take it: `"100 USD"`, `"$0.01"`, or `Money`.
 *
 * @since 0.1.0
 * @category models
 */
export type Input = Forms["any"]

// By way of an index, so that a compiler's message shows the forms that are taken and not the name of this type.
interface Forms {
  readonly any: Money | `${number} USD` | `$${number}`
}

/**
 * A factor, exact: `{ numerator: 11n, denominator: 10n }` is 1.1.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ratio {
  readonly numerator: bigint
  /** Above zero. */
  readonly denominator: bigint
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const fromPicodollars = (picodollars: bigint): Money => picodollars as Money

/**
 * @since 0.1.0
 * @category constructors
 */
export const zero: Money = fromPicodollars(0n)

const decimals = 12

const perDollar = 10n ** BigInt(decimals)

/** So that no text makes work. The largest amount has 24 digits before its point. */
const maxLength = 40

const amount = /^(-?)(?:\$(\d{1,24})(?:\.(\d{1,12})0*)?|(\d{1,24})(?:\.(\d{1,12})0*)? ?USD)$/

/**
 * Reads an amount: `"100 USD"`, `"0.01 USD"`, `"$0.000123"`, `"-$5"`.
 *
 * **Gotchas**
 *
 * More than twelve decimals, thousands separators, exponents and other currencies are refused, not guessed at.
 *
 * **Example** (Reading an amount)
 *
 * ```ts
 * import { Money } from "@holdfast/cost"
 * import { Result } from "effect"
 *
 * Result.map(Money.fromString("$0.000123"), Money.format) // => Result.succeed("$0.000123")
 * Result.isFailure(Money.fromString("100 EUR")) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromString = (text: string): Result.Result<Money, MoneyMalformed> => {
  const match = text.length > maxLength ? null : amount.exec(text)
  if (match === null) return Result.fail(new MoneyMalformed({ input: text.slice(0, maxLength) }))
  const [, sign, dollars = match[4] ?? "", fraction = match[5] ?? ""] = match
  const picodollars = BigInt(dollars) * perDollar + BigInt(fraction.padEnd(decimals, "0"))
  return Result.succeed(fromPicodollars(sign === "-" ? -picodollars : picodollars))
}

/**
 * Reads an amount as options take it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromInput = (input: Input): Result.Result<Money, MoneyMalformed> =>
  typeof input === "bigint" ? Result.succeed(input) : fromString(input)

/**
 * Reads an amount as options take it, and throws `MoneyMalformed` if it cannot be read.
 *
 * **Example** (An amount in the source)
 *
 * ```ts
 * import { Money } from "@holdfast/cost"
 *
 * Money.format(Money.fromInputUnsafe("100 USD")) // => "$100.00"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromInputUnsafe = (input: Input): Money => Result.getOrThrow(fromInput(input))

/**
 * An amount for people: all of its decimals that are not zero, and at least two.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (self: Money): string => {
  const [sign, number] = decimal(self)
  return `${sign}$${number}`
}

/**
 * Amounts, encoded as text such as `"0.000123 USD"`.
 *
 * **Example** (Money in JSON)
 *
 * ```ts
 * import { Money } from "@holdfast/cost"
 * import { Schema } from "effect"
 *
 * const spent = Schema.decodeUnknownSync(Money.Money)("0.25 USD")
 *
 * Schema.encodeSync(Money.Money)(Money.times(spent, 3)) // => "0.75 USD"
 * ```
 *
 * @since 0.1.0
 * @category schemas
 */
export const Money: Schema.Codec<Money, string> = Schema.String.pipe(
  Schema.decodeTo(
    Schema.BigInt.pipe(Schema.brand("@holdfast/cost/Money")),
    SchemaTransformation.transformEffect({
      decode: (text: string) =>
        Effect.mapError(
          Effect.fromResult(fromString(text)),
          ({ message }) => new SchemaIssue.InvalidValue({ message }, text),
        ),
      encode: (money: bigint) => Effect.succeed(`${decimal(money).join("")} USD`),
    }),
  ),
)

/**
 * @since 0.1.0
 * @category combinators
 */
export const add: {
  (that: Money): (self: Money) => Money
  (self: Money, that: Money): Money
} = dual(2, (self: Money, that: Money): Money => fromPicodollars(self + that))

/**
 * @since 0.1.0
 * @category combinators
 */
export const subtract: {
  (that: Money): (self: Money) => Money
  (self: Money, that: Money): Money
} = dual(2, (self: Money, that: Money): Money => fromPicodollars(self - that))

/**
 * The sum of all; `zero` of none.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sum = (all: Iterable<Money>): Money => {
  let total = 0n
  for (const each of all) total += each
  return fromPicodollars(total)
}

/**
 * So many times the amount, as the price of one token times the tokens.
 *
 * **Gotchas**
 *
 * The count must be whole; a fraction is a mistake of the program and throws a `RangeError`. For fractions there is
 * `timesRatio`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const times: {
  (count: number | bigint): (self: Money) => Money
  (self: Money, count: number | bigint): Money
} = dual(2, (self: Money, count: number | bigint): Money => fromPicodollars(self * BigInt(count)))

/**
 * A part or a multiple of the amount. **What is not whole is rounded up**, to the next picodollar: the only place where
 * anything is rounded.
 *
 * **Gotchas**
 *
 * Up is towards more dollars, so -1.5 becomes -1. A denominator that is not above zero throws a `RangeError`.
 *
 * **Example** (Half of the price, and a tenth more)
 *
 * ```ts
 * import { Money } from "@holdfast/cost"
 *
 * const price = Money.fromPicodollars(25n)
 *
 * Money.timesRatio(price, { numerator: 1n, denominator: 2n }) // => 13n
 * Money.timesRatio(price, { numerator: 11n, denominator: 10n }) // => 28n
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const timesRatio: {
  (ratio: Ratio): (self: Money) => Money
  (self: Money, ratio: Ratio): Money
} = dual(2, (self: Money, { denominator, numerator }: Ratio): Money => {
  if (denominator <= 0n) throw new RangeError("a ratio needs a denominator above zero")
  const product = self * numerator
  const whole = product / denominator
  // Division of a bigint cuts towards zero, which is up already for what is below it.
  return fromPicodollars(product > 0n && whole * denominator !== product ? whole + 1n : whole)
})

/**
 * The greater of two amounts.
 *
 * @since 0.1.0
 * @category combinators
 */
export const max: {
  (that: Money): (self: Money) => Money
  (self: Money, that: Money): Money
} = dual(2, (self: Money, that: Money): Money => (self < that ? that : self))

/**
 * The lesser of two amounts.
 *
 * @since 0.1.0
 * @category combinators
 */
export const min: {
  (that: Money): (self: Money) => Money
  (self: Money, that: Money): Money
} = dual(2, (self: Money, that: Money): Money => (that < self ? that : self))

/**
 * @since 0.1.0
 * @category instances
 */
export const Order: Orders.Order<Money> = Orders.BigInt

/**
 * @since 0.1.0
 * @category instances
 */
export const Equivalence: Equivalences.Equivalence<Money> = Equivalences.BigInt

const decimal = (money: bigint): readonly [sign: "-" | "", number: string] => {
  const size = money < 0n ? -money : money
  const fraction = (size % perDollar).toString().padStart(decimals, "0").replace(/0+$/, "").padEnd(2, "0")
  return [money < 0n ? "-" : "", `${size / perDollar}.${fraction}`]
}
