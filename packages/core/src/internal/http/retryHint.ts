/**
 * How long the provider asked us to wait, from its response headers. Milliseconds.
 *
 * Parsed strictly: V8's `Date.parse` reads `"-3"` and `"1.5"` as years, and a hint misread as zero is a hot loop.
 * Order as in the vendors' SDKs: `retry-after-ms`, then `retry-after` as seconds, then as an HTTP date (RFC 9110, 10.2.3)
 * against the response's own `date`, so that a wrong clock on our side does not matter.
 */
export const retryHint = (headers: Readonly<Record<string, string>>): number | undefined => {
  const millis = decimal(headers["retry-after-ms"])
  if (millis !== undefined) return millis
  const value = headers["retry-after"]
  const seconds = decimal(value)
  if (seconds !== undefined) return Math.ceil(seconds * 1000)
  const until = httpDate(value)
  const now = httpDate(headers["date"])
  // A date that is past says nothing about when to come back.
  return until === undefined || now === undefined || until <= now ? undefined : until - now
}

const decimal = (value: string | undefined): number | undefined =>
  value !== undefined && /^\s*\d{1,12}(\.\d{1,9})?\s*$/.test(value) ? Number(value) : undefined

const imfFixdate =
  /^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT\s*$/

/** Unix time in milliseconds of a date as HTTP writes it. */
export const httpDate = (value: string | undefined): number | undefined => {
  if (value === undefined || !imfFixdate.test(value)) return undefined
  const millis = Date.parse(value)
  return Number.isNaN(millis) ? undefined : millis
}
