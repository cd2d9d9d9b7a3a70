/**
 * What the prompt caches of the providers save, before and after, and how to use them.
 *
 * What is read from a cache costs a fraction of plain input, and what is written to one costs more. So a prefix that is
 * written and never read again makes requests more expensive. This module says from how many reads on a prefix pays, what to
 * expect of a given traffic, and what was really saved; and it marks the end of a prompt's stable prefix for each
 * provider.
 *
 * **Where in a stack**: nowhere by itself; prompts are marked before they are sent, and savings are counted from attempts.
 *
 * @since 0.1.0
 */

import { contentsOf, mediaTokens, tokenFamilyOf, totalOf } from "@holdfast/core/PromptTokens"
import { Option } from "effect"
import { Prompt, type Tool } from "effect/ai"

import { rateOf } from "./internal/price/rates.ts"
import { type Difference, firstDifference, prefixLength } from "./internal/promptCache/prefix.ts"
import { promptCacheOf } from "./internal/promptCache/vendors.ts"
import * as Money from "./Money.ts"
import * as Price from "./Price.ts"

/**
 * What one token of a prefix costs: not cached, written, read.
 *
 * @since 0.1.0
 * @category models
 */
export interface CacheRates {
  readonly uncached: Money.Money
  readonly write: Money.Money
  readonly read: Money.Money
}

/**
 * What one token of a prefix costs, by the lifetime of the cache. Where a vendor has no price for writing, that is plain
 * input.
 *
 * @since 0.1.0
 * @category getters
 */
export const rates = (price: Price.Price, ttl: Price.CacheTtl, promptTokens = 0): CacheRates => {
  const all = Price.ratesFor(price, promptTokens)
  const rate = (name: Price.TokenClass) => rateOf(all, name) ?? Money.zero
  return { uncached: rate("input"), write: rate(`cacheWrite${ttl}`), read: rate("cacheRead") }
}

/**
 * How often what was written has to be read until it was worth it.
 *
 * **Details**
 *
 * A write and n reads cost no more than 1 + n requests without a cache from n = (write - input) / (input - read) on,
 * rounded up. None if reading is not cheaper than plain input.
 *
 * **Example** (Claude, for five minutes and for an hour)
 *
 * ```ts
 * import { CacheSavings, PriceBook } from "@holdfast/cost"
 * import { Option } from "effect"
 *
 * const sonnet = PriceBook.builtIn.find({ provider: "anthropic", model: "claude-sonnet-4-6", startedAt: 1_790_000_000_000 })
 *
 * Option.flatMap(sonnet, (price) => CacheSavings.breakEven(price, "5m")) // => Option.some(1)
 * Option.flatMap(sonnet, (price) => CacheSavings.breakEven(price, "1h")) // => Option.some(2)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const breakEven = (price: Price.Price, ttl: Price.CacheTtl): Option.Option<number> => {
  const { read, uncached, write } = rates(price, ttl)
  const saved = uncached - read
  if (saved <= 0n) return Option.none()
  const extra = write - uncached
  return Option.some(extra <= 0n ? 0 : Number((extra + saved - 1n) / saved))
}

/**
 * Requests with the same prefix.
 *
 * @since 0.1.0
 * @category models
 */
export interface Traffic {
  readonly requests: number
  /** Tokens of the prefix. */
  readonly prefixTokens: number
  /** The share of the requests that find the prefix in the cache, from 0 to 1. */
  readonly hitRate: number
  readonly ttl: Price.CacheTtl
}

/**
 * What a prefix costs with and without a cache. `saved` is negative where the cache costs more than it saves.
 *
 * @since 0.1.0
 * @category models
 */
export interface Savings {
  readonly withoutCache: Money.Money
  readonly withCache: Money.Money
  readonly saved: Money.Money
  readonly readTokens: number
  readonly writtenTokens: number
}

