/**
 * From what a vendor's SDK threw to an `AiError`: the same reading of the same facts for every provider.
 *
 * A provider only extracts facts (status, type, code, message, headers) from its SDK's error classes. Which reason they
 * amount to, whether asking again may help and how long to wait is decided here.
 *
 * @since 0.1.0
 */
import { DateTime, Duration } from "effect"
import { AiError } from "effect/ai"

import { type Facts } from "../Failure.ts"
import { read, type Verdict } from "../internal/error/reading.ts"
import { describeUnknown } from "../internal/error/words.ts"
import { keptHeaders, requestId } from "../internal/http/keptHeaders.ts"
import { httpDate } from "../internal/http/retryHint.ts"
import { commonRules } from "./CommonErrorRules.ts"
import { type ErrorRule, type ProviderFault, type Reason } from "./ErrorRule.ts"

export type { ProviderFault } from "./ErrorRule.ts"

/**
 * Where an error happened, and what must not appear in it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Origin {
  /** The provider's module and function, for the error's own `module` and `method`. */
  readonly module: string
  readonly method: string
  readonly provider: string
  /** The URL that was called, without query and credentials. */
  readonly url: string
  /** Removes what the client was given in confidence from a text that the provider wrote; see `Secrets`. */
  readonly scrub: (text: string) => string
  /** How the provider's errors are read. The rules that all providers share if left out. */
  readonly rules?: ReadonlyArray<ErrorRule> | undefined
  /** Unix time in milliseconds, for answers that give a date and have none of their own. */
  readonly now?: (() => number) | undefined
}

/**
 * The error for a failed exchange, or for an error event inside a stream.
 *
 * **Details**
 *
 * The first of the origin's rules that matches says what it is; where a server passes on what another one said, that is
 * asked first. `x-should-retry`, which OpenAI and Anthropic send, overrules whether asking again may help, save where the
 * vendor's words leave no hope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFault = (origin: Origin, fault: ProviderFault): AiError.AiError => {
  if (fault.status !== undefined && fault.status >= 300 && fault.status < 400) {
    return malformed(origin, `a redirect (${fault.status}), and none is followed`, false)
  }
  const text = readable(origin, fault.message)
  const verdict = read(origin.rules ?? commonRules, fault, text, origin.now)
  const facts = factsOf(origin, fault, { ...verdict, message: cut(text) })
  const headers = keptHeaders(fault.headers ?? {}, origin.scrub)
  const common = {
    metadata: { holdfast: facts },
    ...(fault.status === undefined ? undefined : { http: { response: { status: fault.status, headers } } }),
  }
  const details = { ...common, description: cut(text) }
  return AiError.make({ ...place(origin), reason: reasonOf(verdict.rule.reason, { ...details, facts, origin, fault }) })
}

/**
 * The error for a request that got no HTTP answer, or whose connection broke: refused, reset, DNS, TLS, cut body.
 *
 * **Details**
 *
 * With `answered` the connection broke after the status of an answer, so that tokens were used. Where no connection came about,
 * nothing was sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromTransport = (origin: Origin, cause: unknown, answered = false): AiError.AiError => {
  const known = { kind: "transient", provider: origin.provider } as const
  const told: Facts | undefined = answered
    ? { ...known, billed: true }
    : neverConnected(cause)
      ? { ...known, sent: false }
      : undefined
  return AiError.make({
    ...place(origin),
    reason: new AiError.NetworkError({
      reason: "TransportError",
      method: "POST",
      url: origin.scrub(origin.url),
      description: describe(origin, `${origin.provider}: ${causeChain(cause)}`),
      // This reason has no metadata.
      ...(told && { cause: told }),
    }),
  })
}

/**
 * The error for an answer that is not what the provider's API promises: HTML, broken JSON, a corrupt frame, an empty
 * 200, a wrong shape. Gateways answer so while they restart, so it counts as transient.
 *
 * **Details**
 *
 * `billed` says that tokens may have been used. That is so for every answer with a status of success, whatever its body is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const malformed = (origin: Origin, description: string, billed: boolean): AiError.AiError =>
  AiError.make({
    ...place(origin),
    reason: new AiError.InvalidResponseError({
      description: describe(origin, description),
      metadata: { holdfast: { kind: "transient", provider: origin.provider, billed } },
    }),
  })

/**
 * The error for an answer that was given, and paid, but does not fit what was asked: a tool call whose parameters are
 * not JSON. Asking again is paid again, so no policy does it unless told to.
 *
 * @since 0.1.0
 * @category constructors
 */
