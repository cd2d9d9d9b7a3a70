/**
 * Where the built-in prices differ from those of `@pydantic/genai-prices`.
 *
 * Run as a program it prints them, and the models of the same vendors that only the package has: `pnpm prices`. With
 * `--latest` it fetches the newest data of that project first. What is wrong in `src/prices` is then mended by hand,
 * with its source.
 */

import { Money, type Price, PriceBook } from "@holdfast/cost"
import { type Provider, REMOTE_DATA_JSON_URL, updatePrices, waitForUpdate } from "@pydantic/genai-prices"
import { Effect, Option } from "effect"

/** Two times of the day, and the first days of the next month and year. */
export const times = ["2026-11-24T12:00:00Z", "2026-11-24T02:00:00Z", "2026-12-01T12:00:00Z", "2027-01-01T12:00:00Z"]

interface Model {
  readonly provider: string
  readonly model: string
}

const amount = (name: Price.TokenClass, money: Money.Money | undefined): string =>
  money === undefined ? "nothing" : Money.format(Money.times(money, name === "webSearch" ? 1_000 : 1_000_000))

const ratesDiffer = (ours: Price.Rates, theirs: Price.Rates): ReadonlyArray<string> =>
  [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) => {
    const name = key as Price.TokenClass
    return ours[name] === theirs[name]
      ? []
      : [`${name} ${amount(name, ours[name])}, there ${amount(name, theirs[name])}`]
  })

const pricesDiffer = (ours: Price.Price, theirs: Price.Price): ReadonlyArray<string> => {
  const [here, there] = [ours.tiers, theirs.tiers].map(
    (tiers) => tiers.map(({ above }) => above).join(", ") || "nothing",
  )
  const tiers = ours.tiers.flatMap((tier, index) =>
    ratesDiffer(tier.rates, theirs.tiers[index]?.rates ?? {}).map((each) => `long prompts: ${each}`),
  )
  return [
    ...ratesDiffer(ours.rates, theirs.rates),
    ...(here === there ? (theirs.tiers.length === 0 ? [] : tiers) : [`tier above ${here}, there ${there}`]),
  ]
}

/** One line for each difference, such as `openai/gpt-4o: input $2.50, there $2.00`. */
export const differences = (
  models: Iterable<Model>,
  ours: PriceBook.Book,
  theirs: PriceBook.Book,
): ReadonlyArray<string> => {
  const lines = [...models].flatMap(({ model, provider }) =>
    times.flatMap((time) => {
      const query = { provider, model, startedAt: Date.parse(time) }
      const [here, there] = [ours.find(query), theirs.find(query)]
      if (Option.isNone(here)) return []
      const different = Option.isNone(there) ? ["not there"] : pricesDiffer(here.value, there.value)
      return different.map((each) => `${provider}/${model}: ${each}`)
    }),
  )
  return [...new Set(lines)]
}

const latest = (): Promise<Array<Provider>> =>
  fetch(REMOTE_DATA_JSON_URL).then((answer) => answer.json() as Promise<Array<Provider>>)

const isKnown = (price: Price.Price): boolean =>
  Option.isSome(PriceBook.builtIn.find({ ...price, startedAt: Date.parse("2026-11-24T12:00:00Z") }))

/* oxlint-disable eslint/no-console -- a program */
const program = Effect.gen(function* () {
  if (process.argv.includes("--latest")) {
    updatePrices(({ setProviderData }) => setProviderData(latest()))
    yield* Effect.promise(waitForUpdate)
  }
  const theirs = yield* PriceBook.genaiPrices
  for (const line of differences(PriceBook.builtIn.prices, PriceBook.builtIn, theirs)) console.log(line)
  const missing = theirs.prices.filter((price) => !isKnown(price)).map(({ model, provider }) => `${provider}/${model}`)
  console.log(`\nOnly there: ${[...new Set(missing)].join(", ")}`)
})

if (import.meta.main) await Effect.runPromise(program)
