import { assert, describe, it } from "@effect/vitest"
import { ScriptedMedia } from "@holdfast/testing"
import { Duration, Effect, Exit, Fiber, Schedule } from "effect"
import { AiError, Model } from "effect/ai"
import { TestClock } from "effect/testing"

import * as AttemptGuard from "../src/AttemptGuard.ts"
import * as Breaker from "../src/Breaker.ts"
import * as CallSettings from "../src/CallSettings.ts"
import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Event from "../src/Event.ts"
import * as Fallback from "../src/Fallback.ts"
import * as ImageModel from "../src/ImageModel.ts"
import type * as MediaUsage from "../src/MediaUsage.ts"
import * as ModerationModel from "../src/ModerationModel.ts"
import type { Answer, ProviderMediaModel, Request } from "../src/provider/ProviderMediaModel.ts"
import { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as Resilient from "../src/Resilient.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import * as Retry from "../src/Retry.ts"
import * as SpeechModel from "../src/SpeechModel.ts"
import * as TranscriptionModel from "../src/TranscriptionModel.ts"
import { hashAtOnce } from "./hashes.ts"

hashAtOnce()

const bytes = Uint8Array.of(1, 2, 255)

const usage: MediaUsage.MediaUsage = {
  images: 1,
  inputTokens: { total: 5, text: 5 },
  outputTokens: { total: 272, image: 272 },
}

const draw = (request: Partial<ImageModel.ImageRequest> = {}) => ImageModel.generate({ prompt: "A ship", ...request })

const listening = <A, E, R>(self: Effect.Effect<A, E, R>) => {
  const events: Array<Event.Event> = []
  return Effect.map(Effect.exit(Event.listen(self, (event) => events.push(event))), (exit) => ({ events, exit }))
}

/** A model whose answers a test writes, and what it was asked. */
const writing = (answer: (index: number) => Answer<"images"> | AiError.AiError) => {
  const asked: Array<Request<"images">> = []
  const provider: ProviderMediaModel<"images"> = ScriptedMedia.provider<"images">((request) => {
    asked.push(request)
    return answer(asked.length - 1)
  })
  const model = ImageModel.fromProvider(Effect.succeed(provider), { name: "writing", settings: {} })
  return { asked, model }
}

const images = (data: ReadonlyArray<string>): Answer<"images"> => ({
  content: data.map((each) => ({ type: "image", mediaType: "image/png", data: each })),
  usage,
})

describe("an answer", () => {
  it.effect("has its content, what was counted and who gave it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5_000)
      const model = ScriptedMedia.images({ images: [bytes, bytes], usage })
      const answer = yield* draw().pipe(Resilient.provide(model))
      assert.deepStrictEqual(answer, {
        images: [
          { mediaType: "image/png", data: bytes },
          { mediaType: "image/png", data: bytes },
        ],
        usage,
        source: { provider: "scripted", model: "scripted-model", startedAt: 5_000 },
      })
      const names = Effect.all([Model.ProviderName, Model.ModelName])
      assert.deepStrictEqual(yield* Effect.provide(names, model), ["scripted", "scripted-model"])
    }),
  )

  it.effect("of each service is what it says", () =>
    Effect.gen(function* () {
      const judged = yield* ModerationModel.moderate({ inputs: ["a"] }).pipe(
        Resilient.provide(ScriptedMedia.moderation({ scores: { hate: 0.5, violence: 0.25 } })),
      )
      assert.deepStrictEqual([judged.flagged, judged.categories], [true, { hate: true, violence: false }])
      const spoken = yield* SpeechModel.speak({ text: "a" }).pipe(
        Resilient.provide(ScriptedMedia.speech({ audio: bytes })),
      )
      assert.deepStrictEqual([spoken.mediaType, spoken.data], ["audio/mpeg", bytes])
      const audio = { mediaType: "audio/wav", data: bytes }
      const silence = yield* TranscriptionModel.transcribe({ audio }).pipe(
        Resilient.provide(ScriptedMedia.transcription({ text: "", language: "de" })),
      )
      assert.deepStrictEqual([silence.text, silence.language], ["", "de"])
    }),
  )

  it.effect("is one attempt and one call, with the tokens in them", () =>
    Effect.gen(function* () {
      const { events } = yield* listening(
        draw().pipe(Resilient.provide(ScriptedMedia.images({ images: [bytes], usage }))),
      )
      const attempt = events.find((event) => event._tag === "AttemptEnded")
      assert.deepStrictEqual(
        [attempt?.operation, attempt?.index, attempt?.deliveredParts, attempt?.usage?.outputTokens.total],
        ["images", 1, 1, 272],
      )
      const call = events.find((event) => event._tag === "CallEnded")
      assert.deepStrictEqual([call?.operation, call?.outcome._tag, call?.deliveredParts], ["images", "Completed", 1])
      assert.strictEqual(call?.callId, attempt?.callId)
    }),
  )
})