/**
 * What is to be expected of a traffic.
 *
 * **Details**
 *
 * Each request that finds nothing writes the prefix, and the write is all that it pays for it: a formula that adds plain
 * input to the write charges the same tokens twice. Hits are rounded down, so that no saving is promised that is not
 * there.
 *
 * **Gotchas**
 *
 * Numbers that are not whole or negative, and a rate beyond 0 to 1, throw a `RangeError`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const expected = (price: Price.Price, { hitRate, prefixTokens, requests, ttl }: Traffic): Savings => {
  if (!(hitRate >= 0 && hitRate <= 1)) throw new RangeError(`hitRate: ${hitRate} is not from 0 to 1`)
  const { read, uncached, write } = rates(price, ttl, prefixTokens)
  const hits = Math.floor(requests * hitRate)
  const readTokens = hits * prefixTokens
  const writtenTokens = (requests - hits) * prefixTokens
  return savings({
    withoutCache: Money.times(uncached, requests * prefixTokens),
    withCache: Money.add(Money.times(read, readTokens), Money.times(write, writtenTokens)),
    readTokens,
    writtenTokens,
  })
}

/**
 * What requests were saved by the caches, from the usage that was reported.
 *
 * **Details**
 *
 * Each answer is priced as it was, and once more as if all of its prompt had been plain input, with the same tier and
 * factors. An answer that does not say what came from a cache saved nothing.
 *
 * @since 0.1.0
 * @category combinators
 */
export const measured = (
  answers: Iterable<{ readonly price: Price.Price; readonly answer: Price.Answer }>,
): Savings => {
  const total = { withoutCache: Money.zero, withCache: Money.zero, readTokens: 0, writtenTokens: 0 }
  for (const { answer, price } of answers) {
    const { items, total: withCache } = Price.cost(price, answer)
    total.withCache = Money.add(total.withCache, withCache)
    total.withoutCache = Money.add(total.withoutCache, Price.cost(price, uncached(answer)).total)
    for (const item of items) {
      if (item.class === "cacheRead" || item.class === "audioCacheRead") total.readTokens += item.quantity
      if (item.class.startsWith("cacheWrite")) total.writtenTokens += item.quantity
    }
  }
  return savings(total)
}

/**
 * Why a prompt cache will not do what is hoped of it.
 *
 * **Details**
 *
 * - `PrefixTooShort`: the provider does not cache so little. Counts are estimates.
 * - `NothingToMark`: no message of the prefix can end it. Tools alone are cached by a setting of the provider.
 * - `LifetimeUnknown`: the provider has no such lifetime, and its usual one was taken.
 * - `PrefixChanged`: in the tools or in a message, after so many characters, one prompt differs from the one before.
 *   What is after that
 *   place is never read from the cache.
 *
 * @since 0.1.0
 * @category models
 */
export type Warning =
  | { readonly _tag: "PrefixTooShort"; readonly tokens: number; readonly minimum: number }
  | { readonly _tag: "NothingToMark" }
  | {
      readonly _tag: "LifetimeUnknown"
      readonly ttl: Price.CacheTtl
      readonly lifetimes: ReadonlyArray<Price.CacheTtl>
    }
  | ({ readonly _tag: "PrefixChanged" } & Difference)

/**
 * What stays the same from request to request: the tools, the system's messages at the beginning, and examples after them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Prefix {
  readonly provider: string
  readonly model: string
  readonly tools?: ReadonlyArray<Tool.Any> | undefined
  /** How many messages after those of the system are examples. None if left out. */
  readonly examples?: number | undefined
  /** How long it is to be kept. As the provider usually does if left out. */
  readonly ttl?: Price.CacheTtl | undefined
}

/**
 * A prompt whose stable prefix is marked.
 *
 * @since 0.1.0
 * @category models
 */
export interface Marked {
  readonly prompt: Prompt.Prompt
  /** The message that ends the prefix; `undefined` where the provider finds prefixes by itself, or there is none. */
  readonly breakpoint: number | undefined
  /** About how many tokens the prefix has, tools included. */
  readonly tokens: number
  readonly warnings: ReadonlyArray<Warning>
}

