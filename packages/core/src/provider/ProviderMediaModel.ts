/**
 * What a provider of images, speech, transcripts, moderation or decisions has to bring: one function on a vendor's SDK.
 *
 * @since 0.1.0
 */
import { type Effect, type Scope } from "effect"
import { type Response } from "effect/ai"

import { type PricedAs } from "../internal/call/types.ts"
import { type MediaUsage } from "../MediaUsage.ts"
import { type Options, type Part } from "../Operation.ts"
import { type ProviderReply, type RequestFailure } from "./ProviderModel.ts"

/**
 * The operations with one request and one whole answer.
 *
 * @since 0.1.0
 * @category models
 */
export type MediaKind = "moderation" | "images" | "speech" | "transcription" | "decisions"

/**
 * What is asked of a model.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Request<K extends MediaKind> = Options<K>["request"]

/**
 * A part of an answer that is content, and no usage.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Content<K extends MediaKind> = Exclude<
  Part<K>,
  Response.ResponseMetadataPartEncoded | Response.FinishPartEncoded
>

/**
 * What a provider answered.
 *
 * **Details**
 *
 * Bytes are in base64. Whether they are, and whether anything is there, is checked by `core`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer<K extends MediaKind> {
  readonly content: ReadonlyArray<Content<K>>
  /** As the vendor counted, in media. A model that is billed like a chat gives `tokens` instead. */
  readonly usage?: MediaUsage | undefined
  /** As the vendor counted, in the shape of a chat; with the vendor's own usage among `metadata`. */
  readonly tokens?: Response.FinishPartEncoded["usage"] | undefined
  /** The model that the vendor says it used. */
  readonly responseModel?: string | undefined
  readonly responseId?: string | undefined
  /** What else the vendor said, by its name, as the `finish` part of a chat has it. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/**
 * One model of one vendor.
 *
 * **Details**
 *
 * - Exactly one HTTP request per call: no retries in the SDK.
 * - Interrupting the effect aborts the request and closes the socket.
 * - A setting that the model cannot take is `UnsupportedOption`, before any request. `CallSettings` are refused by `core`:
 *   they all concern chats.
 * - How long an answer may be is bounded by the provider.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderMediaModel<K extends MediaKind> {
  /** The vendor's name as OpenTelemetry writes it: `openai`, `gcp.gemini`. */
  readonly provider: string
  readonly model: string
  /** The name of the account that pays; absent where the client has none. */
  readonly account?: string | undefined
  /** What it is priced as, where that is not provider and model. */
  readonly pricedAs?: PricedAs | undefined
  /** The settings of the running request; absent where there are none. A cache tells answers apart by them. */
  readonly settings?: Effect.Effect<object> | undefined
  readonly ask: (request: Request<K>) => Effect.Effect<ProviderReply<Answer<K>>, RequestFailure, Scope.Scope>
}
