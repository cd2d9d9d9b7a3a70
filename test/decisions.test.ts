/**
 * Decisions of OpenAI's endpoint and of all vendors' language models, held to one suite.
 */
import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { Fallback, Resilient, ResilientDecisionModel, ResponseCache } from "@holdfast/core"
import { Budget, Ledger, Money, PriceBook } from "@holdfast/cost"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiDecisionModel, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import * as DecisionConformance from "@holdfast/testing/DecisionConformance"
import { Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { Decision, DecisionModel } from "effect/ai"
import { TestClock } from "effect/testing"

const apiKey = Redacted.make("test-key-of-decisions")

type Decided = ReadonlyArray<readonly [name: string, DecisionConformance.Decided]>

const openAiAnswer = (name: string, decided: DecisionConformance.Decided): unknown => {
  if (decided === "missing") return { type: "something new", name }
  if (decided === "refused") return { type: "refusal", name }
  const list = (key: string, shares: Readonly<Record<string, number>>) =>
    Object.entries(shares).map(([label, probability], value) => ({ value, [key]: label, probability }))
  switch (decided.type) {
    case "choice":
      return { type: "choice", name, choice: "billing", confidence: 0.5, probabilities: list("value", decided.shares) }
    case "score":
      return { type: "score", name, score: 7, confidence: 0.5, probabilities: list("label", decided.shares) }
    case "predicate":
      return { type: "predicate", name, probability: decided.probability }
    case "place":
      return undefined
  }
}

DecisionConformance.suite({
  name: "gpt-6-luna on /decisions",
  dialect: "openai-decisions",
  model: OpenAiDecisionModel.model("gpt-6-luna"),
  layer: (apiUrl) => OpenAiClient.layer({ apiKey, apiUrl }),
  reply: (decided) => Reply.media({ decisions: decided.map(([name, each]) => openAiAnswer(name, each)) }),
  places: false,
})

const structured = (decided: Decided) =>
  Object.fromEntries(
    decided.map(([, each], index) => [`decision_${index + 1}`, each === "refused" ? null : structuredAnswer(each)]),
  )

// A distribution of another length is no answer.
const structuredAnswer = (decided: Exclude<DecisionConformance.Decided, "refused">): unknown => {
  if (decided === "missing") return { probabilities: [] }
  if (decided.type === "predicate") return { probability: decided.probability }
  return decided.type === "place" ? decided.box : { probabilities: Object.values(decided.shares) }
}

const reply = (decided: Decided) => Reply.json(structured(decided))

DecisionConformance.suite({
  name: "a language model of OpenAI's, by structured output",
  dialect: "openai-responses",
  model: ResilientDecisionModel.fromLanguageModel(OpenAiLanguageModel.model("gpt-6-sol")),
  layer: (apiUrl) => OpenAiClient.layer({ apiKey, apiUrl }),
  reply,
  places: true,
})

DecisionConformance.suite({
  name: "a language model of Anthropic's, by structured output",
  dialect: "anthropic",
  model: ResilientDecisionModel.fromLanguageModel(AnthropicLanguageModel.model("claude-sonnet-5-5")),
  layer: (apiUrl) => AnthropicClient.layer({ apiKey, apiUrl }),
  reply,
  places: true,
})

DecisionConformance.suite({
  name: "a language model of Google's, by structured output",
  dialect: "google",
  model: ResilientDecisionModel.fromLanguageModel(GoogleLanguageModel.model("gemini-3.8-flash")),
  layer: (apiUrl) => GoogleClient.layer({ apiKey, apiUrl }),
  reply,
  places: true,
})

const Urgency = Decision.make({
  input: Schema.String,
  decisions: { urgent: Decision.probability({ instructions: "It is urgent" }) },
})

const clients = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    Layer.mergeAll(
      OpenAiClient.layer({ apiKey, apiUrl: emulator.baseUrl("openai-decisions") }),
      AnthropicClient.layer({ apiKey, apiUrl: emulator.baseUrl("anthropic") }),
    ),
  ),
)

const today = Layer.effectDiscard(TestClock.setTime(Date.UTC(2026, 10, 24)))

const live = Layer.mergeAll(clients, PriceBook.layer, Ledger.layerMemory(), today).pipe(
  Layer.provideMerge(Emulator.layer()),
)

const costOf = (response: Parameters<typeof ResilientDecisionModel.taken>[0]) =>
  Effect.flatMap(Effect.fromOption(ResilientDecisionModel.taken(response)), PriceBook.cost)

