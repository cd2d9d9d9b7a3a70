/**
 * What happened to one call, as data that can be kept: no prompt, no answer, no key.
 */
import { Money } from "@holdfast/cost"
import { Schema } from "effect"

const Count = Schema.optionalKey(Schema.Finite)

/**
 * Why an attempt failed, as far as policies look at it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Fault = Schema.Struct({
  /** The tag of the error. */
  tag: Schema.String,
  kind: Schema.String,
  status: Schema.optionalKey(Schema.Int),
  /** Milliseconds. */
  retryAfter: Count,
  billed: Schema.Boolean,
})

/**
 * One attempt. Times are milliseconds since the call began.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Attempt = Schema.Struct({
  at: Schema.Finite,
  index: Schema.Int,
  provider: Schema.String,
  model: Schema.String,
  /** How long it took, and how long until its first content. */
  duration: Schema.Finite,
  firstPart: Count,
  outcome: Schema.Literals(["Completed", "Failed", "Interrupted", "Abandoned"]),
  /** Whether it had delivered content when it ended. */
  committed: Schema.Boolean,
  fault: Schema.optionalKey(Fault),
  parts: Schema.Int,
  characters: Schema.Int,
  tokens: Schema.Struct({
    input: Count,
    output: Count,
    cacheRead: Count,
    cacheWrite: Count,
    reasoning: Count,
  }),
  cost: Money.Money,
  basis: Schema.String,
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Attempt = typeof Attempt.Type

/**
 * Something that a policy decided, or that changed while the call ran.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Decision = Schema.Struct({
  at: Schema.Finite,
  kind: Schema.Literals([
    "retry",
    "hedge",
    "fallback",
    "refusal",
    "cacheHit",
    "circuit",
    "limit",
    "sharedState",
    "reserved",
    "charged",
  ]),
  /** The model, circuit, limit or policy that it is about. */
  subject: Schema.String,
  /** Where it goes from there: a model, or the new state of a circuit. */
  to: Schema.optionalKey(Schema.String),
  /** The tag of the error that was the reason. */
  error: Schema.optionalKey(Schema.String),
  /** Milliseconds: of a retry's delay, of the silence before a hedge, of a limit. */
  lasts: Count,
  amount: Schema.optionalKey(Money.Money),
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Decision = typeof Decision.Type

/**
 * The trace of one call.
 *
 * @since 0.1.0
 * @category schemas
 */
export const DecisionTrace = Schema.Struct({
  version: Schema.Literal(1),
  callId: Schema.String,
  /** Unix milliseconds. */
  startedAt: Schema.Finite,
  operation: Schema.String,
  mode: Schema.Literals(["generate", "stream"]),
  provider: Schema.String,
  model: Schema.String,
  tenant: Schema.optionalKey(Schema.String),
  tags: Schema.Record(Schema.String, Schema.String),
  priority: Schema.Literals(["critical", "interactive", "batch", "best-effort"]),
  /** Characters of the request's text. */
  requestSize: Schema.Int,
  outcome: Schema.Literals(["Completed", "Failed", "Interrupted", "Abandoned"]),
  error: Schema.optionalKey(Schema.String),
  duration: Schema.Finite,
  firstPart: Count,
  queueWait: Schema.Finite,
  cacheHit: Schema.Boolean,
  cost: Money.Money,
  attempts: Schema.Array(Attempt),
  decisions: Schema.Array(Decision),
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type DecisionTrace = typeof DecisionTrace.Type
