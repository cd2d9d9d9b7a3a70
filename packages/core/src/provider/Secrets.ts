/**
 * All that a client was given in confidence, and its removal from whatever servers write.
 *
 * Proxies echo requests in their error pages, with headers and all, in whatever escaping the page has. One set holds every
 * secret of a client, and each text that comes from outside goes through its `scrub` before it becomes part of an error, an
 * event or a log.
 *
 * @since 0.1.0
 */
import { Predicate, Redacted, Result } from "effect"

import { escapedForms, lengthOfHead } from "../internal/secret/forms.ts"

/**
 * A set of secrets that may grow while it is in use, such as with keys that are rotated.
 *
 * @since 0.1.0
 * @category models
 */
export interface Secrets {
  /**
   * From now on these are removed, too. Empty ones and those that are known change nothing.
   *
   * **Details**
   *
   * The last 256 are kept, so that a key that is replaced every hour does not make errors ever slower to read. One that is
   * added again counts as the newest.
   */
  readonly add: (...secrets: ReadonlyArray<string | Redacted.Redacted | undefined>) => void
  /**
   * The text with `<redacted>` in the place of every secret.
   *
   * **Details**
   *
   * Found are also the forms that servers write: escaped for URLs, HTML or JSON, also twice, in base64 (by itself or inside
   * of something longer), in hexadecimal digits, and cut after its first third. Secrets of fewer than 8 characters are
   * only removed where they stand by themselves, because they may be a part of any word. Of a text with more than 200,000
   * characters only the beginning is kept.
   */
  readonly scrub: (text: string) => string
}

/**
 * Makes a set of secrets.
 *
 * **Example** (A key, and what a proxy made of it)
 *
 * ```ts
 * import { Secrets } from "@holdfast/core/provider"
 *
 * const secrets = Secrets.make("sk-live+12345678")
 * secrets.add("sk-next+12345678")
 *
 * secrets.scrub("GET /?key=sk-live%2B12345678, then sk-next+12345678") // => "GET /?key=<redacted>, then <redacted>"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (...initial: ReadonlyArray<string | Redacted.Redacted | undefined>): Secrets => {
  const patterns = new Map<string, RegExp | undefined>()
  const scrub = (text: string): string => {
    if (patterns.size === 0) return text
    const begin = text.length > longestText ? text.slice(0, longestText) : text
    let scrubbed = begin
    for (const secret of longestFirst(patterns)) {
      // Made when it is first needed: most clients never fail.
      const pattern = patterns.get(secret) ?? patternOf(secret)
      patterns.set(secret, pattern)
      scrubbed = scrubbed.replace(pattern, marker)
    }
    // The cut may have left the first half of a secret.
    return begin === text ? scrubbed : `${scrubbed.slice(0, -longestSecret)}…`
  }
  const add: Secrets["add"] = (...secrets) => {
    for (const given of secrets) {
      const secret = (Redacted.isRedacted(given) ? Redacted.value(given) : (given ?? "")).trim()
      if (secret === "") continue
      const pattern = patterns.get(secret)
      patterns.delete(secret)
      patterns.set(secret, pattern)
      if (patterns.size > most) patterns.delete(patterns.keys().next().value ?? "")
    }
  }
  add(...initial)
  return { add, scrub }
}

/**
 * The set that is empty, for what has no key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none: Secrets = { add: () => undefined, scrub: (text) => text }

/**
 * What is to be kept secret of a client's own headers.
 *
 * **Details**
 *
 * Any value may be a secret, so all are but short ones and those of headers that are known to hold none (`user-agent`,
 * `anthropic-beta`, `http-referer` and so on). Of `Bearer abc`, `Basic abc`, cookies and other lists the parts count as well, and of
 * `Basic` the password.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofHeaders = (headers: Readonly<Record<string, unknown>> | undefined): ReadonlyArray<string> =>
  Object.entries(headers ?? {}).flatMap(([name, value]) => {
    if (!Predicate.isString(value) || openHeader.test(name)) return []
    const isSecret = secretName.test(name)
    if (!isSecret && value.trim().length < shortest) return []
    return isSecret ? [value].concat(partsOf(value)) : [value]
  })

/**
 * What is to be kept secret of a URL: credentials, and the values in its query whose names say so or that are long.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofUrl = (url: string): ReadonlyArray<string> => {
  if (!URL.canParse(url)) return []
  const { password, searchParams, username } = new URL(url)
  const values = [...searchParams].flatMap(([name, value]) =>
    secretName.test(name) || (value.length >= 16 && !openHeader.test(name)) ? [value] : [],
  )
  return [decoded(password), ...(password === "" ? [] : [`${username}:${password}`]), ...values].filter((s) => s !== "")
}

/**
 * A text without secrets, where there is one.
 *
 * @since 0.1.0
 * @category conversions
 */
export const scrubbed = (text: string | undefined, scrub: Secrets["scrub"]): string | undefined =>
  text === undefined ? undefined : scrub(text)

const marker = "<redacted>"
const most = 256
const longestText = 200_000
const longestSecret = 4096
const shortest = 8

const longestFirst = (patterns: ReadonlyMap<string, unknown>): ReadonlyArray<string> =>
  [...patterns.keys()].toSorted((a, b) => b.length - a.length)

const patternOf = (secret: string): RegExp => {
  const whole = secret.slice(0, longestSecret)
  if (secret.length < shortest) {
    const [asItIs = ""] = escapedForms(whole)
    return new RegExp(`(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))${asItIs}(?![A-Za-z0-9])`, "g")
  }
  const head = lengthOfHead(whole)
  const [asItIs = "", ...encoded] = escapedForms(whole)
  const cut = head === undefined ? [] : [`${escapedForms(whole.slice(0, head))[0]}[\\w.~+/%=-]*`]
  return new RegExp([asItIs, ...cut, ...encoded].join("|"), "gi")
}

const openHeader =
  /^(?:accept|content|user-agent|host|origin|connection|cache-control|pragma|referer|http-referer|x-title|x-openrouter-title|x-stainless|traceparent|tracestate|openai-beta|openai-organization|openai-project|anthropic-beta|anthropic-version|api-version)(?:$|-)/i

const secretName = /auth|key|token|secret|passw|credential|cookie|signature|session|jwt|bearer|\bsig\b|\bpwd?\b/i

const partsOf = (value: string): ReadonlyArray<string> => {
  const parts = value.split(/[\s,;="]+/).filter((part) => part.length >= shortest)
  const basic = /^\s*Basic\s+([\w+/=-]{4,4096})\s*$/i.exec(value)?.[1]
  if (basic === undefined) return parts
  const credentials = Result.getOrElse(
    Result.try(() => atob(basic.replaceAll("-", "+").replaceAll("_", "/"))),
    () => "",
  )
  const password = credentials.slice(credentials.indexOf(":") + 1)
  return [...parts, basic, credentials, password].filter((part) => part !== "")
}

const decoded = (text: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(text)),
    () => text,
  )
