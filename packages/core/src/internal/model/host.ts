/**
 * How the calls of an operation become the service of `effect/ai` that programs use.
 */
import { Context, type Effect } from "effect"
import { type AiError } from "effect/ai"

import { type ModelCall } from "../../ModelCall.ts"
import { type Kind, type Operation, type Provides } from "../../Operation.ts"

/**
 * The call below all of `effect/ai`, for those who write policies or batches.
 *
 * **Gotchas**
 *
 * Its error type is lost in context. Use `provide` to get it back.
 *
 * @since 0.1.0
 * @category services
 */
export class ChatCall extends Context.Service<ChatCall, ModelCall<unknown, "chat">>()("@holdfast/core/Call") {}

/**
 * The call below an embedding model, for those who write policies or batches.
 *
 * @since 0.1.0
 * @category services
 */
export class EmbeddingsCall extends Context.Service<EmbeddingsCall, ModelCall<unknown, "embeddings">>()(
  "@holdfast/core/Call/embeddings",
) {}

/**
 * The call below a decision model, for those who write policies or batches.
 *
 * @since 0.1.0
 * @category services
 */
export class DecisionsCall extends Context.Service<DecisionsCall, ModelCall<unknown, "decisions">>()(
  "@holdfast/core/Call/decisions",
) {}

/**
 * The call below a moderation model, for those who write policies or batches.
 *
 * @since 0.1.0
 * @category services
 */
export class ModerationCall extends Context.Service<ModerationCall, ModelCall<unknown, "moderation">>()(
  "@holdfast/core/Call/moderation",
) {}

/**
 * The call below an image model, for those who write policies or batches.
 *
 * @since 0.1.0
 * @category services
 */
export class ImagesCall extends Context.Service<ImagesCall, ModelCall<unknown, "images">>()(
  "@holdfast/core/Call/images",
) {}

/**
 * The call below a speech model, for those who write policies or batches.
 *
 * @since 0.1.0
 * @category services
 */
export class SpeechCall extends Context.Service<SpeechCall, ModelCall<unknown, "speech">>()(
  "@holdfast/core/Call/speech",
) {}

/**
 * The call below a transcription model, for those who write policies or batches.
 *
 * @since 0.1.0
 * @category services
 */
export class TranscriptionCall extends Context.Service<TranscriptionCall, ModelCall<unknown, "transcription">>()(
  "@holdfast/core/Call/transcription",
) {}

interface Calls {
  readonly chat: ChatCall
  readonly embeddings: EmbeddingsCall
  readonly decisions: DecisionsCall
  readonly moderation: ModerationCall
  readonly images: ImagesCall
  readonly speech: SpeechCall
  readonly transcription: TranscriptionCall
}

/** The call of an operation as a service. */
export type Call<K extends Kind> = K extends keyof Calls ? Calls[K] : never

/** What serves an operation. */
export interface Host<in out K extends Kind> {
  readonly operation: Operation<K>
  readonly call: Context.Key<Call<K>, ModelCall<unknown, K>>
  /** The services of a call; `fold` makes an `AiError` of every error. */
  readonly serve: <E>(
    call: ModelCall<E, K>,
    fold: (error: E) => AiError.AiError,
  ) => Effect.Effect<Context.Context<Provides<K>>>
}
