/**
 * Models of images, speech, transcripts, moderation and decisions that say what a test tells them to say, without any socket.
 *
 * They are what `ScriptedModel` is for language models: policies can be piped onto them, their attempts are metered, and what
 * they say they used is billed.
 *
 * **When to use**
 *
 * To test a program that uses such a model, and policies. To test what is sent over the wire, there is `Emulator`.
 *
 * **Example** (A speech model that is overloaded once)
 *
 * ```ts
 * import { Resilient, Retry, SpeechModel } from "@holdfast/core"
 * import { ScriptedMedia } from "@holdfast/testing"
 * import { Effect, Schedule } from "effect"
 *
 * const model = ScriptedMedia.speech(ScriptedMedia.overloaded(), { audio: Uint8Array.of(1, 2) }).pipe(
 *   Retry.schedule(Schedule.recurs(1)),
 * )
 * const program = SpeechModel.speak({ text: "Ships float." }).pipe(
 *   Effect.map(({ data }) => data.length),
 *   Resilient.provide(model),
 * )
 *
 * await Effect.runPromise(program) // => 2
 * ```
 *
 * @since 0.1.0
 */
import * as ImageModel from "@holdfast/core/ImageModel"
import { type MediaUsage } from "@holdfast/core/MediaUsage"
import * as ModerationModel from "@holdfast/core/ModerationModel"
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import {
  type Answer,
  type Content,
  type MediaKind,
  type ProviderMediaModel,
  type Request,
} from "@holdfast/core/provider/ProviderMediaModel"
import * as ResilientDecisionModel from "@holdfast/core/ResilientDecisionModel"
import * as SpeechModel from "@holdfast/core/SpeechModel"
import * as TranscriptionModel from "@holdfast/core/TranscriptionModel"
import { Effect } from "effect"
import { AiError, type DecisionModel } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

/**
 * What of an answer is the same in all operations.
 *
 * @since 0.1.0
 * @category models
 */
export interface Counted {
  /** What the vendor reports. One request and nothing else if left out. */
  readonly usage?: MediaUsage | undefined
}

/**
 * A judgement: a category applies from 0.5 on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Judgement extends Counted {
  readonly scores?: Readonly<Record<string, number>> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Images extends Counted {
  readonly images: ReadonlyArray<Uint8Array>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Sound extends Counted {
  readonly audio: Uint8Array
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Transcript extends Counted {
  readonly text: string
  readonly language?: string | undefined
}

/**
 * Decisions by their names, and the tokens that they took.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decisions {
  readonly decisions: Readonly<Record<string, DecisionModel.ProviderAnswer>>
  readonly inputTokens?: number | undefined
}

/**
 * A failure of the vendor with the given status.
 *
 * @since 0.1.0
 * @category constructors
 */
export const failed = (status: number, message = "scripted"): AiError.AiError =>
  ProviderError.fromFault(origin, { message, status })

/**
 * The vendor has no capacity.
 *
 * @since 0.1.0
 * @category constructors
 */
export const overloaded = (): AiError.AiError => failed(503)

/**
 * A model that gives these judgements one after the other, and the last one from then on.
 *
 * @since 0.1.0
 * @category models
 */
export const moderation = (
  ...answers: ReadonlyArray<Judgement | AiError.AiError>
): ModerationModel.ResilientModerationModel<ModerationModel.CallFailure> =>
  ModerationModel.fromProvider(
    Effect.succeed(
      scripted<"moderation", Judgement>(answers, ({ scores = {}, usage }) => {
        const categories = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score >= 0.5]))
        const flagged = Object.values(categories).includes(true)
        return counted(usage, [{ type: "moderation", flagged, categories, scores }])
      }),
    ),
    label("moderation"),
  )

/**
 * A model that gives these images one answer after the other, and the last one from then on.
 *
 * @since 0.1.0
 * @category models
 */
