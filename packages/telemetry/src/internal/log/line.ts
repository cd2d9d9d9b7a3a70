/**
 * One line of a request log, as data and as JSON.
 */
import { Money } from "@holdfast/cost"
import { Schema } from "effect"

const Tokens = Schema.Struct({
  input: Schema.optionalKey(Schema.Int),
  output: Schema.optionalKey(Schema.Int),
  cacheRead: Schema.optionalKey(Schema.Int),
  cacheWrite: Schema.optionalKey(Schema.Int),
  reasoning: Schema.optionalKey(Schema.Int),
})

/**
 * A line about a call or about one of its attempts.
 *
 * **Details**
 *
 * Durations are milliseconds. `input` tokens include cached ones. A line of a call has the sums of its attempts; `sampled` says how
 * many lines stand for one another: count each line so many times.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Line = Schema.Struct({
  line: Schema.Literals(["call", "attempt"]),
  /** When it began, in Unix milliseconds. */
  at: Schema.Finite,
  callId: Schema.String,
  attemptId: Schema.optionalKey(Schema.String),
  /** 1 for the first attempt of a call. */
  index: Schema.optionalKey(Schema.Int),
  traceId: Schema.optionalKey(Schema.String),
  spanId: Schema.optionalKey(Schema.String),
  /** The provider's id of the request. */
  requestId: Schema.optionalKey(Schema.String),
  tenant: Schema.optionalKey(Schema.String),
  user: Schema.optionalKey(Schema.String),
  session: Schema.optionalKey(Schema.String),
  tags: Schema.Record(Schema.String, Schema.String),
  priority: Schema.String,
  operation: Schema.String,
  mode: Schema.Literals(["generate", "stream"]),
  /** Of a call: the one that its stack asks first. */
  provider: Schema.String,
  model: Schema.String,
  responseModel: Schema.optionalKey(Schema.String),
  /** Models that a call asked, as `provider/model`, in order. */
  asked: Schema.optionalKey(Schema.Array(Schema.String)),
  attempts: Schema.optionalKey(Schema.Int),
  outcome: Schema.Literals(["Completed", "Failed", "Interrupted", "Abandoned"]),
  finish: Schema.optionalKey(Schema.String),
  /** The tag of the error: `RateLimitError`. */
  errorType: Schema.optionalKey(Schema.String),
  /** `throttled`, `overloaded`, `transient`, `undecodable`, `fatal`, `ignored`. */
  failure: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Int),
  /** The provider's hint when to come back. */
  retryAfter: Schema.optionalKey(Schema.Finite),
  /** Policies that refused the call or one of its attempts. */
  refusedBy: Schema.optionalKey(Schema.Array(Schema.String)),
  timeToFirstPart: Schema.optionalKey(Schema.Finite),
  duration: Schema.Finite,
  queueWait: Schema.optionalKey(Schema.Finite),
  tokens: Tokens,
  cost: Money.Money,
  /** `reported`, `estimated`, `unbilled`, `unpriced`; of a call the least certain one of its attempts. */
  basis: Schema.Literals(["reported", "estimated", "unbilled", "unpriced", "none"]),
  cacheHit: Schema.optionalKey(Schema.Boolean),
  /** HMAC-SHA-256 of tenant and request, and the name of the key that it was made with. */
  promptHash: Schema.optionalKey(Schema.String),
  hashKey: Schema.optionalKey(Schema.String),
  /** Characters of the request's text. */
  requestSize: Schema.optionalKey(Schema.Int),
  sampled: Schema.Int,
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Line = typeof Line.Type

/** A line that can still be filled in. */
export type Draft = { -readonly [Field in keyof Line]: Line[Field] }

/**
 * As one line of JSON, which `Line` reads again.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toJson = (line: Line): string => JSON.stringify(encoded(line))

/** What `Line` encodes to, several times as fast as a schema does it. */
export const encoded = (line: Line) => ({ ...line, cost: dollars(line.cost) })

const perDollar = 1_000_000_000_000n

/** What `Money` reads again: `"0.00079 USD"`. */
const dollars = (amount: Money.Money): string => {
  const [sign, size] = amount < 0n ? ["-", 0n - amount] : ["", amount]
  const rest = String(size % perDollar)
    .padStart(12, "0")
    .replace(/0+$/, "")
  return `${sign}${size / perDollar}${rest === "" ? "" : "."}${rest} USD`
}