export const undecodable = (origin: Origin, description: string): AiError.AiError =>
  AiError.make({
    ...place(origin),
    reason: new AiError.InvalidOutputError({
      description: describe(origin, description),
      metadata: { holdfast: { kind: "undecodable", provider: origin.provider, billed: true } },
    }),
  })

/**
 * The error for something that an SDK threw and that is not one of its own errors: a connection that broke, or an answer it cannot read.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromUnknown = (origin: Origin, cause: unknown, inStream: boolean): AiError.AiError => {
  // Before the status of an answer SDKs throw errors of their own.
  if (isBrokenConnection(cause)) return fromTransport(origin, cause, true)
  if (cause instanceof SyntaxError) return malformed(origin, "the answer is not JSON", true)
  // SDKs stumble over an answer that is not what they expect. What is wrong before that has a code, such as an invalid URL.
  return malformed(origin, thrownMessage(cause), inStream || (cause instanceof TypeError && !("code" in cause)))
}

/**
 * The message of what an SDK threw.
 *
 * @since 0.1.0
 * @category conversions
 */
export const thrownMessage = (cause: unknown): string =>
  cause instanceof Error ? cause.message : "the SDK threw something that is not an Error"

/**
 * Whether what `fetch` threw, before or after the headers, means that the connection broke or was aborted.
 *
 * **Details**
 *
 * undici says "terminated" or "fetch failed" and keeps the reason in `cause`. Other type errors are an SDK's own, when
 * an answer is not what it expects.
 *
 * @since 0.1.0
 * @category guards
 */
export const isBrokenConnection = (cause: unknown): boolean =>
  cause instanceof Error &&
  (cause.name === "AbortError" ||
    (cause instanceof TypeError &&
      (cause.cause !== undefined || /terminated|fetch failed|network error/i.test(cause.message))))

interface Common extends Pick<ConstructorParameters<typeof AiError.InternalProviderError>[0], "metadata" | "http"> {
  readonly description: string
}

interface Told extends Common {
  readonly facts: Facts
  readonly origin: Origin
  readonly fault: ProviderFault
}

const reasonOf = (reason: Reason, { facts, origin, fault, ...common }: Told): AiError.AiErrorReason => {
  const { description: _, ...undescribed } = common
  const { retryAfter } = facts
  // The vendor asks to try again all the same.
  if (facts.kind === "transient") return new AiError.InternalProviderError(common)
  switch (reason) {
    case "quota":
    case "billing":
    case "requestTooLarge":
      return new AiError.QuotaExhaustedError({ ...resetAt(origin, fault, retryAfter), ...undescribed })
    case "contentPolicy":
      return new AiError.ContentPolicyError(common)
    case "invalidKey":
      return new AiError.AuthenticationError({ kind: "InvalidKey", ...common })
    case "permission":
    case "region":
      return new AiError.AuthenticationError({ kind: "InsufficientPermissions", ...common })
    case "contextWindow":
    case "modelNotFound":
    case "unusableModel":
    case "invalidRequest":
      return new AiError.InvalidRequestError({ ...parameterOf(origin, fault), ...common })
    default:
      return reason === "rateLimit" || fault.status === 429
        ? new AiError.RateLimitError({
            ...(retryAfter !== undefined && { retryAfter: Duration.millis(retryAfter) }),
            ...undescribed,
          })
        : new AiError.InternalProviderError(common)
  }
}

const parameterOf = ({ scrub }: Origin, { parameter }: ProviderFault) =>
  parameter === undefined ? undefined : { parameter: label(scrub, parameter) }

const resetAt = ({ now }: Origin, { headers }: ProviderFault, retryAfter: number | undefined) => {
  const from = httpDate(headers?.["date"]) ?? now?.()
  return retryAfter === undefined || from === undefined
    ? undefined
    : { resetAt: DateTime.makeUnsafe(Math.round(from + retryAfter)) }
}