/**
 * Marks the end of a prompt's stable prefix in the way of the provider.
 *
 * **Details**
 *
 * Anthropic's `cacheControl` and, from `gpt-5.6` on, OpenAI's `promptCacheBreakpoint` are put on the last message of the
 * prefix. Google, DeepSeek and older models of OpenAI cache by themselves, and the prompt stays as it is.
 *
 * **Example** (The system's message)
 *
 * ```ts
 * import { CacheSavings } from "@holdfast/cost"
 *
 * const { breakpoint, warnings } = CacheSavings.mark(
 *   [
 *     { role: "system", content: "You are a shipwright." },
 *     { role: "user", content: "Why do ships float?" },
 *   ],
 *   { provider: "anthropic", model: "claude-sonnet-5-5" },
 * )
 *
 * breakpoint // => 0
 * warnings // => [{ _tag: "PrefixTooShort", tokens: 9, minimum: 1_024 }]
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const mark = (input: Prompt.RawInput, prefix: Prefix): Marked => {
  const prompt = Prompt.make(input)
  const cache = promptCacheOf(prefix)
  const messages = prompt.content.slice(0, prefixLength(prompt, prefix.examples ?? 0))
  const tokens = tokensOf(messages, prefix)
  const warnings: Array<Warning> =
    tokens < cache.minimum ? [{ _tag: "PrefixTooShort", tokens, minimum: cache.minimum }] : []
  const [usual] = cache.lifetimes
  if (usual === undefined) return { prompt, breakpoint: undefined, tokens, warnings }
  const breakpoint = messages.findLastIndex(({ role }) => cache.roles.includes(role))
  if (breakpoint === -1)
    return { prompt, breakpoint: undefined, tokens, warnings: [...warnings, { _tag: "NothingToMark" }] }
  const isKnown = prefix.ttl === undefined || cache.lifetimes.includes(prefix.ttl)
  if (prefix.ttl !== undefined && !isKnown) {
    warnings.push({ _tag: "LifetimeUnknown", ttl: prefix.ttl, lifetimes: cache.lifetimes })
  }
  const option = { [prefix.provider]: cache.option(isKnown ? (prefix.ttl ?? usual) : usual) }
  return { prompt: withOption(prompt, breakpoint, option), breakpoint, tokens, warnings }
}

/**
 * Whether the prefix of a prompt is still what it was in the one before.
 *
 * **When to use**
 *
 * Use in a test of what builds the prompts: a date, a name or an order that changes is found before it is paid for.
 *
 * @since 0.1.0
 * @category combinators
 */
export const changed = (
  { after, before }: { readonly before: Prompt.RawInput; readonly after: Prompt.RawInput },
  prefix: Pick<Prefix, "examples"> & {
    readonly tools?: { readonly before: ReadonlyArray<Tool.Any>; readonly after: ReadonlyArray<Tool.Any> } | undefined
  } = {},
): Option.Option<Warning> => {
  const side = (input: Prompt.RawInput, tools: ReadonlyArray<Tool.Any> | undefined) => {
    const prompt = Prompt.make(input)
    return { messages: prompt.content.slice(0, prefixLength(prompt, prefix.examples ?? 0)), tools: tools ?? [] }
  }
  const place = firstDifference(side(before, prefix.tools?.before), side(after, prefix.tools?.after))
  return Option.map(Option.fromUndefinedOr(place), (found) => ({ _tag: "PrefixChanged", ...found }))
}

const savings = (counted: Omit<Savings, "saved">): Savings => ({
  ...counted,
  saved: Money.subtract(counted.withoutCache, counted.withCache),
})

const uncached = (answer: Price.Answer): Price.Answer => {
  const input = answer.usage?.inputTokens
  if (answer.usage === undefined || input === undefined) return answer
  const { cacheRead, cacheWrite, total, uncached: rest } = input
  const parts = [cacheRead, cacheWrite, rest].filter((count) => count !== undefined)
  const all = total ?? (parts.length === 0 ? undefined : parts.reduce((sum, count) => sum + count, 0))
  return { ...answer, usage: { ...answer.usage, inputTokens: all === undefined ? {} : { total: all } } }
}

const tokensOf = (messages: ReadonlyArray<Prompt.Message>, prefix: Prefix): number => {
  const family = tokenFamilyOf(prefix)
  const { files, texts } = contentsOf({
    prompt: Prompt.fromMessages(messages),
    tools: prefix.tools ?? [],
    responseFormat: { type: "text" },
  })
  const likely = totalOf(texts).likely * family.textFactor
  const media = files.map((file) => mediaTokens(file, family))
  return Math.ceil(
    media.reduce((sum, { audioInput, imageInput, input }) => sum + audioInput + imageInput + input, likely),
  )
}

const withOption = (prompt: Prompt.Prompt, at: number, option: Readonly<Record<string, object>>): Prompt.Prompt =>
  Prompt.fromMessages(prompt.content.map((message, index) => (index === at ? withMore(message, option) : message)))

const withMore = ({ content, options, role }: Prompt.Message, more: Readonly<Record<string, object>>): Prompt.Message =>
  Prompt.makeMessage(role, { content, options: merged(options, more) } as never)

// Other options of the message stay, also those for the same provider.
const merged = (
  options: Readonly<Record<string, unknown>>,
  added: Readonly<Record<string, object>>,
): Readonly<Record<string, unknown>> => ({
  ...options,
  ...Object.fromEntries(Object.entries(added).map(([key, value]) => [key, { ...(options[key] as object), ...value }])),
})
