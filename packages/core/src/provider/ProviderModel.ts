/**
 * What a provider has to bring: two functions on a vendor's SDK. Everything else is done once, here.
 *
 * @since 0.1.0
 */
import { type Effect, type JsonSchema, Schema, type Scope, type Stream } from "effect"
import { AiError, type LanguageModel, type Response } from "effect/ai"

import { type CommonSettings, type PricedAs } from "../internal/call/types.ts"
import { type FileExpired } from "../internal/files/errors.ts"
import * as PolicyError from "../PolicyError.ts"

/**
 * A request as a provider receives it.
 *
 * **Details**
 *
 * `jsonSchema` is set when the caller asked for a structured answer: the schema of it, already in the form that
 * `codecTransformer` made for this vendor. The answer's text goes back as the vendor sent it; `core` decodes it with
 * the same transformer, so that it reads the same whichever provider answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderRequest {
  readonly options: LanguageModel.ProviderOptions
  /** Settings of this request by neutral names. They go before the model's own; what the model cannot take is refused. */
  readonly settings: CommonSettings
  readonly jsonSchema: JsonSchema.JsonSchema | undefined
}

/**
 * What came back: the parts, and the headers of the HTTP response in lower case.
 *
 * **Details**
 *
 * Headers are read for the request id and the rate limits, and are kept on the attempt; nothing else of them is.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderReply<out Parts> {
  readonly headers: Readonly<Record<string, string>>
  readonly parts: Parts
}

/**
 * One model of one vendor.
 *
 * **Details**
 *
 * - Exactly one HTTP request per call: no retries in the SDK.
 * - Interrupting the effect, or closing its scope while the stream is read, aborts the request and closes the socket.
 * - The stream ends with a `finish` part if and only if the vendor's own terminal event arrived. A stream that merely
 *   stops ends without one, and is reported as `StreamTruncated`.
 * - Errors inside a stream are failures of the stream, made by `ProviderError`.
 * - An option that the model cannot take is `UnsupportedOption`, before any request.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderModel {
  /** The vendor's name as OpenTelemetry writes it: `openai`, `anthropic`, `gcp.gemini`, `deepseek`. */
  readonly provider: string
  readonly model: string
  /** The name of the account that pays; absent where the client has none. */
  readonly account?: string | undefined
  /** What it is priced as, where that is not provider and model. */
  readonly pricedAs?: PricedAs | undefined
  readonly codecTransformer: LanguageModel.CodecTransformer
  /**
   * The settings of the running request; absent where there are none. A cache tells answers apart by them, and a budget
   * reserves for no more than `maxOutputTokens`.
   */
  readonly settings?: Effect.Effect<{ readonly maxOutputTokens?: number | undefined }> | undefined
  readonly generate: (
    request: ProviderRequest,
  ) => Effect.Effect<ProviderReply<Array<Response.PartEncoded>>, ProviderFailure, Scope.Scope>
  readonly stream: (
    request: ProviderRequest,
  ) => Effect.Effect<
    ProviderReply<Stream.Stream<Response.StreamPartEncoded, AiError.AiError>>,
    ProviderFailure,
    Scope.Scope
  >
  /** The tokens of a request as the vendor counts them, without answering it; absent where there is no endpoint for that. */
  readonly count?: ((request: ProviderRequest) => Effect.Effect<number, ProviderFailure>) | undefined
}

/**
 * How a provider's two functions may fail.
 *
 * @since 0.1.0
 * @category models
 */
export type ProviderFailure = RequestFailure | FileExpired

/**
 * Why a request cannot be made.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestFailure = AiError.AiError | UnsupportedOption

/**
 * An option that this model cannot take, found before any request was sent.
 *
 * **When to use**
 *
 * Drop the option, or choose a model that takes it. Holdfast never drops an option in silence.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnsupportedOption
  extends Schema.TaggedError<UnsupportedOption>("@holdfast/core/UnsupportedOption")("UnsupportedOption", {
    provider: Schema.String,
    model: Schema.String,
    /** The option's path as the caller wrote it: `temperature`, `thinking.budgetTokens`, `prompt[3].file.audio/wav`. */
    option: Schema.String,
    /** Why not, and what to do instead. */
    explanation: Schema.String,
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    return `${this.model} of ${this.provider} does not take "${this.option}": ${this.explanation}`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InvalidRequestError({ parameter: this.option, description: this.message, metadata })
  }
}
