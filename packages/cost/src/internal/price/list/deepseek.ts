/**
 * DeepSeek's prices: https://api-docs.deepseek.com/quick_start/pricing
 *
 * They change often, and sometimes in the course of a day of which only the date is known. On such a day a price is the
 * lower of both, and bills say so.
 *
 * Until September 2025 the night of Beijing cost less. Since August 2026 its office hours cost twice as much: 01:00 to
 * 04:00 and 06:00 to 10:00 UTC, since the 23rd on workdays only. Its public holidays are known up to 2026; later ones are
 * priced as workdays, which is never too little.
 */

import * as Price from "../../../Price.ts"
import { genaiPrices, llmPrices, modelsDev } from "./sources.ts"

type More = Partial<Price.Entry>

const checkedOn = "2026-11-28"

const page = "https://api-docs.deepseek.com/quick_start/pricing"

type Dollars = `$${number}`

type Row = readonly [input: Dollars, cacheRead: Dollars, output: Dollars]

const entry = (model: string, [input, cacheRead, output]: Row, more: More): Price.Price =>
  Price.make({
    provider: "deepseek",
    model,
    perMillion: { input, cacheRead, output },
    source: [page, modelsDev],
    checkedOn,
    ...more,
  })

const period = (from: string, until?: string): More => ({ from, ...(until !== undefined && { until }) })

/** It is only known that the price changed in this time: no less than the lower one. */
const sometime = (from: string, until: string): More => ({
  ...period(from, until),
  atLeast: ["input", "cacheRead", "output"],
})

const v3 = { contextWindow: 64_000, maxOutputTokens: 8_192 }

const r1 = { contextWindow: 64_000, maxOutputTokens: 64_000 }

const v31 = { contextWindow: 128_000, maxOutputTokens: 65_536 }

const v4 = { contextWindow: 1_000_000, maxOutputTokens: 393_216 }

const night = { hours: [["16:30:00Z", "00:30:00Z"]] } as const

const officeHours = {
  hours: [
    ["01:00:00Z", "04:00:00Z"],
    ["06:00:00Z", "10:00:00Z"],
  ],
} as const

// Public holidays on workdays: Mid-Autumn and National Day.
const workdays = {
  ...officeHours,
  days: ["monday", "tuesday", "wednesday", "thursday", "friday"],
  except: ["2026-09-25", "2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"],
} as const

const promotionEnds = "2025-02-08T16:00:00Z"

const nightsBegin = "2025-02-26T16:30:00Z"

const nightsEnd = "2025-09-05T16:00:00Z"

const flashNames = "2026-04-24T00:00:00Z"

const cheapReads = "2026-04-26T00:00:00Z"

const byTheHour = "2026-08-16T16:00:00Z"

const byTheWeek = "2026-08-22T16:00:00Z"

/** Twelve hours lie between what different readers of the page took for the beginning of the new price. */
const newFlash = ["2026-09-09T16:00:00Z", "2026-09-10T04:00:00Z"] as const

const afterFlash = "https://github.com/benderandrew069/deepseek-api-pricing-2026"

const news250929 = "https://api-docs.deepseek.com/news/news250929"

/** `deepseek-chat` and `deepseek-reasoner` since they are one model: V3.1, V3.2, V4 Flash. */
const both = (model: string): ReadonlyArray<Price.Price> => [
  entry(model, ["$0.56", "$0.07", "$1.68"], { ...v31, ...period(nightsEnd, "2025-09-29T00:00:00Z") }),
  entry(model, ["$0.28", "$0.028", "$0.42"], {
    ...v31,
    ...sometime("2025-09-29T00:00:00Z", "2025-09-30T00:00:00Z"),
    source: [news250929, modelsDev],
  }),
  entry(model, ["$0.28", "$0.028", "$0.42"], {
    ...v31,
    ...period("2025-09-30T00:00:00Z", flashNames),
    source: [news250929, modelsDev],
  }),
  entry(model, ["$0.14", "$0.028", "$0.28"], { ...v4, ...sometime(flashNames, "2026-04-25T00:00:00Z") }),
  entry(model, ["$0.14", "$0.028", "$0.28"], { ...v4, ...period("2026-04-25T00:00:00Z", cheapReads) }),
  entry(model, ["$0.14", "$0.0028", "$0.28"], {
    ...v4,
    ...period(cheapReads, "2026-04-27T00:00:00Z"),
    atLeast: ["cacheRead"],
  }),
  // The names are gone since 24 July 2026.
  entry(model, ["$0.14", "$0.0028", "$0.28"], { ...v4, ...period("2026-04-27T00:00:00Z", "2026-07-25T00:00:00Z") }),
]

