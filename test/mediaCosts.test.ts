/**
 * What images, speech, transcripts, moderation, decisions and embeddings cost, to the picodollar, over real sockets.
 *
 * The amounts are computed by hand from the vendors' price pages: tokens times dollars for a million of them, characters times
 * dollars for a million, seconds times dollars for an hour.
 */
import { assert, describe, it } from "@effect/vitest"
import {
  Fallback,
  ImageModel,
  type MediaUsage,
  ModerationModel,
  Resilient,
  ResponseCache,
  SpeechModel,
  TranscriptionModel,
} from "@holdfast/core"
import { Budget, Ledger, Money, PriceBook } from "@holdfast/cost"
import { GoogleClient, GoogleImageModel, GoogleSpeechModel, GoogleTranscriptionModel } from "@holdfast/google"
import {
  OpenAiClient,
  OpenAiDecisionModel,
  OpenAiEmbeddingModel,
  OpenAiImageModel,
  OpenAiModerationModel,
  OpenAiSpeechModel,
  OpenAiTranscriptionModel,
} from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { Decision, DecisionModel, EmbeddingModel } from "effect/ai"
import { TestClock } from "effect/testing"

const apiKey = Redacted.make("test-key-of-costs")

const clients = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    Layer.mergeAll(
      OpenAiClient.layer({ apiKey, apiUrl: emulator.baseUrl("openai-images") }),
      GoogleClient.layer({ apiKey, apiUrl: emulator.baseUrl("google") }),
    ),
  ),
)

/** On a day for which the built-in list has prices. */
const today = Layer.effectDiscard(TestClock.setTime(Date.UTC(2026, 10, 24)))

const live = Layer.mergeAll(clients, PriceBook.layer, Ledger.layerMemory(), today).pipe(
  Layer.provideMerge(Emulator.layer()),
)

type Clients = OpenAiClient.OpenAiClient | GoogleClient.GoogleClient

const enforced = Budget.enforce({ name: "team", daily: "10 USD" })

const settlements = Effect.flatMap(Ledger.Ledger, (ledger) => Stream.runCollect(ledger.entries())).pipe(
  Effect.map((entries) => entries.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : []))),
)

const script = (dialect: Emulator.Dialect, ...replies: ReadonlyArray<Reply.Reply>) =>
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.script(dialect, ...replies))

const sent = Effect.flatMap(Emulator.Emulator, ({ requests }) => Effect.map(requests, ({ length }) => length))

const dollars = (picodollars: bigint) => Money.fromPicodollars(picodollars)

const draw = ImageModel.generate({ prompt: "A ship at sea" })

const speak = SpeechModel.speak({ text: "Ships float." })

const sound = { mediaType: "audio/mpeg", data: new Uint8Array(1_000) }

const listen = TranscriptionModel.transcribe({ audio: sound })

interface Case {
  readonly name: string
  readonly dialect: Emulator.Dialect
  readonly usage?: MediaUsage.MediaUsage
  readonly ask: Effect.Effect<
    { readonly usage: MediaUsage.MediaUsage; readonly source: ImageModel.AnswerSource },
    unknown,
    Clients | Ledger.Ledger | PriceBook.PriceBook
  >
  readonly cost: bigint
  readonly tokens: Readonly<Record<string, number>>
}

const drawn = (text = 0): MediaUsage.MediaUsage => ({
  inputTokens: { total: 62, text: 50, image: 12 },
  outputTokens: { total: 1_056 + text, image: 1_056, text },
})

const heard: MediaUsage.MediaUsage = {
  inputTokens: { total: 620, text: 20, audio: 600 },
  outputTokens: { total: 45, text: 45 },
}

