/**
 * From what a vendor's SDK threw to an `AiError`: the same reading of the same facts for every provider.
 *
 * A provider only extracts facts (status, type, code, message, headers) from its SDK's error classes. Which reason they
 * amount to, whether asking again may help and how long to wait is decided here.
 *
 * @since 0.1.0
 */
import { Duration } from "effect"
import { AiError } from "effect/ai"

import { type Facts, kindOfStatus } from "../Failure.ts"
import { describeUnknown } from "../internal/error/words.ts"
import { keptHeaders, requestId } from "../internal/http/keptHeaders.ts"
import { retryHint } from "../internal/http/retryHint.ts"

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
  /** Removes the key from a text that the provider wrote. */
  readonly scrub: (text: string) => string
}

/**
 * What a provider could find out about a failed HTTP exchange, or about an error event inside a stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderFault {
  /** For people. */
  readonly message: string
  /** Absent for an error event inside a stream. */
  readonly status?: number | undefined
  /** The vendor's names: `overloaded_error`, `insufficient_quota`, `RESOURCE_EXHAUSTED`. */
  readonly type?: string | undefined
  readonly code?: string | undefined
  /** The request's field that the vendor complains about. */
  readonly parameter?: string | undefined
  /** Response headers in lower case; only the safe ones are kept. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** A hint found in the body, such as Gemini's `RetryInfo`. A header wins over it. */
  readonly retryAfter?: Duration.Duration | undefined
  /** The vendor says that money or quota is used up, in a way of its own that the type and the code do not show. */
  readonly quotaExhausted?: boolean | undefined
  /** The error arrived inside an answer that had begun, so that tokens may have been used. */
  readonly inStream?: boolean | undefined
}

/**
 * The error for a failed exchange, or for an error event inside a stream.
 *
 * **Details**
 *
 * Exhausted quota wins over everything, then content policy, then the status, then the vendor's type where there is no
 * status. `x-should-retry`, which OpenAI and Anthropic send, overrules whether asking again may help.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFault = (origin: Origin, fault: ProviderFault): AiError.AiError => {
  if (fault.status !== undefined && fault.status >= 300 && fault.status < 400) {
    return malformed(origin, `a redirect (${fault.status}), and none is followed`, false)
  }
  const description = describe(origin, fault.message)
  const facts = factsOf(origin, fault, description)
  const common = {
    metadata: { holdfast: facts },
    ...(fault.status === undefined
      ? undefined
      : { http: { response: { status: fault.status, headers: keptHeaders(fault.headers ?? {}) } } }),
  }
  return AiError.make({ ...place(origin), reason: reasonOf(fault, facts, { ...common, description }) })
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
      url: origin.url,
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
 * The error for what an SDK threw that is no error of its own: a connection that broke, or an answer it cannot read.
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
 * What is told of what an SDK threw.
 *
 * @since 0.1.0
 * @category conversions
 */
export const thrownMessage = (cause: unknown): string =>
  cause instanceof Error ? cause.message : "the SDK threw what is no error"

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

type Common = Pick<ConstructorParameters<typeof AiError.InternalProviderError>[0], "metadata" | "http"> & {
  readonly description: string
}

const reasonOf = (fault: ProviderFault, facts: Facts, common: Common): AiError.AiErrorReason => {
  const { description: _, ...undescribed } = common
  const retryAfter = facts.retryAfter === undefined ? undefined : Duration.millis(facts.retryAfter)
  if (isQuota(fault)) return new AiError.QuotaExhaustedError(undescribed)
  if (isContentPolicy(fault)) return new AiError.ContentPolicyError(common)
  if (isThrottle(fault)) return new AiError.RateLimitError({ ...(retryAfter && { retryAfter }), ...undescribed })
  const authentication = authenticationKind(fault)
  if (authentication !== undefined) return new AiError.AuthenticationError({ kind: authentication, ...common })
  if (facts.kind === "fatal" && (fault.status === undefined || fault.status < 500)) {
    const parameter = fault.parameter === undefined ? undefined : { parameter: fault.parameter }
    return new AiError.InvalidRequestError({ ...parameter, ...common })
  }
  return new AiError.InternalProviderError(common)
}

