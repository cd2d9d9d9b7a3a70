/**
 * What a provider of embeddings has to bring: one function on a vendor's SDK.
 *
 * @since 0.1.0
 */
import { type Effect, type Scope } from "effect"

import { type PricedAs } from "../internal/call/types.ts"
import { type RequestLimits } from "../ModelCall.ts"
import { type ProviderReply, type RequestFailure } from "./ProviderModel.ts"

/**
 * A request as a provider of embeddings receives it: at least one text, none of them empty, and no more than its limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbeddingRequest {
  readonly inputs: ReadonlyArray<string>
}

/**
 * What a provider of embeddings answered.
 *
 * **Details**
 *
 * The vectors stand in the order of the inputs: a provider that numbers them is sorted by it. Their count, their lengths and
 * their numbers are checked by `core`.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbeddingAnswer {
  readonly vectors: ReadonlyArray<ReadonlyArray<number>>
  /** As the vendor counted. Unknown is `undefined`, never zero. */
  readonly inputTokens: number | undefined
  /** The model that the vendor says it used. */
  readonly responseModel?: string | undefined
  /** What else the vendor said, by its name, as the `finish` part of a chat has it. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/**
 * One embedding model of one vendor.
 *
 * **Details**
 *
 * - Exactly one HTTP request per call: no retries in the SDK.
 * - Interrupting the effect aborts the request and closes the socket.
 * - A setting that the model cannot take is `UnsupportedOption`, before any request. `CallSettings` are refused by `core`:
 *   they all concern answers that are generated.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderEmbeddingModel {
  /** The vendor's name as OpenTelemetry writes it: `openai`, `gcp.gemini`, `mistral_ai`. */
  readonly provider: string
  readonly model: string
  /** The name of the account that pays; absent where the client has none. */
  readonly account?: string | undefined
  /** What it is priced as, where that is not provider and model. */
  readonly pricedAs?: PricedAs | undefined
  /** The settings of the running request; absent where there are none. A cache tells answers apart by them. */
  readonly settings?: Effect.Effect<object> | undefined
  /** What one request may hold; absent where the vendor sets no limits. */
  readonly limits?: RequestLimits | undefined
  readonly embed: (
    request: EmbeddingRequest,
  ) => Effect.Effect<ProviderReply<EmbeddingAnswer>, RequestFailure, Scope.Scope>
}