const cases: ReadonlyArray<Case> = [
  {
    // 50 x $5, 12 x $8 and 1,056 x $30 for a million.
    name: "gpt-image-2",
    dialect: "openai-images",
    usage: drawn(),
    ask: draw.pipe(Resilient.provide(enforced(OpenAiImageModel.model("gpt-image-2")))),
    cost: 250_000_000n + 96_000_000n + 31_680_000_000n,
    tokens: { input: 50, imageInput: 12, imageOutput: 1_056 },
  },
  {
    // 50 x $5, 12 x $8, 1,056 x $32 and 40 x $10.
    name: "gpt-image-1.5, which writes as well",
    dialect: "openai-images",
    usage: drawn(40),
    ask: draw.pipe(Resilient.provide(enforced(OpenAiImageModel.model("gpt-image-1.5")))),
    cost: 250_000_000n + 96_000_000n + 33_792_000_000n + 400_000_000n,
    tokens: { input: 50, imageInput: 12, output: 40, imageOutput: 1_056 },
  },
  {
    // 62 x $0.30 and 1,056 x $30.
    name: "gemini-2.5-flash-image",
    dialect: "google",
    usage: drawn(),
    ask: draw.pipe(Resilient.provide(enforced(GoogleImageModel.model("gemini-2.5-flash-image")))),
    cost: 18_600_000n + 31_680_000_000n,
    tokens: { input: 50, imageInput: 12, imageOutput: 1_056 },
  },
  {
    // 12 characters x $15.
    name: "tts-1",
    dialect: "openai-speech",
    ask: speak.pipe(Resilient.provide(enforced(OpenAiSpeechModel.model("tts-1")))),
    cost: 180_000_000n,
    tokens: { characters: 12 },
  },
  {
    // 4 x $0.60 and 60 x $12.
    name: "gpt-4o-mini-tts",
    dialect: "openai-speech",
    usage: { inputTokens: { total: 4 }, outputTokens: { total: 60 } },
    ask: speak.pipe(Resilient.provide(enforced(OpenAiSpeechModel.model("gpt-4o-mini-tts")))),
    cost: 2_400_000n + 720_000_000n,
    tokens: { input: 4, audioOutput: 60 },
  },
  {
    // 4 x $0.50 and 75 x $9.
    name: "gemini-3.8-flash-tts",
    dialect: "google",
    usage: { inputTokens: { total: 4, text: 4 }, outputTokens: { total: 75, audio: 75 } },
    ask: speak.pipe(Resilient.provide(enforced(GoogleSpeechModel.model("gemini-3.8-flash-tts")))),
    cost: 2_000_000n + 675_000_000n,
    tokens: { input: 4, audioOutput: 75 },
  },
  {
    // 61 seconds x $0.36 for 3,600.
    name: "whisper-1",
    dialect: "openai-transcription",
    usage: { seconds: 61 },
    ask: listen.pipe(Resilient.provide(enforced(OpenAiTranscriptionModel.model("whisper-1")))),
    cost: 6_100_000_000n,
    tokens: { seconds: 61 },
  },
  {
    // 61 seconds x $0.27 for 3,600.
    name: "gpt-transcribe",
    dialect: "openai-transcription",
    usage: { seconds: 61 },
    ask: listen.pipe(Resilient.provide(enforced(OpenAiTranscriptionModel.model("gpt-transcribe")))),
    cost: 4_575_000_000n,
    tokens: { seconds: 61 },
  },
  {
    // 20 x $2.50, 600 x $6 and 45 x $10.
    name: "gpt-4o-transcribe",
    dialect: "openai-transcription",
    usage: heard,
    ask: listen.pipe(Resilient.provide(enforced(OpenAiTranscriptionModel.model("gpt-4o-transcribe")))),
    cost: 50_000_000n + 3_600_000_000n + 450_000_000n,
    tokens: { input: 20, audioInput: 600, output: 45 },
  },
  {
    // 620 x $0.75 and 45 x $3.75.
    name: "gemini-3.8-flash",
    dialect: "google",
    usage: heard,
    ask: listen.pipe(Resilient.provide(enforced(GoogleTranscriptionModel.model("gemini-3.8-flash")))),
    cost: 465_000_000n + 168_750_000n,
    tokens: { input: 20, audioInput: 600, output: 45 },
  },
  {
    name: "omni-moderation-latest, which is free",
    dialect: "openai-moderation",
    ask: ModerationModel.moderate({ inputs: ["hello"] }).pipe(
      Resilient.provide(enforced(OpenAiModerationModel.model("omni-moderation-latest"))),
    ),
    cost: 0n,
    tokens: { requests: 1 },
  },
]