describe("what a decision took", () => {
  it.effect("is known of OpenAI's endpoint and of a language model, at the price of the one that answered", () =>
    Effect.gen(function* () {
      const { script } = yield* Emulator.Emulator
      const usage = { inputTokens: { total: 1_000 }, outputTokens: { total: 0 } }
      yield* script(
        "openai-decisions",
        Reply.media({ decisions: [{ type: "predicate", name: "urgent", probability: 0.5 }], usage }),
      )
      const decided = yield* DecisionModel.decide(Urgency, { input: "Fire!" }).pipe(
        Resilient.provide(OpenAiDecisionModel.model("gpt-6-luna")),
      )
      const { input = Money.zero } = (yield* PriceBook.price({ provider: "openai", model: "gpt-6-luna-decisions" }))
        .rates
      assert.deepStrictEqual((yield* costOf(decided)).total, Money.times(input, 1_000))

      // The first model of the stack is asked and fails; the second one answers.
      yield* script("openai-responses", Reply.overloaded())
      yield* script(
        "anthropic",
        Reply.json({ decision_1: { probability: 0.5 } }, { usage: { input: 100, output: 10 } }),
      )
      const writer = OpenAiLanguageModel.model("gpt-6-sol").pipe(
        Fallback.to(AnthropicLanguageModel.model("claude-sonnet-5-5")),
      )
      const settled = yield* DecisionModel.decideSettled(Urgency, { input: "Fire!" }).pipe(
        Resilient.provide(ResilientDecisionModel.fromLanguageModel(writer)),
      )
      const price = yield* PriceBook.price({ provider: "anthropic", model: "claude-sonnet-5-5" })
      const { input: read = Money.zero, output = Money.zero } = price.rates
      assert.deepStrictEqual((yield* costOf(settled)).total, Money.add(Money.times(read, 100), Money.times(output, 10)))
      const taken = Option.getOrThrow(ResilientDecisionModel.taken(settled))
      assert.deepStrictEqual([taken.provider, taken.model], ["anthropic", "claude-sonnet-5-5"])
    }).pipe(Effect.provide(live)),
  )

  it.effect("is nothing where a cache answered", () =>
    Effect.gen(function* () {
      const { script } = yield* Emulator.Emulator
      yield* script("anthropic", Reply.json({ decision_1: { probability: 0.5 } }))
      const chat = AnthropicLanguageModel.model("claude-sonnet-5-5")
      const ask = DecisionModel.decide(Urgency, { input: "Fire!" })
      for (const model of [
        ResilientDecisionModel.fromLanguageModel(
          chat.pipe(ResponseCache.exact({ timeToLive: "1 hour", scope: ResponseCache.shared })),
        ),
        ResilientDecisionModel.fromLanguageModel(chat).pipe(
          ResponseCache.exact({ timeToLive: "1 hour", scope: ResponseCache.shared }),
        ),
      ]) {
        yield* script("anthropic", Reply.json({ decision_1: { probability: 0.5 } }))
        const [first, second] = yield* Effect.all([ask, ask]).pipe(Resilient.provide(model))
        assert.isTrue(Option.isSome(ResilientDecisionModel.taken(first)))
        assert.isTrue(Option.isNone(ResilientDecisionModel.taken(second)))
      }
    }).pipe(Effect.provide(Layer.mergeAll(live, ResponseCache.layerMemory()))),
  )
})

describe("a language model as the fallback of OpenAI's endpoint", () => {
  it.effect("decides in the same call, and each is paid for at its own price", () =>
    Effect.gen(function* () {
      const { script } = yield* Emulator.Emulator
      yield* script("openai-decisions", Reply.overloaded())
      yield* script(
        "anthropic",
        Reply.json({ decision_1: { probability: 0.5 } }, { usage: { input: 100, output: 10 } }),
      )
      const model = OpenAiDecisionModel.model("gpt-6-luna").pipe(
        Fallback.to(ResilientDecisionModel.fromLanguageModel(AnthropicLanguageModel.model("claude-sonnet-5-5"))),
        Budget.enforce({ name: "team", daily: "10 USD" }),
      )
      const { answers, usage } = yield* DecisionModel.decide(Urgency, { input: "Fire!" }).pipe(Resilient.provide(model))
      assert.deepStrictEqual([answers.urgent.probability, usage.inputTokens], [0.5, 100])
      const ledger = yield* Ledger.Ledger
      const paid = (yield* Stream.runCollect(ledger.entries())).flatMap((entry) =>
        entry._tag === "Settled"
          ? [[entry.settlement.subject.model, entry.settlement.basis, entry.settlement.cost]]
          : [],
      )
      const price = yield* PriceBook.price({ provider: "anthropic", model: "claude-sonnet-5-5" })
      const { input = Money.zero, output = Money.zero } = price.rates
      assert.deepStrictEqual(paid, [
        ["gpt-6-luna", "unbilled", Money.zero],
        ["claude-sonnet-5-5", "reported", Money.add(Money.times(input, 100), Money.times(output, 10))],
      ])
    }).pipe(Effect.provide(live)),
  )
})
