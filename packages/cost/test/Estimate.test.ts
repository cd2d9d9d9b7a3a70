import { assert, describe, it } from "@effect/vitest"
import { Estimate, Money, Price } from "@holdfast/cost"
import { Effect, Schema } from "effect"
import { AiError, type Prompt, Tokenizer, Tool } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"
import { encode } from "gpt-tokenizer/encoding/o200k_base"

import { png } from "../../core/test/files.ts"
import { gpt } from "./prices.ts"
import { request } from "./requests.ts"

const target = { provider: "openai", model: "gpt-6-sol", price: { maxOutputTokens: 128_000, contextWindow: 1_050_000 } }

const claude = { ...target, provider: "anthropic", model: "claude-opus-5-5" }

const gemini = { ...target, provider: "google", model: "gemini-3.8-flash" }

const estimate = (prompt: Prompt.RawInput, of: Estimate.Target = target, fields?: Parameters<typeof request>[1]) =>
  Effect.flatMap(Estimate.Estimator, (estimator) => estimator.estimate(request(prompt, fields), of))

const withFile = (file: Omit<Prompt.FilePartEncoded, "type" | "options" | "fileName">): Prompt.RawInput => [
  { role: "user", content: [{ type: "file", ...file }] },
]

const prose = "The ship pushes aside water that weighs as much as the ship itself. ".repeat(100)

const provided = Effect.provide(Estimate.layer)

describe("the prompt", () => {
  it.effect("is bounded by a quarter more than a count by script, and by its bytes", () =>
    Effect.gen(function* () {
      const { input, inputAtMost, uncorrected } = yield* estimate(prose)
      // Thirteen words of up to eight letters, and a full stop.
      assert.strictEqual(uncorrected, 100 * 14 + 4 + 3)
      assert.strictEqual(input, Math.ceil(uncorrected * 1.25))
      assert.strictEqual(inputAtMost, prose.length + 4 + 3)
    }).pipe(provided),
  )

  it.effect("has more tokens for a newer Claude than for an older one, and for that than for others", () =>
    Effect.gen(function* () {
      const tokens = (model: string, provider = "anthropic") =>
        Effect.map(estimate(prose, { provider, model }), ({ uncorrected }) => Math.round(uncorrected))
      assert.deepStrictEqual(
        yield* Effect.all([
          tokens("gpt-6-sol", "openai"),
          tokens("gemini-3.8-flash", "google"),
          tokens("claude-sonnet-4-5-20250929"),
          tokens("claude-sonnet-4-20250514"),
          tokens("claude-3-5-haiku"),
          tokens("claude-opus-4-7"),
          tokens("claude-sonnet-5-5"),
          tokens("anthropic/claude-sonnet-5-5", "openrouter"),
        ]),
        [1407, 1407, 1617, 1617, 1617, 2037, 2037, 2037],
      )
    }).pipe(provided),
  )

  it.effect("counts tools, their results, and the schema of the answer", () =>
    Effect.gen(function* () {
      const Weather = Tool.make("Weather", {
        description: "The weather of a place",
        parameters: Schema.Struct({ place: Schema.String }),
        success: Schema.String,
      })
      const plain = (yield* estimate("hi")).uncorrected
      const tools = (yield* estimate("hi", target, { tools: [Weather] })).uncorrected
      assert.isAbove(tools, plain + 100)
      const schema = Schema.Struct({ temperature: Schema.Number, description: Schema.String })
      const answer = yield* estimate("hi", target, {
        responseFormat: { type: "json", objectName: "Weather", schema },
      })
      assert.isAbove(answer.uncorrected, plain + 20)
      const used = yield* estimate([
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: [{ type: "tool-call", id: "1", name: "Weather", params: { place: "x".repeat(400) } }],
        },
        {
          role: "tool",
          content: [{ type: "tool-result", id: "1", name: "Weather", isFailure: false, result: "y".repeat(400) }],
        },
      ])
      assert.isAbove(used.uncorrected, plain + 200)
    }).pipe(provided),
  )

  it.effect("grows with tools that the provider runs by nobody knows how much", () =>
    Effect.gen(function* () {
      const search = Tool.providerDefined({ id: "test.search", customName: "Search", providerName: "search" })()
      assert.deepStrictEqual((yield* estimate("hi", target, { tools: [search] })).doubts, ["providerTools"])
    }).pipe(provided),
  )
})

describe("the answer", () => {
  it.effect("is as long as the request lets it be, else as the model can", () =>
    Effect.gen(function* () {
      const limit = (of: Partial<Estimate.Target>) =>
        Effect.map(estimate("hi", { provider: "openai", model: "m", ...of }), ({ doubts, output }) => [output, doubts])
      assert.deepStrictEqual(
        yield* Effect.all([
          limit({ maxOutputTokens: 500, price: target.price }),
          limit({ price: target.price }),
          limit({ price: { maxOutputTokens: undefined, contextWindow: 64_000 } }),
          limit({}),
        ]),
        [
          [500, []],
          [128_000, []],
          [64_000, []],
          [128_000, ["outputLimit"]],
        ],
      )
    }).pipe(provided),
  )
})