const wrong: ReadonlyArray<readonly [name: string, answer: Answer<"images">]> = [
  ["has no image", images([])],
  ["has an empty image", images(["AQ==", ""])],
  ["is not base64", images(["AQ=", "?"])],
]

describe("an answer that does not fit", () => {
  it.effect.each(wrong)("%s: it was paid for, and is not asked for again", ([, answer]) =>
    Effect.gen(function* () {
      const { asked, model } = writing(() => answer)
      const stack = model.pipe(Retry.schedule(Schedule.recurs(3)))
      const { events, exit } = yield* listening(Effect.flip(draw().pipe(Resilient.provide(stack))))
      assert.isTrue(Exit.isSuccess(exit) && AiError.isAiError(exit.value))
      assert.isTrue(Exit.isSuccess(exit) && (exit.value as AiError.AiError).reason._tag === "InvalidOutputError")
      const attempt = events.find((event) => event._tag === "AttemptEnded")
      assert.deepStrictEqual([attempt?.outcome._tag, attempt?.usage?.inputTokens.total, asked.length], ["Failed", 5, 1])
    }),
  )
})

describe("what no model can do is refused before any request", () => {
  const audio = { mediaType: "audio/wav", data: new Uint8Array() }
  const cases: ReadonlyArray<readonly [option: string, asked: Effect.Effect<unknown, unknown>]> = [
    ["prompt", draw({ prompt: " " }).pipe(Resilient.provide(ScriptedMedia.images()))],
    ["count", draw({ count: 0 }).pipe(Resilient.provide(ScriptedMedia.images()))],
    ["count", draw({ count: Number.NaN }).pipe(Resilient.provide(ScriptedMedia.images()))],
    ["maxTokens", draw({ maxTokens: -1 }).pipe(Resilient.provide(ScriptedMedia.images()))],
    ["text", SpeechModel.speak({ text: "" }).pipe(Resilient.provide(ScriptedMedia.speech()))],
    ["audio", TranscriptionModel.transcribe({ audio }).pipe(Resilient.provide(ScriptedMedia.transcription()))],
    [
      "maxSeconds",
      TranscriptionModel.transcribe({ audio: { ...audio, data: bytes }, maxSeconds: Infinity }).pipe(
        Resilient.provide(ScriptedMedia.transcription()),
      ),
    ],
    ["inputs", ModerationModel.moderate({ inputs: [] }).pipe(Resilient.provide(ScriptedMedia.moderation()))],
    ["inputs", ModerationModel.moderate({ inputs: [""] }).pipe(Resilient.provide(ScriptedMedia.moderation()))],
    ["temperature", draw().pipe(Resilient.provide(ScriptedMedia.images()), CallSettings.set({ temperature: 0 }))],
  ]

  it.effect.each(cases)("%s", ([option, asked]) =>
    Effect.gen(function* () {
      // The scripts are empty: a request would be another failure.
      const error = yield* Effect.flip(asked)
      assert.instanceOf(error, UnsupportedOption)
      assert.strictEqual(error.option, option)
    }),
  )
})

