import { describe, expectTypeOf, it } from "@effect/vitest"
import { ScriptedMedia } from "@holdfast/testing"
import { Effect, flow } from "effect"
import { type AiError, type DecisionModel } from "effect/ai"

import * as Breaker from "../src/Breaker.ts"
import type * as CommitPoint from "../src/CommitPoint.ts"
import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import * as Hedge from "../src/Hedge.ts"
import * as ImageModel from "../src/ImageModel.ts"
import type * as ModerationModel from "../src/ModerationModel.ts"
import type { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as Resilience from "../src/Resilience.ts"
import * as Resilient from "../src/Resilient.ts"
import * as ResilientDecisionModel from "../src/ResilientDecisionModel.ts"
import * as Retry from "../src/Retry.ts"
import * as Route from "../src/Route.ts"
import type * as SpeechModel from "../src/SpeechModel.ts"
import type * as TranscriptionModel from "../src/TranscriptionModel.ts"
import type * as UploadedFile from "../src/UploadedFile.ts"
import { budget, type OverBudget } from "./budget.ts"
import { scriptedEmbeddings } from "./embeddings.ts"
import { scripted } from "./scripted.ts"

const chat = scripted([]).model
const embedding = scriptedEmbeddings().model
const moderation = ScriptedMedia.moderation()
const image = ScriptedMedia.images()
const speech = ScriptedMedia.speech()
const transcription = ScriptedMedia.transcription()
const decision = ScriptedMedia.decisions()

const careful = flow(
  Concurrency.limit(8),
  RateLimit.perMinute({ requests: 60 }),
  Breaker.guard(),
  Deadline.total("1 minute"),
  Retry.schedule(Retry.standard),
  budget(1).enforce,
)

type Own = AiError.AiError | UnsupportedOption

type Added =
  | Breaker.CircuitOpen
  | Concurrency.ConcurrencyLimited
  | RateLimit.RateLimited
  | Deadline.DeadlineExceeded
  | OverBudget

describe("the type of a model of media", () => {
  it("says how it can fail, and grows by a stack of policies", () => {
    expectTypeOf(image).toEqualTypeOf<ImageModel.ResilientImageModel<Own>>()
    expectTypeOf(careful(moderation)).toEqualTypeOf<ModerationModel.ResilientModerationModel<Own | Added>>()
    expectTypeOf(careful(image)).toEqualTypeOf<ImageModel.ResilientImageModel<Own | Added>>()
    expectTypeOf(careful(speech)).toEqualTypeOf<SpeechModel.ResilientSpeechModel<Own | Added>>()
    expectTypeOf(careful(transcription)).toEqualTypeOf<TranscriptionModel.ResilientTranscriptionModel<Own | Added>>()
    expectTypeOf(careful(decision)).toEqualTypeOf<ResilientDecisionModel.ResilientDecisionModel<Own | Added>>()
  })

  it("puts its failures into the program, which needs such a model and no other", () => {
    const program = ImageModel.generate({ prompt: "A ship" })
    expectTypeOf(program.pipe(Resilient.provide(careful(image)))).toEqualTypeOf<
      Effect.Effect<ImageModel.ImageResponse, Own | Added>
    >()
    expectTypeOf(program.pipe(Resilient.provide(speech))).toEqualTypeOf<
      Effect.Effect<ImageModel.ImageResponse, Own, ImageModel.ImageModel>
    >()
  })

  it("does not go together with a model of another operation", () => {
    // @ts-expect-error a chat makes no images
    image.pipe(Fallback.to(chat))
    // @ts-expect-error an image model answers no chat
    chat.pipe(Fallback.to(image))
    // @ts-expect-error
    moderation.pipe(Fallback.to(chat))
    // @ts-expect-error
    speech.pipe(Fallback.to(transcription))
    // @ts-expect-error
    transcription.pipe(Hedge.to(chat, "1 second"))
    // @ts-expect-error
    decision.pipe(Fallback.to(chat))
    // @ts-expect-error
    embedding.pipe(Fallback.to(moderation))
    // @ts-expect-error
    Route.sticky([speech, image])
    // @ts-expect-error
    image.pipe(Resilience.standard({ fallbacks: [chat] }))
    expectTypeOf(image.pipe(Fallback.to(image))).toExtend<Resilient.Resilient<"images", unknown>>()
    expectTypeOf(Route.sticky([speech, speech])).toExtend<Resilient.Resilient<"speech", unknown>>()
    expectTypeOf(image.pipe(Resilience.standard({ fallbacks: [image] }))).toExtend<
      Resilient.Resilient<"images", unknown>
    >()
  })

  it("of a language model that decides is that of its chat", () => {
    const deciding = ResilientDecisionModel.fromLanguageModel(careful(chat))
    expectTypeOf(deciding).toEqualTypeOf<
      ResilientDecisionModel.ResilientDecisionModel<
        Own | CommitPoint.StreamTruncated | UploadedFile.FileExpired | Added
      >
    >()
    expectTypeOf(decision.pipe(Fallback.to(deciding))).toExtend<Resilient.Resilient<"decisions", unknown>>()
    const provided = Effect.flatMap(
      Effect.succeed(1),
      () => Effect.void as Effect.Effect<void, never, DecisionModel.DecisionModel>,
    )
    expectTypeOf(provided.pipe(Resilient.provide(decision))).toEqualTypeOf<Effect.Effect<void, Own>>()
  })
})