const factsOf = ({ provider, scrub }: Origin, fault: ProviderFault, message: string): Facts => {
  const headers = fault.headers ?? {}
  const id = requestId(headers)
  const retryAfter = retryHint(headers) ?? (fault.retryAfter && Duration.toMillis(fault.retryAfter))
  return {
    kind: kindOf(fault),
    provider,
    message,
    ...(fault.status !== undefined && { status: fault.status }),
    ...(fault.type !== undefined && { type: label(scrub, fault.type) }),
    ...(fault.code !== undefined && { code: label(scrub, fault.code) }),
    ...(id !== undefined && { requestId: id }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(isContextWindow(fault) && { contextWindowExceeded: true }),
    ...(fault.inStream === true && { billed: true }),
  }
}

// Names come from the provider, too.
const label = (scrub: Origin["scrub"], name: string): string => scrub(name).slice(0, 100)

const kindOf = (fault: ProviderFault): Facts["kind"] => {
  if (isQuota(fault) || isContentPolicy(fault) || isContextWindow(fault)) return "fatal"
  const advice = fault.headers?.["x-should-retry"]
  const kind = isOverload(fault) ? "overloaded" : isThrottle(fault) ? "throttled" : plainKind(fault)
  if (advice === "false") return "fatal"
  return advice === "true" && kind === "fatal" ? "transient" : kind
}

const plainKind = (fault: ProviderFault): Facts["kind"] => {
  const status = kindOfStatus(fault.status)
  if (status !== undefined) return status
  return named(fault, fatalNames) ? "fatal" : "transient"
}

const names = (...values: ReadonlyArray<string>): ReadonlySet<string> => new Set(values)

// The vendors' documented error types and codes; Google's are the canonical gRPC codes.
const quotaNames = names("insufficient_quota", "billing_error", "billing_not_active", "billing_hard_limit_reached")
const policyNames = names("content_policy_violation", "content_filter", "moderation_blocked", "invalid_prompt")
const overloadNames = names("overloaded_error", "engine_overloaded", "server_overloaded", "server_is_overloaded")
const throttleNames = names("rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED", "slow_down")
const keyNames = names(
  "authentication_error",
  "invalid_api_key",
  "UNAUTHENTICATED",
  "API_KEY_INVALID",
  "API_KEY_EXPIRED",
)
const permissionNames = names("permission_error", "PERMISSION_DENIED")
const fatalNames = names(
  "invalid_request_error",
  "not_found_error",
  "request_too_large",
  "INVALID_ARGUMENT",
  "FAILED_PRECONDITION",
  "NOT_FOUND",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "model_not_found",
  "string_above_max_length",
  "invalid_image",
  ...keyNames,
  ...permissionNames,
)

const named = (fault: ProviderFault, set: ReadonlySet<string>): boolean =>
  (fault.type !== undefined && set.has(fault.type)) || (fault.code !== undefined && set.has(fault.code))

const isQuota = (fault: ProviderFault): boolean =>
  fault.quotaExhausted === true ||
  fault.status === 402 ||
  named(fault, quotaNames) ||
  /credit balance is too low/i.test(fault.message)

const isContentPolicy = (fault: ProviderFault): boolean => named(fault, policyNames)

const isThrottle = (fault: ProviderFault): boolean =>
  fault.status === 429 || (fault.status === undefined && named(fault, throttleNames))

const isOverload = (fault: ProviderFault): boolean =>
  fault.status === 529 ||
  named(fault, overloadNames) ||
  ((fault.status === 503 || fault.status === undefined) && /\boverloaded\b/i.test(fault.message))

const isContextWindow = (fault: ProviderFault): boolean =>
  fault.code === "context_length_exceeded" ||
  fault.type === "model_context_window_exceeded" ||
  ((fault.status === undefined || fault.status === 400 || fault.status === 413) && contextMessage.test(fault.message))

const contextMessage =
  /maximum context length|context window|context length|prompt is too long|input is too long|exceeds the maximum number of (input )?tokens/i

const authenticationKind = (fault: ProviderFault): "InvalidKey" | "InsufficientPermissions" | undefined => {
  if (fault.status === 401 || named(fault, keyNames)) return "InvalidKey"
  if (fault.status === 403 || named(fault, permissionNames)) return "InsufficientPermissions"
  return undefined
}

const place = ({ method, module }: Origin) => ({ module, method })

const longestMessage = 1000

// Scrubbed before it is cut, so that no half of a key can remain.
const describe = ({ scrub }: Origin, text: string): string => {
  const told = readable(scrub(text).slice(0, longestPage))
  return told.length > longestMessage ? `${told.slice(0, longestMessage)}…` : told
}

const longestPage = 20_000

// A proxy's error page says little in many words. Neither pattern looks past the next `<` of its kind, so that a hostile page
// takes no longer than its length.
const readable = (message: string): string => {
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