const chat: ReadonlyArray<Price.Price> = [
  entry("deepseek-chat", ["$0.14", "$0.014", "$0.28"], {
    ...v3,
    ...period("2024-05-06T00:00:00Z", promotionEnds),
    source: ["https://platform.deepseek.com/api-docs/quick_start/pricing", llmPrices],
  }),
  entry("deepseek-chat", ["$0.27", "$0.07", "$1.10"], { ...v3, ...period(promotionEnds, nightsEnd) }),
  entry("deepseek-chat", ["$0.135", "$0.035", "$0.55"], {
    ...v3,
    ...night,
    ...period(nightsBegin, nightsEnd),
    source: [page, genaiPrices],
  }),
  ...both("deepseek-chat"),
]

const reasoner: ReadonlyArray<Price.Price> = [
  entry("deepseek-reasoner", ["$0.55", "$0.14", "$2.19"], {
    ...r1,
    ...period("2025-01-20T00:00:00Z", nightsEnd),
    source: [page, modelsDev, llmPrices],
  }),
  entry("deepseek-reasoner", ["$0.135", "$0.035", "$0.55"], {
    ...r1,
    ...night,
    ...period(nightsBegin, nightsEnd),
    source: [page, genaiPrices],
  }),
  ...both("deepseek-reasoner"),
]

const flashNow = (model: string): ReadonlyArray<Price.Price> => [
  entry(model, ["$0.15", "$0.003", "$0.60"], { ...v4, ...period(newFlash[1]), source: [page, afterFlash] }),
  entry(model, ["$0.30", "$0.006", "$1.20"], {
    ...v4,
    ...workdays,
    ...period(newFlash[1]),
    source: [page, afterFlash],
  }),
]

const flash: ReadonlyArray<Price.Price> = [
  ...flashNow("deepseek-flash"),
  entry("deepseek-v4-flash", ["$0.14", "$0.028", "$0.28"], {
    ...v4,
    ...period(flashNames, cheapReads),
    source: [page, llmPrices, modelsDev],
  }),
  entry("deepseek-v4-flash", ["$0.14", "$0.0028", "$0.28"], {
    ...v4,
    ...period(cheapReads, "2026-04-27T00:00:00Z"),
    atLeast: ["cacheRead"],
  }),
  entry("deepseek-v4-flash", ["$0.14", "$0.0028", "$0.28"], {
    ...v4,
    ...period("2026-04-27T00:00:00Z", byTheHour),
    source: [page, modelsDev, genaiPrices],
  }),
  entry("deepseek-v4-flash", ["$0.22", "$0.007", "$0.66"], {
    ...v4,
    ...period(byTheHour, newFlash[0]),
    source: [page, genaiPrices],
  }),
  ...twice("deepseek-v4-flash", ["$0.44", "$0.014", "$1.32"], newFlash[0]),
  // Since V4.1 the old name is billed as `deepseek-flash`.
  entry("deepseek-v4-flash", ["$0.15", "$0.003", "$0.60"], { ...v4, ...sometime(...newFlash) }),
  entry("deepseek-v4-flash", ["$0.30", "$0.006", "$1.20"], { ...v4, ...workdays, ...sometime(...newFlash) }),
  ...flashNow("deepseek-v4-flash"),
]

const pro: ReadonlyArray<Price.Price> = [
  entry("deepseek-v4-pro", ["$1.74", "$0.145", "$3.48"], {
    ...v4,
    ...period(flashNames, cheapReads),
    source: [page, llmPrices, modelsDev],
  }),
  entry("deepseek-v4-pro", ["$0.435", "$0.003625", "$0.87"], {
    ...v4,
    ...sometime(cheapReads, "2026-04-27T00:00:00Z"),
  }),
  entry("deepseek-v4-pro", ["$0.435", "$0.003625", "$0.87"], {
    ...v4,
    ...period("2026-04-27T00:00:00Z", byTheHour),
    source: [page, modelsDev, genaiPrices],
  }),
  entry("deepseek-v4-pro", ["$0.66", "$0.022", "$1.98"], {
    ...v4,
    ...period(byTheHour),
    source: [page, genaiPrices],
  }),
  ...twice("deepseek-v4-pro", ["$1.32", "$0.044", "$3.96"]),
]

/** In office hours: for a week on every day, and on workdays from then on. */
function twice(model: string, row: Row, until?: string): ReadonlyArray<Price.Price> {
  const source = [page, genaiPrices] as const
  return [
    entry(model, row, { ...v4, ...officeHours, ...period(byTheHour, byTheWeek), source }),
    entry(model, row, { ...v4, ...workdays, ...period(byTheWeek, until), source }),
  ]
}

export const deepseek: ReadonlyArray<Price.Price> = [...flash, ...pro, ...chat, ...reasoner]