describe("policies", () => {
  it.effect("retry, and fall back to a model of the same operation", () =>
    Effect.gen(function* () {
      const first = writing(() => ScriptedMedia.overloaded())
      const second = ScriptedMedia.images({ images: [bytes] })
      const stack = first.model.pipe(Retry.schedule(Schedule.recurs(2)), Fallback.to(second))
      const { images: made } = yield* draw().pipe(Resilient.provide(stack))
      assert.deepStrictEqual([first.asked.length, made.length], [3, 1])
    }),
  )

  it.effect("open a circuit, and limit what runs at the same time", () =>
    Effect.gen(function* () {
      const { asked, model } = writing(() => ScriptedMedia.overloaded())
      const stack = model.pipe(
        Concurrency.limit(1, { queue: 0 }),
        Breaker.guard({ trip: { consecutiveFailures: 2 }, openFor: Schedule.spaced("1 hour") }),
      )
      const tags = yield* Effect.forEach([1, 2, 3], () =>
        Effect.map(Effect.flip(draw().pipe(Resilient.provide(stack))), ({ _tag }) => _tag),
      )
      assert.deepStrictEqual([tags, asked.length], [["AiError", "AiError", "CircuitOpen"], 2])
    }),
  )

  it.effect("end what takes too long", () =>
    Effect.gen(function* () {
      const provider: ProviderMediaModel<"speech"> = {
        ...ScriptedMedia.provider<"speech">(() => ScriptedMedia.overloaded()),
        ask: () => Effect.never,
      }
      const model = SpeechModel.fromProvider(Effect.succeed(provider), { name: "slow", settings: {} })
      const asked = SpeechModel.speak({ text: "a" }).pipe(Resilient.provide(model.pipe(Deadline.total("1 minute"))))
      const fiber = yield* Effect.forkChild(Effect.flip(asked), { startImmediately: true })
      yield* TestClock.adjust(Duration.minutes(1))
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceeded")
    }),
  )

  it.effect("limit tokens by what is estimated, and settle by what was counted", () =>
    Effect.gen(function* () {
      const model = ScriptedMedia.images({ images: [bytes], usage }).pipe(
        // The estimate of an image is 500 tokens and the prompt; 277 were counted.
        RateLimit.perMinute({ tokens: 800, queue: 0 }),
      )
      const exits = yield* Effect.forEach([1, 2, 3], () => Effect.exit(draw())).pipe(Resilient.provide(model))
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, true, false])
    }),
  )

  it.effect("keep answers, for equal requests only", () =>
    Effect.gen(function* () {
      const { asked, model } = writing((index) => images([`AQI${index}`]))
      const cached = model.pipe(ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" }))
      const file = { mediaType: "image/png", data: bytes }
      const other = { mediaType: "image/png", data: Uint8Array.of(9) }
      const made = yield* Effect.forEach(
        [
          draw(),
          draw(),
          draw({ count: 1 }),
          draw({ images: [file] }),
          draw({ images: [other] }),
          draw({ images: [file] }),
        ],
        (each) => each,
      ).pipe(Resilient.provide(cached))
      assert.strictEqual(asked.length, 4)
      assert.deepStrictEqual(made[0]?.images, made[1]?.images)
      assert.deepStrictEqual(
        made.map(({ source }) => source.cached ?? false),
        [false, true, false, false, false, true],
      )
    }),
  )

  it.effect("guard each attempt, for the tenant that asks", () =>
    Effect.gen(function* () {
      const paid: Array<readonly [string | undefined, number | undefined]> = []
      const guard: AttemptGuard.AttemptGuard<never> = {
        reserve: ({ context }) =>
          Effect.succeed({
            settle: (attempt) => Effect.sync(() => void paid.push([context.tenant, attempt.usage?.outputTokens.total])),
            release: Effect.void,
          }),
      }
      const policy = Resilient.policy({ name: "paying", settings: {} }, (call) =>
        Effect.succeed(AttemptGuard.install(call, guard)),
      )
      const { model } = writing((index) => (index === 0 ? ScriptedMedia.overloaded() : images(["AQI="])))
      const stack = model.pipe(Retry.schedule(Schedule.recurs(1)), policy)
      yield* RequestContext.annotate(draw(), { tenant: "acme" }).pipe(Resilient.provide(stack))
      assert.deepStrictEqual(paid, [
        ["acme", undefined],
        ["acme", 272],
      ])
    }),
  )
})