describe("files", () => {
  const tokens = (file: Parameters<typeof withFile>[0], of: Estimate.Target) =>
    Effect.map(estimate(withFile(file), of), ({ audioInput, doubts, imageInput }) => [imageInput, audioInput, doubts])

  it.effect("images count by the formula of the provider, by their size where it can be seen", () =>
    Effect.gen(function* () {
      const image = { mediaType: "image/png", data: png(1_000, 600) }
      const text = { mediaType: "image/png", data: Base64.encode(png(1_000, 600)) }
      const link = { mediaType: "image/png", data: new URL("https://images.example/ship.png") }
      const old = { provider: "openai", model: "gpt-4o", maxOutputTokens: 1 }
      assert.deepStrictEqual(
        yield* Effect.all([
          tokens(image, claude),
          tokens(text, claude),
          tokens(link, claude),
          tokens(image, { ...claude, model: "claude-sonnet-4-6" }),
          tokens(link, { ...claude, model: "claude-sonnet-4-6" }),
          tokens({ mediaType: "image/png", data: png(8_000, 8_000) }, claude),
          tokens(image, gemini),
          tokens(image, old),
          tokens(link, old),
          tokens(image, target),
        ]),
        [
          [36 * 22, 0, []],
          [36 * 22, 0, []],
          [4_784, 0, []],
          [800, 0, []],
          [1_600, 0, []],
          [4_784, 0, []],
          [2_240, 0, []],
          [85 + 170 * 4, 0, []],
          [85 + 170 * 8, 0, []],
          [Math.ceil(1.72 * 32 * 19), 0, []],
        ],
      )
    }).pipe(provided),
  )

  it.effect("sounds, films and documents are bounded by their bytes, and say so", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array(100_000)
      assert.deepStrictEqual(yield* tokens({ mediaType: "audio/mpeg", data: bytes }, gemini), [0, 50 * 32, ["sound"]])
      assert.deepStrictEqual(yield* tokens({ mediaType: "video/mp4", data: bytes }, gemini), [4 * 300, 0, ["film"]])
      const pages = yield* estimate(withFile({ mediaType: "application/pdf", data: bytes }), claude)
      assert.deepStrictEqual([pages.inputAtMost, pages.doubts], [5 * 7_784 + 7, ["document"]])
      const linked = { mediaType: "application/pdf", data: new URL("https://files.example/ship.pdf") }
      assert.deepStrictEqual((yield* estimate(withFile(linked), claude)).doubts, ["linkedFile"])
      const wave = new Uint8Array(100_000)
      wave.set([0x52, 0x49, 0x46, 0x46, 0, 0, 0, 0, 0x57, 0x41, 0x56, 0x45])
      new DataView(wave.buffer).setUint32(28, 50_000, true)
      assert.deepStrictEqual(yield* tokens({ mediaType: "audio/wav", data: wave }, gemini), [0, 2 * 32, ["sound"]])
    }).pipe(provided),
  )

  it.effect("texts count as texts", () =>
    Effect.gen(function* () {
      const { input, inputAtMost } = yield* estimate(withFile({ mediaType: "text/plain", data: new Uint8Array(3_000) }))
      assert.strictEqual(input, 1_000 + Math.ceil(7 * 1.25))
      assert.strictEqual(inputAtMost, 3_007)
      const base64 = yield* estimate(
        withFile({ mediaType: "text/plain", data: `data:text/plain;base64,${"AAAA".repeat(1_000)}` }),
      )
      assert.strictEqual(base64.inputAtMost, 3_007)
    }).pipe(provided),
  )

  it.effect("of any content crash nothing", () =>
    Effect.gen(function* () {
      for (const data of ["", "not base64!", "data:,", "data:image/png;base64,", "====", "\ud800", "https://x"]) {
        for (const mediaType of ["image/png", "audio/wav", "video/mp4", "application/pdf", "text/plain", ""]) {
          const { audioInput, imageInput, input } = yield* estimate(withFile({ mediaType, data }))
          assert.isTrue(Number.isSafeInteger(input + audioInput + imageInput), `${mediaType} ${data}`)
        }
      }
    }).pipe(provided),
  )
})