describe("the cost of an answer", () => {
  it.effect.each(cases)(
    "of $name is exact, in the ledger and from the answer itself",
    ({ ask, cost, dialect, tokens, usage }) =>
      Effect.gen(function* () {
        yield* script(dialect, Reply.media(usage === undefined ? {} : { usage }))
        const answer = yield* ask
        const [paid, ...others] = yield* settlements
        assert.deepStrictEqual(
          [paid?.basis, paid?.cost, paid?.minimum, paid?.maximum],
          ["reported", dollars(cost), dollars(cost), dollars(cost)],
        )
        assert.deepStrictEqual([paid?.tokens, others], [tokens, []])
        const bill = yield* PriceBook.costOf(answer)
        assert.deepStrictEqual([bill.total, bill.unknown, bill.unpriced], [dollars(cost), [], []])
      }).pipe(Effect.provide(live)),
  )

  it.effect("of decisions is that of their input, also of what came from a cache", () =>
    Effect.gen(function* () {
      yield* script(
        "openai-decisions",
        Reply.media({ usage: { inputTokens: { total: 40, cached: 10 }, outputTokens: { total: 2 } } }),
      )
      const Urgency = Decision.make({
        input: Schema.String,
        decisions: { urgent: Decision.probability({ instructions: "It is urgent" }) },
      })
      yield* DecisionModel.decide(Urgency, { input: "Fire!" }).pipe(
        Resilient.provide(enforced(OpenAiDecisionModel.model("gpt-6-luna"))),
      )
      const [paid] = yield* settlements
      // 40 x $0.10 for a million.
      assert.deepStrictEqual([paid?.basis, paid?.cost], ["reported", dollars(4_000_000n)])
      assert.deepStrictEqual(paid?.tokens, { input: 30, cacheRead: 10, output: 2 })
    }).pipe(Effect.provide(live)),
  )

  it.effect("of embeddings is that of their tokens", () =>
    Effect.gen(function* () {
      yield* script("openai-embeddings", Reply.embeddings({ vectors: [[1]], inputTokens: 9 }))
      yield* Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed("Ships float.")).pipe(
        Resilient.provide(enforced(OpenAiEmbeddingModel.model("text-embedding-3-small"))),
      )
      const [paid] = yield* settlements
      // 9 x $0.02 for a million.
      assert.deepStrictEqual([paid?.basis, paid?.cost], ["reported", dollars(180_000n)])
    }).pipe(Effect.provide(live)),
  )

  it.effect("out of a cache is nothing", () =>
    Effect.gen(function* () {
      const model = OpenAiImageModel.model("gpt-image-2").pipe(
        ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" }),
      )
      yield* script("openai-images", Reply.media({ usage: drawn() }))
      const [first, second] = yield* Effect.all([draw, draw]).pipe(Resilient.provide(model))
      assert.deepStrictEqual([first.images, first.usage], [second.images, second.usage])
      const totals = yield* Effect.forEach([first, second], (answer) =>
        Effect.map(PriceBook.costOf(answer), ({ total }) => total),
      )
      assert.deepStrictEqual([totals, yield* sent], [[dollars(32_026_000_000n), Money.zero], 1])
    }).pipe(Effect.provide(live)),
  )

  it.effect("is that of the model that answered, after another one failed", () =>
    Effect.gen(function* () {
      yield* script("openai-images", Reply.status(400))
      yield* script("google", Reply.media({ usage: drawn() }))
      const model = OpenAiImageModel.model("gpt-image-2").pipe(
        Fallback.to(GoogleImageModel.model("gemini-2.5-flash-image")),
      )
      const answer = yield* draw.pipe(Resilient.provide(enforced(model)))
      assert.deepStrictEqual([answer.source.provider, answer.source.model], ["gcp.gemini", "gemini-2.5-flash-image"])
      const paid = (yield* settlements).map(({ basis, cost }) => [basis, cost])
      assert.deepStrictEqual(paid, [
        ["unbilled", Money.zero],
        ["reported", dollars(31_698_600_000n)],
      ])
    }).pipe(Effect.provide(live)),
  )
})

describe("what is not known", () => {
  it.effect("is a usage that nobody reported: an interval, and not nothing", () =>
    Effect.gen(function* () {
      yield* script("openai-transcription", Reply.media({ usage: null }))
      const model = enforced(OpenAiTranscriptionModel.model("whisper-1"))
      const answer = yield* TranscriptionModel.transcribe({ audio: sound, maxSeconds: 10 }).pipe(
        Resilient.provide(model),
      )
      const [paid] = yield* settlements
      // As many seconds as there may be at most.
      assert.deepStrictEqual(
        [paid?.basis, paid?.minimum, paid?.cost, paid?.maximum],
        ["estimated", Money.zero, dollars(1_000_000_000n), dollars(1_000_000_000n)],
      )
      assert.deepStrictEqual((yield* PriceBook.costOf(answer)).unknown, ["input"])
    }).pipe(Effect.provide(live)),
  )

  it.effect("is which tokens are of what, where their prices differ", () =>
    Effect.gen(function* () {
      yield* script(
        "openai-images",
        Reply.media({ usage: { inputTokens: { total: 62 }, outputTokens: { total: 1_056 } } }),
      )
      const answer = yield* draw.pipe(Resilient.provide(OpenAiImageModel.model("gpt-image-1.5")))
      // Nothing but text went in; what came out is text or an image.
      const bill = yield* PriceBook.costOf(answer)
      assert.deepStrictEqual([bill.total, bill.unknown], [dollars(310_000_000n), ["output"]])
    }).pipe(Effect.provide(live)),
  )

  it.effect("is a price that no book has: a failure, and no request", () =>
    Effect.gen(function* () {
      const error = yield* draw.pipe(Resilient.provide(enforced(OpenAiImageModel.model("gpt-image-9"))), Effect.flip)
      assert.strictEqual(error._tag, "PriceUnknown")
      assert.strictEqual(yield* sent, 0)
      const source = { provider: "openai", model: "gpt-image-9", startedAt: 0 }
      const unknown = yield* Effect.flip(PriceBook.costOf({ usage: { images: 1 }, source }))
      assert.strictEqual(unknown._tag, "PriceUnknown")
    }).pipe(Effect.provide(live)),
  )
})