export const images = (
  ...answers: ReadonlyArray<Images | AiError.AiError>
): ImageModel.ResilientImageModel<ImageModel.CallFailure> =>
  ImageModel.fromProvider(
    Effect.succeed(
      scripted<"images", Images>(answers, (answer) =>
        counted(
          answer.usage,
          answer.images.map((data) => ({ type: "image", mediaType: "image/png", data: Base64.encode(data) })),
        ),
      ),
    ),
    label("images"),
  )

/**
 * A model that gives these sounds one after the other, and the last one from then on.
 *
 * @since 0.1.0
 * @category models
 */
export const speech = (
  ...answers: ReadonlyArray<Sound | AiError.AiError>
): SpeechModel.ResilientSpeechModel<SpeechModel.CallFailure> =>
  SpeechModel.fromProvider(
    Effect.succeed(
      scripted<"speech", Sound>(answers, ({ audio, usage }) =>
        counted(usage, [{ type: "audio", mediaType: "audio/mpeg", data: Base64.encode(audio) }]),
      ),
    ),
    label("speech"),
  )

/**
 * A model that gives these transcripts one after the other, and the last one from then on.
 *
 * @since 0.1.0
 * @category models
 */
export const transcription = (
  ...answers: ReadonlyArray<Transcript | AiError.AiError>
): TranscriptionModel.ResilientTranscriptionModel<TranscriptionModel.CallFailure> =>
  TranscriptionModel.fromProvider(
    Effect.succeed(
      scripted<"transcription", Transcript>(answers, ({ language, text, usage }) =>
        counted(usage, [{ type: "transcript", text, ...(language !== undefined && { language }) }]),
      ),
    ),
    label("transcription"),
  )

/**
 * A model that decides so one time after the other, and as the last time from then on.
 *
 * @since 0.1.0
 * @category models
 */
export const decisions = (
  ...answers: ReadonlyArray<Decisions | AiError.AiError>
): ResilientDecisionModel.ResilientDecisionModel<ResilientDecisionModel.CallFailure> =>
  ResilientDecisionModel.fromProvider(
    Effect.succeed(
      scripted<"decisions", Decisions>(answers, (answer) => ({
        content: Object.entries(answer.decisions).map(([name, decided]) => ({
          type: "decision",
          name,
          answer: decided,
        })),
        tokens: {
          inputTokens: { total: answer.inputTokens, uncached: undefined, cacheRead: undefined, cacheWrite: undefined },
          outputTokens: { total: 0, text: undefined, reasoning: undefined },
        },
      })),
    ),
    label("decisions"),
  )

/**
 * A provider that answers each request by a function, for `fromProvider` with names of a test's own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const provider = <K extends MediaKind>(
  answer: (request: Request<K>) => Answer<K> | AiError.AiError,
  names: { readonly provider?: string; readonly model?: string } = {},
): ProviderMediaModel<K> => ({
  provider: names.provider ?? "scripted",
  model: names.model ?? "scripted-model",
  ask: (request) =>
    Effect.suspend(() => {
      const given = answer(request)
      if (AiError.isAiError(given)) return Effect.fail(given)
      return Effect.as(Effect.yieldNow, { headers: {}, parts: given })
    }),
})

const scripted = <K extends MediaKind, A extends object>(
  answers: ReadonlyArray<A | AiError.AiError>,
  write: (answer: A) => Answer<K>,
): ProviderMediaModel<K> => {
  let next = 0
  return provider<K>(() => {
    const answer = answers[Math.min(next++, answers.length - 1)]
    if (answer === undefined) return ProviderError.malformed(origin, "the script is empty", false)
    return AiError.isAiError(answer) ? answer : write(answer)
  })
}

const counted = <K extends MediaKind>(
  usage: MediaUsage | undefined,
  content: ReadonlyArray<Content<K>>,
): Answer<K> => ({
  content,
  usage: usage ?? { requests: 1 },
})

const label = (name: string) => ({ name: `ScriptedMedia.${name}`, settings: {} })

const origin: ProviderError.Origin = {
  module: "ScriptedMedia",
  method: "ask",
  provider: "scripted",
  url: "",
  scrub: (text) => text,
}
