/**
 * How policies behave whose state several processes share in Redis.
 *
 * One process of many sees only its own share of the failures and of the traffic. With the `layerRedis` of a policy all of
 * them decide by the same numbers: each decision is one atomic script and one round trip, by the server's clock, and what
 * nobody uses any more expires.
 *
 * @since 0.1.0
 */
import { type DurationInput } from "./DurationInput.ts"

/**
 * What all `layerRedis` take.
 *
 * @since 0.1.0
 * @category options
 */
export interface RedisOptions {
  /** What all keys begin with. Applications with equal prefixes share their state. `holdfast` if left out. */
  readonly prefix?: string | undefined
  /** How long a decision may wait for Redis. 250 milliseconds if left out. */
  readonly timeout?: DurationInput | undefined
  /** What happens while Redis does not answer. `onItsOwn` if left out. */
  readonly onUnavailable?: OnUnavailable | undefined
}

/**
 * What happens while the shared state cannot be reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface OnUnavailable {
  readonly _tag: "Local" | "FailClosed"
}

/**
 * Each process goes on by what it sees itself, with the same rules.
 *
 * **Details**
 *
 * The limits of several processes then add up. As soon as Redis answers again, its state holds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const local: OnUnavailable = { _tag: "Local" }

/**
 * Calls are refused, with the error of the policy, until Redis answers again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const failClosed: OnUnavailable = { _tag: "FailClosed" }