describe("a budget", () => {
  const small = (daily: Money.Input) => Budget.enforce({ name: "small", daily })

  it.effect("refuses a speech whose characters cost too much, before anything is sent", () =>
    Effect.gen(function* () {
      // 4,000 characters x $15 for a million are 6 cents.
      const long = SpeechModel.speak({ text: "x".repeat(4_000) })
      const model = OpenAiSpeechModel.model("tts-1")
      const error = yield* long.pipe(Resilient.provide(small("0.05 USD")(model)), Effect.flip)
      assert.deepStrictEqual([error._tag, yield* sent], ["BudgetExceeded", 0])
      yield* long.pipe(Resilient.provide(small("0.06 USD")(model)))
      assert.strictEqual(yield* sent, 1)
    }).pipe(Effect.provide(live)),
  )

  it.effect("refuses a transcript by its bytes, and by its seconds where they are said", () =>
    Effect.gen(function* () {
      const model = small("0.01 USD")(OpenAiTranscriptionModel.model("whisper-1"))
      // 400,000 bytes may be 200 seconds, which are 2 cents.
      const audio = { mediaType: "audio/mpeg", data: new Uint8Array(400_000) }
      const error = yield* TranscriptionModel.transcribe({ audio }).pipe(Resilient.provide(model), Effect.flip)
      assert.deepStrictEqual([error._tag, yield* sent], ["BudgetExceeded", 0])
      yield* TranscriptionModel.transcribe({ audio, maxSeconds: 60 }).pipe(Resilient.provide(model))
      assert.strictEqual(yield* sent, 1)
    }).pipe(Effect.provide(live)),
  )

  it.effect("refuses images by the most that each of them takes", () =>
    Effect.gen(function* () {
      const model = small("1 USD")(OpenAiImageModel.model("gpt-image-2"))
      // 128,000 x $30 for a million, since nobody says how many tokens an image of any size has.
      const error = yield* draw.pipe(Resilient.provide(model), Effect.flip)
      assert.deepStrictEqual([error._tag, yield* sent], ["BudgetExceeded", 0])
      // 5 x 7,000 x $30 for a million are $1.05.
      const images = (count: number) => ImageModel.generate({ prompt: "A ship at sea", count, maxTokens: 7_000 })
      assert.strictEqual((yield* images(5).pipe(Resilient.provide(model), Effect.flip))._tag, "BudgetExceeded")
      yield* images(4).pipe(Resilient.provide(model))
      assert.strictEqual(yield* sent, 1)
    }).pipe(Effect.provide(live)),
  )

  it.effect("is asked before what is no number is refused, and takes no harm by it", () =>
    Effect.gen(function* () {
      const [draws, listens] = [
        small("1 USD")(OpenAiImageModel.model("gpt-image-2")),
        small("1 USD")(OpenAiTranscriptionModel.model("whisper-1")),
      ]
      for (const wrong of [Number.NaN, Infinity, -1, 0.5, 2 ** 70]) {
        const image = ImageModel.generate({ prompt: "A ship", count: wrong, maxTokens: 1 })
        const error = yield* image.pipe(Resilient.provide(draws), Effect.flip)
        assert.deepStrictEqual([wrong, error._tag], [wrong, "UnsupportedOption"])
      }
      for (const maxSeconds of [Number.NaN, Infinity, -1]) {
        const transcript = TranscriptionModel.transcribe({ audio: sound, maxSeconds })
        const error = yield* transcript.pipe(Resilient.provide(listens), Effect.flip)
        assert.strictEqual(error._tag, "UnsupportedOption")
      }
      assert.strictEqual(yield* sent, 0)
    }).pipe(Effect.provide(live)),
  )

  it.effect("lets moderation through when it is used up, because it costs nothing", () =>
    Effect.gen(function* () {
      const model = small(Money.zero)(OpenAiModerationModel.model("omni-moderation-latest"))
      const { flagged } = yield* ModerationModel.moderate({ inputs: ["hello"] }).pipe(Resilient.provide(model))
      assert.isFalse(flagged)
    }).pipe(Effect.provide(live)),
  )
})
