/**
 * What vendors' errors mean, as data: plain records that are read in order, each with its source and a case.
 *
 * Vendors say the same thing in many words, with many statuses, and change both. So no code asks for a word: a rule does,
 * and the tests go through the rules' own cases.
 *
 * @since 0.1.0
 */
import { type Duration } from "effect"

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
  /** The vendor's names of the limits that were hit: `GenerateRequestsPerDayPerProjectPerModel`. */
  readonly limit?: string | undefined
  /** What a server behind this one said, where this one passes it on. */
  readonly upstream?: ProviderFault | undefined
  /** A hint found in the body, such as Gemini's `RetryInfo`. A header wins over it. */
  readonly retryAfter?: Duration.Duration | undefined
  /** The vendor says that money or quota is used up, in a way of its own that the type and the code do not show. */
  readonly quotaExhausted?: boolean | undefined
  /** The error arrived inside a stream that had begun, so that tokens may have been used. */
  readonly inStream?: boolean | undefined
  /** The answer had a status of success all the same, so that tokens may have been used. */
  readonly billed?: boolean | undefined
}

/**
 * What an error turned out to be.
 *
 * **Details**
 *
 * - `contextWindow`: the prompt, or the prompt and the answer, do not fit into the model's context window;
 * - `requestTooLarge`: one request is larger than a limit of the account, so that no waiting helps;
 * - `quota`: a quota is used up that no retry of ours brings back; the hint is its reset, where the vendor says it;
 * - `billing`: no money, or an account that is suspended;
 * - `invalidKey`, `permission`, `region`: who asks, with what rights, from where;
 * - `modelNotFound`: there is no such model, or none for this account;
 * - `contentPolicy`: refused for its content;
 * - `rateLimit`: too many requests or tokens for now;
 * - `overloaded`: the vendor has too much to do, or the model is being loaded;
 * - `timeout`, `conflict`, `serverError`: may well work next time;
 * - `unusableModel`: the server cannot run that model at all;
 * - `invalidRequest`: the request is wrong.
 *
 * @since 0.1.0
 * @category models
 */
export type Reason = (typeof reasons)[number]

/**
 * All reasons.
 *
 * @since 0.1.0
 * @category constants
 */
export const reasons = [
  "contextWindow",
  "requestTooLarge",
  "quota",
  "billing",
  "invalidKey",
  "permission",
  "region",
  "modelNotFound",
  "contentPolicy",
  "rateLimit",
  "overloaded",
  "timeout",
  "conflict",
  "serverError",
  "unusableModel",
  "invalidRequest",
] as const

/**
 * What must be true of an error, all of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Condition {
  /** One of these HTTP statuses; `undefined` stands for an error that came without one, such as inside of a stream. */
  readonly status?: ReadonlyArray<number | undefined> | undefined
  /** The vendor's `type` or `code` is one of these. */
  readonly name?: ReadonlyArray<string> | undefined
  /** The message. Patterns must not look back over what they have read: messages are hostile. */
  readonly message?: RegExp | undefined
  /** The vendor's name of the limit. */
  readonly limit?: RegExp | undefined
}

/**
 * An answer that a rule was made for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  /** Absent for an error event inside of a stream, or in the body of an answer with status 200. */
  readonly status?: number | undefined
  /** The body, parsed; a string if it is no JSON. */
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The hint that is to be found, in milliseconds. */
  readonly retryAfter?: number | undefined
}

/**
 * One rule. The first that matches says what an error is.
 *
 * @since 0.1.0
 * @category models
 */
export interface ErrorRule {
  /** The family of servers, and what they say: `zai/insufficient-balance`. */
  readonly id: `${string}/${string}`
  readonly reason: Reason
  /** One of these must hold. */
  readonly when: readonly [Condition, ...ReadonlyArray<Condition>]
  /** The vendor's document, or the public issue `owner/repo#n`, that shows it. */
  readonly source: string
  readonly cases: readonly [Case, ...ReadonlyArray<Case>]
  /** Whether the status decides alone, so that the words of the error are not known. */
  readonly statusOnly?: boolean | undefined
  /** The offset of dates in the message that say none, such as `+08:00`. UTC if left out. */
  readonly zone?: string | undefined
}

/**
 * The first rule that matches. `text` is the message, cut to what is worth reading.
 *
 * @since 0.1.0
 * @category getters
 */
export const find = (
  rules: ReadonlyArray<ErrorRule>,
  fault: Pick<ProviderFault, "status" | "type" | "code" | "limit">,
  text: string,
): ErrorRule | undefined => rules.find(({ when }) => when.some((condition) => holds(condition, fault, text)))

const holds = (
  { limit, message, name, status }: Condition,
  fault: Pick<ProviderFault, "status" | "type" | "code" | "limit">,
  text: string,
): boolean =>
  (status === undefined || status.includes(fault.status)) &&
  (name === undefined ||
    (fault.type !== undefined && name.includes(fault.type)) ||
    (fault.code !== undefined && name.includes(fault.code))) &&
  (limit === undefined || (fault.limit !== undefined && limit.test(fault.limit))) &&
  (message === undefined || message.test(text))
