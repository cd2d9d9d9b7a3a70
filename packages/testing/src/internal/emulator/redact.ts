import { createHash } from "node:crypto"

const secretHeaders = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-api-key",
  "x-goog-api-key",
  "api-key",
])

/** The same for the same key, and of no use to anyone who reads it. */
export const fingerprint = (key: string): string =>
  `redacted:${createHash("sha256").update(key).digest("hex").slice(0, 16)}`

const withoutScheme = (value: string): string => value.replace(/^bearer\s+/i, "")

/** The headers with every credential replaced by its fingerprint. */
export const redactHeaders = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, secretHeaders.has(name) ? fingerprint(withoutScheme(value)) : value]],
    ),
  )

/** The query with the key that Google accepts there replaced by its fingerprint. */
export const redactQuery = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...query].map(([name, value]) => [name, name === "key" ? fingerprint(value) : value]))