const factsOf = ({ provider, scrub }: Origin, fault: ProviderFault, verdict: Verdict & { message: string }): Facts => {
  const { message, retryAfter, rule } = verdict
  const id = requestId(fault.headers ?? {})
  return {
    kind: kindOf(rule, fault),
    provider,
    message,
    rule: { id: rule.id, reason: rule.reason, source: rule.source },
    ...(rule.statusOnly === true && { unknownWording: true }),
    ...(fault.status !== undefined && { status: fault.status }),
    ...(fault.type !== undefined && { type: label(scrub, fault.type) }),
    ...(fault.code !== undefined && { code: label(scrub, fault.code) }),
    ...(id !== undefined && { requestId: label(scrub, id) }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(rule.reason === "contextWindow" && { contextWindowExceeded: true }),
    ...((fault.inStream === true || fault.billed === true) && { billed: true }),
  }
}

// Names come from the provider, too.
const label = (scrub: Origin["scrub"], name: string): string => scrub(name).slice(0, 200)

const kindOf = ({ reason, statusOnly }: ErrorRule, fault: ProviderFault): Facts["kind"] => {
  const advice = fault.headers?.["x-should-retry"]
  if (advice === "false") return "fatal"
  const kind = kinds[reason]
  const mayBeOverruled = statusOnly === true || reason === "invalidRequest"
  return advice === "true" && kind === "fatal" && mayBeOverruled && fault.status !== 402 ? "transient" : kind
}

const kinds: Readonly<Record<Reason, Facts["kind"]>> = {
  contextWindow: "fatal",
  requestTooLarge: "fatal",
  quota: "fatal",
  billing: "fatal",
  invalidKey: "fatal",
  permission: "fatal",
  region: "fatal",
  modelNotFound: "fatal",
  contentPolicy: "fatal",
  rateLimit: "throttled",
  overloaded: "overloaded",
  timeout: "transient",
  conflict: "transient",
  serverError: "transient",
  unusableModel: "fatal",
  invalidRequest: "fatal",
}

const place = ({ method, module }: Origin) => ({ module, method })

const longestMessage = 1000

const describe = (origin: Origin, text: string): string => cut(readable(origin, text))

const cut = (told: string): string => (told.length > longestMessage ? `${told.slice(0, longestMessage)}…` : told)

const longestPage = 20_000

// A proxy's error page says little in many words. Neither pattern looks past the next `<` of its kind, so that a hostile page
// takes no longer than its length.
const readable = ({ scrub }: Origin, text: string): string => {
  // Scrubbed before it is cut, so that no half of a key can remain.
  const message = scrub(text).slice(0, longestPage)
  if (!/^\s*<(?:!doctype|html|head|body)/i.test(message)) return message
  const words = message
    .replace(/<(style|script)(?:(?!<\/?\1)[\s\S])*<\/\1>/gi, " ")
    .replace(/<[^<>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
  return `an HTML page: ${words.slice(0, 200)}`
}

const connecting = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
])

const neverConnected = (cause: unknown): boolean => {
  let current: unknown = cause
  for (let step = 0; step < 4 && current instanceof Error; step++) {
    if ("code" in current && typeof current.code === "string" && connecting.has(current.code)) return true
    // Of ports that `fetch` does not connect to.
    if (current.message === "bad port") return true
    current = current instanceof AggregateError ? current.errors[0] : current.cause
  }
  return false
}

// undici hides what happened (ECONNREFUSED, ENOTFOUND, UND_ERR_SOCKET) one or two causes down.
const causeChain = (cause: unknown): string => {
  const seen: Array<string> = []
  let current: unknown = cause
  // Bounded by steps, because causes may go round in a circle.
  for (let step = 0; step < 4 && current instanceof Error; step++) {
    const code = "code" in current && typeof current.code === "string" ? ` (${current.code})` : ""
    const line = `${current.message || current.name}${code}`
    if (!seen.includes(line)) seen.push(line)
    current = current instanceof AggregateError ? current.errors[0] : current.cause
  }
  return seen.length === 0 ? describeUnknown(cause) : seen.join(": ")
}
