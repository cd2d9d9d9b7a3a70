import { type Duration } from "effect"

/**
 * The kinds of failure that policies tell apart.
 *
 * **Details**
 *
 * - `transient`: may well work next time (408, 409, 425, 500, 502, 503, 504, broken connections, truncated streams);
 * - `throttled`: we asked too often (429); the limiter's business, never the breaker's;
 * - `overloaded`: the provider has too much to do (529, or an error that says so);
 * - `undecodable`: the model answered, and was paid, but the answer does not fit the schema;
 * - `fatal`: asking again cannot help (bad request, bad key, exhausted quota, content policy, context window);
 * - `ignored`: says nothing about the model, because we refused the call ourselves.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "transient" | "throttled" | "overloaded" | "undecodable" | "fatal" | "ignored"

/**
 * What an error means to a policy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  readonly kind: Kind
  /** How long the provider asked us to wait. */
  readonly retryAfter: Duration.Duration | undefined
  /** Whether the provider had begun to answer, so that tokens were used although the call failed. */
  readonly billed: boolean
}
