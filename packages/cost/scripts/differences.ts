/**
 * Where the built-in prices differ from those of `@pydantic/genai-prices`, over the whole history of both.
 *
 * Run as a program it prints every difference with who is right and why, what has no decision yet, and the models of the
 * same vendors that only the package has: `pnpm prices`. With `--latest` it fetches the newest data of that project
 * first. What is wrong in `internal/price/list` is then mended by hand, with its source; what is right stands in
 * `decisions.ts`.
 */

import { Money, type Price, PriceBook } from "@holdfast/cost"
import { type Provider, REMOTE_DATA_JSON_URL, updatePrices, waitForUpdate } from "@pydantic/genai-prices"
import { Effect, Option } from "effect"

import { type Decision, decisions } from "./decisions.ts"

interface Model {
  readonly provider: string
  readonly model: string
}

/** One way in which a price is not the same in both books, and when. */
export interface Difference {
  /** Such as `openai/gpt-4o: input $2.50, there $2.00`. */
  readonly line: string
  /** The first and the last of the times looked at, ISO 8601. */
  readonly from: string
  readonly until: string
}

const today = Date.parse("2026-11-28T12:00:00Z")

const second = 1_000

/**
 * Every time at which either book may change: the bounds of all periods, the second before each, the hours of those days,
 * and the day on which the prices were checked.
 */
export const timesOf = (prices: ReadonlyArray<Price.Price>): ReadonlyArray<number> => {
  const bounds = prices.flatMap(({ period }) => [period.from ?? today, period.until ?? today])
  const hours = prices.flatMap(({ period }) => (period.hours ?? []).flatMap(({ from, until }) => [from, until]))
  const days = [...bounds, today].map((time) => time - (time % 86_400_000))
  const moments = days.flatMap((day) => hours.map((hour) => day + hour * second))
  return [...new Set([...bounds, ...moments, today].flatMap((time) => [time - second, time]))].toSorted(
    (one, other) => one - other,
  )
}

const amount = (name: Price.TokenClass, money: Money.Money | undefined): string =>
  money === undefined ? "nothing" : Money.format(Money.times(money, unitsPerPrice[name] ?? 1_000_000))

const unitsPerPrice: Readonly<Partial<Record<Price.TokenClass, number>>> = {
  webSearch: 1_000,
  seconds: 1,
  images: 1,
  requests: 1,
}

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
    ...(here === there ? [] : [`tier above ${here}, there ${there}`]),
    ...(ours.tiers.length === theirs.tiers.length ? tiers : []),
  ]
}

// What the package has since ever says nothing of the time before a model came out.
const isDated = ({ period }: Price.Price): boolean => period.from !== undefined

const differ = (here: Option.Option<Price.Price>, there: Option.Option<Price.Price>): ReadonlyArray<string> => {
  if (Option.isNone(here)) return Option.isSome(there) && isDated(there.value) ? ["not known here"] : []
  return Option.isNone(there) ? ["not there"] : pricesDiffer(here.value, there.value)
}

/** Every difference of the given models, each with the times between which it was found. */
export const differences = (
  models: Iterable<Model>,
  ours: PriceBook.Book,
  theirs: PriceBook.Book,
): ReadonlyArray<Difference> => {
  const found = new Map<string, { readonly from: number; until: number }>()
  const seen = new Set<string>()
  for (const { model, provider } of models) {
    const name = `${provider}/${model}`
    if (seen.has(name)) continue
    seen.add(name)
    const isIt = (price: Price.Price): boolean => price.provider === provider && model.startsWith(price.model)
    for (const startedAt of timesOf([...ours.prices, ...theirs.prices].filter(isIt))) {
      const query = { provider, model, startedAt }
      for (const each of differ(ours.find(query), theirs.find(query))) {
        const line = `${name}: ${each}`
        const times = found.get(line)
        if (times === undefined) found.set(line, { from: startedAt, until: startedAt })
        else times.until = startedAt
      }
    }
  }
  return [...found].map(([line, { from, until }]) => ({ line, from: iso(from), until: iso(until) }))
}

const iso = (time: number): string => new Date(time).toISOString().replace(".000Z", "Z")

/** The decision on a difference. */
export const decisionOn = ({ from, line, until }: Difference): Decision | undefined =>
  decisions.find(
    (each) =>
      each.difference.test(line) &&
      (each.from === undefined || from >= each.from) &&
      (each.until === undefined || until < each.until),
  )

const latest = (): Promise<Array<Provider>> =>
  fetch(REMOTE_DATA_JSON_URL).then((answer) => answer.json() as Promise<Array<Provider>>)

/* oxlint-disable eslint/no-console -- a program */
const program = Effect.gen(function* () {
  if (process.argv.includes("--latest")) {
    updatePrices(({ setProviderData }) => setProviderData(latest()))
    yield* Effect.promise(waitForUpdate)
  }
  const theirs = yield* PriceBook.genaiPrices
  const isKnown = ({ model, provider }: Model): boolean =>
    PriceBook.builtIn.prices.some((price) => price.provider === provider && price.model === model) ||
    Option.isSome(PriceBook.builtIn.find({ provider, model, startedAt: today }))
  const all = [...PriceBook.builtIn.prices, ...theirs.prices.filter(isKnown)]
  const open: Array<string> = []
  for (const each of differences(all, PriceBook.builtIn, theirs)) {
    const decision = decisionOn(each)
    const line = `${each.line} (${each.from} to ${each.until})`
    if (decision === undefined) open.push(line)
    else console.log(`${line}\n    right: ${decision.right}. ${decision.why}. ${decision.source}`)
  }
  console.log(open.length === 0 ? "\nEvery difference is decided." : `\nUndecided:\n${open.join("\n")}`)
  const missing = theirs.prices.filter((price) => !isKnown(price)).map(({ model, provider }) => `${provider}/${model}`)
  console.log(`\nOnly there: ${[...new Set(missing)].join(", ")}`)
})

if (import.meta.main) await Effect.runPromise(program)
