/**
 * How long the provider asked us to wait, from its response headers. Milliseconds.
 *
 * Parsed strictly: V8's `Date.parse` reads `"-3"` and `"1.5"` as years, and a hint misread as zero is a hot loop.
 * Order as in the vendors' SDKs: `retry-after-ms`, then `retry-after` as seconds, then as a date (RFC 9110, 10.2.3)
 * against the response's own `date`, so that a wrong clock on our side does not matter. Servers write more than the RFC
 * allows: `1s`, `6m0s`, RFC 3339, Unix time.
 *
 * @param now Unix time in milliseconds, for answers without a date.
 */
export const retryHint = (headers: Readonly<Record<string, string>>, now?: () => number): number | undefined => {
  const millis = decimal(headers["retry-after-ms"])
  if (millis !== undefined) return sensible(millis)
  return waitUntil(headers["retry-after"], () => httpDate(headers["date"]) ?? now?.())
}

/**
 * How long until what is used up comes back, from headers such as `x-ratelimit-reset-tokens`. Milliseconds.
 *
 * What is left of other limits says nothing, so their reset does not count. A reset by itself does.
 */
export const limitReset = (headers: Readonly<Record<string, string>>, now?: () => number): number | undefined => {
  const resets = Object.keys(headers).filter((name) => resetName.test(name))
  const used = resets.filter((name) => {
    const remaining = headers[name.replace("reset", "remaining")]
    return remaining === undefined ? resets.length === 1 : /^\s*0+(?:\.0+)?\s*$/.test(remaining)
  })
  const waits = used.flatMap((name) => waitUntil(headers[name], () => httpDate(headers["date"]) ?? now?.()) ?? [])
  return waits.length === 0 ? undefined : Math.max(...waits)
}

const resetName = /^(?:x-ratelimit-reset(?:-[a-z-]+)?|ratelimit(?:-[a-z-]+)?-reset|anthropic-ratelimit-[a-z-]+-reset)$/

/** Milliseconds until what a text names: seconds, a span such as `6m0s`, Unix time, or a date. Nothing if it is past. */
export const waitUntil = (value: string | undefined, now: () => number | undefined): number | undefined => {
  if (value === undefined || value.length > 60) return undefined
  const number = decimal(value)
  if (number !== undefined && number < firstUnixTime) return sensible(Math.ceil(number * 1000))
  const span = number === undefined ? spanOf(value) : undefined
  if (span !== undefined) return sensible(span)
  const until = number === undefined ? (httpDate(value) ?? timestamp(value)) : unixTime(number)
  const from = until === undefined ? undefined : now()
  return until === undefined || from === undefined ? undefined : sensible(until - from)
}

/** A hint of nothing is none, and one of more than a year is no hint either. */
export const sensible = (millis: number): number | undefined =>
  millis > 0 && millis <= 366 * 86_400_000 ? millis : undefined

// Nobody asks for a wait of thirty years, and no Unix time since 2001 is smaller.
const firstUnixTime = 1e9

const unixTime = (value: number): number => (value >= 1e12 ? value : value * 1000)

const decimal = (value: string | undefined): number | undefined =>
  value !== undefined && /^\s*\d{1,15}(\.\d{1,9})?\s*$/.test(value) ? Number(value) : undefined

const spanOf = (value: string): number | undefined => {
  const spans = span.exec(value.trim())
  return spans === null
    ? undefined
    : Math.ceil(spans.slice(1).reduce((sum, part, index) => sum + Number(part ?? 0) * (units[index] ?? 0), 0))
}

const span =
  /^(?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/

const units = [86_400_000, 3_600_000, 60_000, 1_000, 1]

const rfc3339 = /^\s*\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})\s*$/

/** Unix time in milliseconds of a date as in RFC 3339. */
export const timestamp = (value: string): number | undefined => {
  const millis = rfc3339.test(value) ? Date.parse(value.trim()) : Number.NaN
  return Number.isNaN(millis) ? undefined : millis
}

const imfFixdate =
  /^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT\s*$/

/** Unix time in milliseconds of a date as HTTP writes it. */
export const httpDate = (value: string | undefined): number | undefined => {
  if (value === undefined || !imfFixdate.test(value)) return undefined
  const millis = Date.parse(value)
  return Number.isNaN(millis) ? undefined : millis
}
