import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { type AiError, LanguageModel } from "effect/ai"
import * as fc from "fast-check"

import * as Event from "../../../src/Event.ts"
import * as Failure from "../../../src/Failure.ts"
import { textsIn, withoutPrompt, withoutQuotes } from "../../../src/internal/error/withoutPrompt.ts"
import * as ProviderError from "../../../src/provider/ProviderError.ts"
import * as ResilientModel from "../../../src/ResilientModel.ts"
import { origin } from "../../scripted.ts"

const prompt = "My card number is 4012-8888-8888-1881, and my mother's name was Ada Lovelace."
const quoting = (text: string) => ProviderError.fromFault(origin, { status: 400, message: text })

describe("a message that quotes the prompt", () => {
  it("keeps its own words", () => {
    const clean = (message: string) => withoutQuotes(message, [prompt])
    assert.strictEqual(clean(`Invalid value '${prompt}' at messages[0]`), "Invalid value '<prompt>' at messages[0]")
    assert.strictEqual(clean(`Invalid value '${prompt.slice(11, 50)}…'`), "Invalid value '<prompt>…'")
    assert.strictEqual(clean("Invalid value at messages[0]"), "Invalid value at messages[0]")
    assert.strictEqual(withoutQuotes("cannot parse 'ssn 123-45-6789'", ["ssn 123-45-6789"]), "cannot parse '<prompt>'")
    assert.strictEqual(withoutQuotes("hi is this", ["hi", ""]), "hi is this")
  })

  it("loses whatever it quotes of the prompt, of its tools' results and of their arguments", () => {
    const parts = [
      { type: "text", text: prompt },
      {
        type: "tool-call",
        id: "call_0123456789abcdefghijkl",
        name: "lookup",
        params: { secret: ["the launch code is 0000-1111-2222"] },
      },
      { type: "tool-result", result: { rows: [{ note: "a note that nobody else may ever read" }] } },
    ]
    const texts = textsIn([{ role: "user", content: parts }])
    assert.deepStrictEqual(texts, [
      prompt,
      "the launch code is 0000-1111-2222",
      "a note that nobody else may ever read",
    ])
    const message = JSON.stringify(parts)
    for (const text of texts) assert.notInclude(withoutQuotes(message, texts), text.slice(4, 30))
    assert.include(withoutQuotes(message, texts), "call_0123456789abcdefghijkl")
  })

  it("shares no 24 characters with it afterwards", () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c", " "), maxLength: 80 }), { maxLength: 4 })
    fc.assert(
      fc.property(texts, texts, (said, framing) => {
        const clean = withoutQuotes(framing.flatMap((text, index) => [text, said[index] ?? ""]).join("|"), said)
        for (let at = 0; at + 24 <= clean.length; at++) {
          const piece = clean.slice(at, at + 24)
          assert.isTrue(piece.includes("<prompt>") || !said.some((text) => text.includes(piece)))
        }
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it("takes bounded time, whatever is said", () => {
    const began = performance.now()
    assert.strictEqual(withoutQuotes("a".repeat(1_000), ["a".repeat(2_000_000)]), "<prompt>")
    withoutQuotes(
      "ab".repeat(500),
      Array.from({ length: 50 }, (_, index) => `${"ab".repeat(20_000)}${index}`),
    )
    assert.isBelow(performance.now() - began, 4_000)
  })

  it("stays the same error otherwise, and itself if it quotes nothing", () => {
    const error = quoting(`bad: ${prompt}`)
    const clean = withoutPrompt(error, [prompt])
    assert.strictEqual(clean.reason._tag, "InvalidRequestError")
    assert.deepStrictEqual(Failure.classify(clean), Failure.classify(error))
    assert.deepStrictEqual([clean.module, clean.method], [error.module, error.method])
    assert.strictEqual(Failure.messageOf(clean), "bad: <prompt>")
    assert.notInclude(JSON.stringify(clean), "4012")
    assert.notInclude(clean.message, "4012")
    const plain = quoting("bad")
    assert.strictEqual(withoutPrompt(plain, [prompt]), plain)
    assert.strictEqual(withoutPrompt("no error", [prompt]), "no error")
  })

  it.effect("is in no error, event or summary of a call", () =>
    Effect.gen(function* () {
      const error = quoting(`Invalid value: ${prompt}`)
      const model = ResilientModel.fromProvider(
        Effect.succeed({
          provider: "acme",
          model: "one",
          codecTransformer: (codec: never) => codec,
          generate: () => Effect.fail(error),
          stream: () => Effect.succeed({ headers: {}, parts: Stream.fail(error) }),
        } as never),
        { name: "Acme.model", settings: {} },
      )
      const seen: Array<string> = []
      const listen = Event.listen((event) => {
        seen.push(JSON.stringify(event), Event.summary(event))
        if (event._tag === "AttemptEnded") seen.push(event.unknownWording ?? "")
      })
      const failed = (failing: Effect.Effect<unknown, AiError.AiError, LanguageModel.LanguageModel>) =>
        failing.pipe(listen, Effect.flip, Effect.provide(model))
      const whole = yield* failed(LanguageModel.generateText({ prompt }))
      const streamed = yield* failed(Stream.runDrain(LanguageModel.streamText({ prompt })))
      for (const told of [whole, streamed]) {
        assert.strictEqual(Failure.messageOf(told), "Invalid value: <prompt>")
        seen.push(JSON.stringify(told), told.message)
      }
      assert.include(seen, "400 Invalid value: <prompt>")
      for (const text of seen) assert.notInclude(text, "4012")
    }),
  )
})

describe("an explanation", () => {
  it("names the rule and its source", () => {
    const explained = Failure.explain(
      ProviderError.fromFault(origin, { status: 429, code: "insufficient_quota", message: "no more" }),
    )
    assert.deepInclude(explained, { kind: "fatal", by: "rule", unknownWording: undefined })
    assert.strictEqual(explained.rule?.id, "common/quota-names")
    assert.match(explained.rule?.source ?? "", /^https:/)
  })

  it("says when no rule knew the words, and tells them, bounded and without the key", () => {
    const explained = Failure.explain(
      ProviderError.fromFault(origin, { status: 418, type: "teapot", message: `sk-secret boils ${"x".repeat(5_000)}` }),
    )
    assert.deepInclude(explained, { kind: "fatal", by: "status" })
    assert.strictEqual(explained.rule?.id, "http/4xx")
    assert.match(explained.unknownWording ?? "", /^418 teapot <redacted> boils x+$/)
    assert.isAtMost(explained.unknownWording?.length ?? 0, 300)
  })

  it("says what else an error was read by", () => {
    const by = (error: unknown) => Failure.explain(error).by
    assert.strictEqual(by(ProviderError.fromTransport(origin, new Error("reset"))), "answer")
    assert.strictEqual(by(ProviderError.malformed(origin, "odd", false)), "answer")
    assert.strictEqual(by(new Error("ours")), "unknown")
    assert.isTrue(Option.isNone(Failure.facts(new Error("ours"))))
  })
})
