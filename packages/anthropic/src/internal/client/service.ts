/**
 * What a client is.
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { type Attempt } from "@holdfast/core"
import type * as Rest from "@holdfast/core/provider/Rest"
import { Context, type Effect } from "effect"
import { type AiError } from "effect/ai"

import { type Endpoint, type MessagesBody } from "../transport.ts"

/**
 * What a client can do.
 *
 * **Details**
 *
 * Every call is one HTTP request, is aborted when its fiber is interrupted, and fails with an `AiError` whose reason,
 * retry hint and request id come from the vendor's answer. The key is in none of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The vendor's name in telemetry. */
  readonly provider: string
  readonly apiUrl: string
  /** The name of the account that pays, in attempts and in limits. */
  readonly account: string | undefined
  /** What a model is priced as, where that is not the provider and its name. */
  readonly pricedAs: (model: string) => Attempt.PricedAs | undefined
  /** The version of the API that requests are made for. */
  readonly apiVersion: string
  readonly messages: Endpoint<MessagesBody>
  /** Batches and files, by their paths. */
  readonly rest: Rest.Rest
  /**
   * Calls the SDK for whatever else the API offers. The signal is to be handed to it.
   */
  readonly use: <A>(call: (sdk: Anthropic, signal: AbortSignal) => PromiseLike<A>) => Effect.Effect<A, AiError.AiError>
}

/**
 * The client of Anthropic.
 *
 * **Example** (What the SDK can do and Holdfast does not wrap)
 *
 * ```ts
 * import { AnthropicClient } from "@holdfast/anthropic"
 * import { Effect } from "effect"
 *
 * const models = Effect.flatMap(AnthropicClient.AnthropicClient, (client) =>
 *   client.use((sdk, signal) => sdk.models.list({}, { signal }).then((page) => page.data.map(({ id }) => id))),
 * )
 *
 * Effect.isEffect(models) // => true
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class AnthropicClient extends Context.Service<AnthropicClient, Service>()(
  "@holdfast/anthropic/AnthropicClient",
) {}

/**
 * A version of the API. Each changes what requests may hold.
 *
 * @since 0.1.0
 * @category models
 */
export type ApiVersion = "2026-10-21" | "2023-06-01" | (string & {})
