/**
 * An error as it goes over the wire: typed, with a hint when to come back, and without keys, prompts or words of a vendor.
 *
 * Stack traces, keys, prompts and the words of vendors stay on the server. The fields of Holdfast's own errors travel, so that
 * a client can decode them again.
 *
 * @since 0.1.0
 */
import { type PolicyError } from "@holdfast/core/PolicyError"
import { Option } from "effect"

import { ChatError } from "./internal/error/chatError.ts"
import { WireError } from "./internal/error/fields.ts"
import { decodePolicy, Policy } from "./internal/error/policies.ts"
import { chatErrorOnWire, wireErrorOf } from "./internal/error/wire.ts"

export { ChatError } from "./internal/error/chatError.ts"

export {
  /**
   * An error as it stands in events, frames and bodies.
   *
   * @since 0.1.0
   * @category schemas
   */
  WireError,
  /**
   * Every error of Holdfast's policies, which a client can decode.
   *
   * @since 0.1.0
   * @category schemas
   */
  Policy,
}

/**
 * Any error as it may be shown to a client.
 *
 * **Details**
 *
 * `now` is the time in milliseconds, from which the hint of a budget that starts anew at a moment is made.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromUnknown = (error: unknown, now: number): ChatError => fromWire(wireErrorOf(error, now))

/**
 * @since 0.1.0
 * @category conversions
 */
export const toWire = (error: ChatError): WireError => chatErrorOnWire(error)

/**
 * @since 0.1.0
 * @category conversions
 */
export const fromWire = (error: WireError): ChatError => new ChatError(error)

/**
 * The error of a policy that a chat's error stands for, on either side of the wire.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toPolicyError = ({ policy }: Pick<WireError, "policy">): Option.Option<PolicyError> =>
  policy === undefined ? Option.none() : decodePolicy(policy)