describe("learning", () => {
  it.effect("real usage corrects the next estimate, of that model alone", () =>
    Effect.gen(function* () {
      const estimator = yield* Estimate.Estimator
      const first = yield* estimate(prose)
      const usage = { inputTokens: { total: Math.round(first.uncorrected * 0.85) }, outputTokens: {} }
      for (let answers = 0; answers < 40; answers++) yield* estimator.learn(yield* estimate(prose), usage)
      const later = yield* estimate(prose)
      assert.isTrue(later.input >= usage.inputTokens.total && later.input < usage.inputTokens.total * 1.1)
      assert.strictEqual((yield* estimate(prose, { ...target, model: "gpt-6-luna" })).input, first.input)
    }).pipe(provided),
  )

  it.effect("a model that counts more is not underestimated twice", () =>
    Effect.gen(function* () {
      const estimator = yield* Estimate.Estimator
      const first = yield* estimate(prose)
      const real = Math.round(first.uncorrected * 1.6)
      yield* estimator.learn(first, { inputTokens: { total: real }, outputTokens: {} })
      assert.isAbove((yield* estimate(prose)).input, real)
    }).pipe(provided),
  )

  it.effect("answers with images or without usage teach nothing", () =>
    Effect.gen(function* () {
      const estimator = yield* Estimate.Estimator
      const image = yield* estimate(withFile({ mediaType: "image/png", data: png(10, 10) }))
      yield* estimator.learn(image, { inputTokens: { total: 100_000 }, outputTokens: {} })
      yield* estimator.learn(yield* estimate(prose), undefined)
      yield* estimator.learn(yield* estimate(prose), { inputTokens: {}, outputTokens: {} })
      const { input, uncorrected } = yield* estimate(prose)
      assert.strictEqual(input, Math.ceil(uncorrected * 1.25))
    }).pipe(provided),
  )

  it.effect("remembers the models that were seen last, and not more of them than there is room for", () =>
    Effect.gen(function* () {
      const estimator = yield* Estimate.Estimator
      const usage = { inputTokens: { total: 100 }, outputTokens: {} }
      const learnt = (model: string) => Effect.map(estimate("hello", { ...target, model }), ({ input }) => input)
      const fresh = yield* learnt("never seen")
      for (let index = 0; index < 1_001; index++) {
        yield* estimator.learn(yield* estimate("hello", { ...target, model: `model-${index}` }), usage)
      }
      assert.strictEqual(yield* learnt("model-0"), fresh)
      assert.notStrictEqual(yield* learnt("model-1"), fresh)
    }).pipe(provided),
  )
})

describe("money", () => {
  it.effect("an estimate has a price", () =>
    Effect.gen(function* () {
      const most = yield* estimate("hi", { ...target, maxOutputTokens: 1_000 })
      const cost = Price.atMost(gpt, { ...most, cacheTtl: "30m", serviceTier: "batch" })
      const input = Money.fromInputUnsafe("$0.00000125")
      const output = Money.fromInputUnsafe("$0.000064")
      assert.strictEqual(
        cost,
        Money.timesRatio(Money.add(Money.times(input, most.input), Money.times(output, 1_000)), {
          numerator: 1n,
          denominator: 2n,
        }),
      )
      assert.isTrue(Price.atMost(gpt, Estimate.certain(most)) >= Price.atMost(gpt, most))
    }).pipe(provided),
  )
})

describe("an exact tokenizer", () => {
  const exact = Effect.provide(Estimate.layerTokenizer)

  it.effect("counts as OpenAI does, special tokens as letters", () =>
    Effect.gen(function* () {
      const tokenizer = yield* Tokenizer.Tokenizer
      const count = (text: string) => Effect.map(tokenizer.tokenize(text), ({ length }) => length)
      assert.deepStrictEqual(
        yield* Effect.all(["Why do ships float?", "", "船为什么会浮", "1234567"].map(count)),
        [5, 0, 4, 3],
      )
      assert.isAbove(yield* count("<|endoftext|>"), 1)
      // In pieces it counts the same as in one.
      assert.strictEqual(yield* count(prose.repeat(3)), encode(prose.repeat(3)).length)
      assert.strictEqual((yield* estimate("Why do ships float?").pipe(exact)).uncorrected, 5 + 4 + 3)
    }).pipe(Effect.provide(Estimate.layerGptTokenizer)),
  )

  it.effect("is never given a run whose work would grow with its square", () =>
    Effect.gen(function* () {
      const lengths: Array<number> = []
      const watching = Tokenizer.make({
        tokenize: ({ content }) =>
          Effect.sync(() => {
            const [message] = content
            const text =
              message?.role === "user" ? message.content.map((part) => ("text" in part ? part.text : "")).join("") : ""
            lengths.push(text.length)
            return []
          }),
      })
      for (const hostile of ["a".repeat(1_000_000), "\ud83d".repeat(1_000_000), "<|endoftext|>".repeat(70_000)]) {
        lengths.length = 0
        yield* estimate(hostile).pipe(exact, Effect.provideService(Tokenizer.Tokenizer, watching))
        assert.isAtMost(Math.max(...lengths), 256)
        assert.isAtMost(lengths.length, 4_000)
      }
    }),
  )

  it.effect("takes a megabyte of one letter", () =>
    Effect.gen(function* () {
      const { uncorrected } = yield* estimate("a".repeat(1_000_000)).pipe(exact)
      assert.isTrue(uncorrected > 100_000 && uncorrected < 150_000)
    }).pipe(Effect.provide(Estimate.layerGptTokenizer)),
  )

  it.effect("that fails is replaced by the count by script", () =>
    Effect.gen(function* () {
      const broken = Tokenizer.make({
        tokenize: () =>
          Effect.fail(AiError.make({ module: "test", method: "tokenize", reason: new AiError.UnknownError({}) })),
      })
      const exactly = yield* estimate(prose).pipe(exact, Effect.provideService(Tokenizer.Tokenizer, broken))
      assert.deepStrictEqual(exactly, yield* estimate(prose).pipe(provided))
    }),
  )
})
