import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Schedule } from "effect"
import { AiError, EmbeddingModel, Model } from "effect/ai"

import type * as Attempt from "../src/Attempt.ts"
import * as AttemptGuard from "../src/AttemptGuard.ts"
import * as CallSettings from "../src/CallSettings.ts"
import * as Event from "../src/Event.ts"
import * as Fallback from "../src/Fallback.ts"
import * as PolicyError from "../src/PolicyError.ts"
import * as ProviderError from "../src/provider/ProviderError.ts"
import { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as Resilient from "../src/Resilient.ts"
import * as ResilientEmbeddingModel from "../src/ResilientEmbeddingModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import * as Retry from "../src/Retry.ts"
import { scriptedEmbeddings, vectorOf } from "./embeddings.ts"
import { hashAtOnce } from "./hashes.ts"

// Pieces are asked for when the hash of each is there, and real hashes come in any order.
hashAtOnce()

const embed = (text: string) => Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed(text))
const embedMany = (texts: ReadonlyArray<string>) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embedMany(texts))

const overloaded = ProviderError.fromFault(
  { module: "acme", method: "embed", provider: "acme", url: "", scrub: (text) => text },
  { message: "busy", status: 503 },
)

const vectors = ({ embeddings }: EmbeddingModel.EmbedManyResponse) => embeddings.map(({ vector }) => vector)

const listening = <A, E, R>(self: Effect.Effect<A, E, R>) => {
  const events: Array<Event.Event> = []
  return Effect.map(Effect.exit(Event.listen(self, (event) => events.push(event))), (exit) => ({ events, exit }))
}

const ended = (events: ReadonlyArray<Event.Event>) => events.filter((event) => event._tag === "AttemptEnded")

describe("a list of texts", () => {
  it.effect("is embedded in its order, with what it took", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings()
      const answer = yield* embedMany(["one", "three", "a"]).pipe(Resilient.provide(model))
      assert.deepStrictEqual(vectors(answer), ["one", "three", "a"].map(vectorOf))
      assert.strictEqual(answer.usage.inputTokens, 9)
      assert.deepStrictEqual(asked, [["one", "three", "a"]])
    }),
  )

  it.effect("without a text makes no request", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings()
      const answer = yield* embedMany([]).pipe(Resilient.provide(model))
      assert.deepStrictEqual([answer.embeddings, answer.usage.inputTokens, asked], [[], undefined, []])
    }),
  )

  it.effect("names its model", () =>
    Effect.gen(function* () {
      const { model } = scriptedEmbeddings()
      const names = Effect.all([Model.ProviderName, Model.ModelName])
      assert.deepStrictEqual(yield* Effect.provide(names, model), ["acme", "embed-1"])
    }),
  )

  it.effect("is cut to what a request takes, and each request is a call with its own attempts", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings({ limits: { maxInputs: 2 } })
      const { events, exit } = yield* listening(
        embedMany(["a", "bb", "ccc", "dddd", "e"]).pipe(Resilient.provide(model)),
      )
      assert.deepStrictEqual(asked, [["a", "bb"], ["ccc", "dddd"], ["e"]])
      assert.isTrue(Exit.isSuccess(exit) && exit.value.usage.inputTokens === 11)
      const attempts = ended(events)
      assert.deepStrictEqual(
        attempts.map(({ index, operation, usage }) => [operation, index, usage?.inputTokens.total]),
        [
          ["embeddings", 1, 3],
          ["embeddings", 1, 7],
          ["embeddings", 1, 1],
        ],
      )
      const calls = events.filter((event) => event._tag === "CallEnded")
      assert.deepStrictEqual(new Set(calls.map(({ callId }) => callId)), new Set(attempts.map(({ callId }) => callId)))
      assert.deepStrictEqual(
        calls.map(({ deliveredParts, operation, outcome }) => [operation, outcome._tag, deliveredParts]),
        [
          ["embeddings", "Completed", 2],
          ["embeddings", "Completed", 2],
          ["embeddings", "Completed", 1],
        ],
      )
      assert.isTrue(calls.every(({ traceId }) => traceId !== ""))
    }),
  )

  it.effect("is repeated where it failed, and not where it was answered", () =>
    Effect.gen(function* () {
      const failures = [overloaded]
      const { asked, model } = scriptedEmbeddings({
        limits: { maxInputs: 1 },
        reply: ([text]) => (text === "bb" ? failures.pop() : undefined),
      })
      const stack = model.pipe(Retry.schedule(Schedule.recurs(2)))
      const answer = yield* embedMany(["a", "bb", "ccc"]).pipe(Resilient.provide(stack))
      assert.deepStrictEqual(vectors(answer), ["a", "bb", "ccc"].map(vectorOf))
      assert.deepStrictEqual(asked.flat().toSorted(), ["a", "bb", "bb", "ccc"])
    }),
  )

  it.effect("is not asked for again where a cache has a piece of it", () =>
    Effect.gen(function* () {
      const failures = [overloaded]
      const { asked, model } = scriptedEmbeddings({
        limits: { maxInputs: 1 },
        reply: ([text]) => (text === "ccc" ? failures.pop() : undefined),
      })
      const cached = model.pipe(ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" }))
      const index = embedMany(["a", "bb", "ccc"]).pipe(Resilient.provide(cached))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(index)))
      assert.deepStrictEqual(vectors(yield* index), ["a", "bb", "ccc"].map(vectorOf))
      assert.deepStrictEqual(asked, [["a"], ["bb"], ["ccc"], ["ccc"]])
    }),
  )

  it.effect("has an unknown usage where one of its pieces has", () =>
    Effect.gen(function* () {
      const { model } = scriptedEmbeddings({
        limits: { maxInputs: 1 },
        reply: ([text]) => (text === "b" ? { inputTokens: undefined } : undefined),
      })
      const answer = yield* embedMany(["a", "b"]).pipe(Resilient.provide(model))
      assert.strictEqual(answer.usage.inputTokens, undefined)
    }),
  )

  it.effect("takes no more than the smallest of the models that may answer it", () =>
    Effect.gen(function* () {
      const first = scriptedEmbeddings({ limits: { maxInputs: 4 }, reply: () => overloaded })
      const second = scriptedEmbeddings({ model: "embed-2", limits: { maxInputs: 2 } })
      const stack = first.model.pipe(Fallback.to(second.model))
      yield* embedMany(["a", "b", "c", "d"]).pipe(Resilient.provide(stack))
      assert.deepStrictEqual(second.asked, [
        ["a", "b"],
        ["c", "d"],
      ])
    }),
  )
})

describe("what cannot be embedded", () => {
  it.effect("is an empty text, before any other is paid for", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings({ limits: { maxInputs: 1 } })
      const error = yield* Effect.flip(embedMany(["a", ""]).pipe(Resilient.provide(model)))
      assert.instanceOf(error, UnsupportedOption)
      assert.strictEqual(error.option, "inputs")
      assert.deepStrictEqual(asked, [])
    }),
  )

  it.effect("is anything under settings that generate text", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings()
      const error = yield* embed("a").pipe(Resilient.provide(model), CallSettings.set({ temperature: 0 }), Effect.flip)
      assert.deepStrictEqual(
        [error._tag, (error as UnsupportedOption).option, asked],
        ["UnsupportedOption", "temperature", []],
      )
    }),
  )
})

describe("an answer that does not fit", () => {
  const answers: ReadonlyArray<readonly [string, ReadonlyArray<ReadonlyArray<number>>]> = [
    ["has too few vectors", [[1, 2]]],
    ["has too many vectors", [[1], [2], [3]]],
    ["has vectors of different lengths", [[1, 2], [1]]],
    ["has an empty vector", [[], []]],
    [
      "has numbers that are none",
      [
        [1, Number.NaN],
        [1, 2],
      ],
    ],
    [
      "has numbers without an end",
      [
        [1, 2],
        [1, Number.POSITIVE_INFINITY],
      ],
    ],
  ]

  it.effect.each(answers)("%s", ([, given]) =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings({ reply: () => ({ vectors: given }) })
      const stack = model.pipe(Retry.schedule(Schedule.recurs(3)))
      const { events, exit } = yield* listening(embedMany(["a", "b"]).pipe(Resilient.provide(stack)))
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.isTrue(AiError.isAiError(error) && error.reason._tag === "InvalidOutputError")
      // It was paid for, and asking again would be, too.
      assert.strictEqual(asked.length, 1)
      const [attempt] = ended(events)
      assert.strictEqual(attempt?.outcome._tag, "Failed")
      assert.strictEqual(attempt?.usage?.inputTokens.total, 2)
    }),
  )
})

const each = (count: number) => Array.from({ length: count }, (_, index) => "x".repeat(1 + (index % 9)))

/** A guard that writes down what each tenant paid for. */
const paying = () => {
  const paid: Record<string, number> = {}
  const texts: Record<string, number> = {}
  const guard: AttemptGuard.AttemptGuard<never> = {
    reserve: (start) =>
      Effect.succeed({
        settle: (attempt: Attempt.Attempt) =>
          Effect.sync(() => {
            const tenant = start.context.tenant ?? "none"
            paid[tenant] = (paid[tenant] ?? 0) + (attempt.usage?.inputTokens.total ?? 0)
            texts[tenant] = (texts[tenant] ?? 0) + (start.request.options.inputs?.length ?? 0)
          }),
        release: Effect.void,
      }),
  }
  const policy = Resilient.policy({ name: "paying", settings: {} }, (call) =>
    Effect.succeed(AttemptGuard.install(call, guard)),
  )
  return { paid, texts, policy }
}

describe("many texts at the same time", () => {
  it.effect("share requests, and every tenant pays for its own", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings({ limits: { maxInputs: 2_048 } })
      const { paid, policy, texts } = paying()
      const inputs = each(5_000).map((text, index) => ({ text, tenant: index % 3 === 0 ? "acme" : "globex" }))
      const answers = yield* Effect.forEach(
        inputs,
        // Each of them says who it is by itself, as request handlers do.
        ({ tenant, text }) => Effect.map(RequestContext.annotate(embed(text), { tenant }), ({ vector }) => vector),
        { concurrency: "unbounded" },
      ).pipe(Resilient.provide(model.pipe(policy)))
      assert.deepStrictEqual(
        answers,
        inputs.map(({ text }) => vectorOf(text)),
      )
      const of = (tenant: string) => inputs.filter((input) => input.tenant === tenant)
      const tokens = (tenant: string) => of(tenant).reduce((sum, { text }) => sum + text.length, 0)
      assert.deepStrictEqual(texts, { acme: of("acme").length, globex: of("globex").length })
      assert.deepStrictEqual(paid, { acme: tokens("acme"), globex: tokens("globex") })
      // 1,667 texts are one request, and 3,333 are two.
      assert.strictEqual(asked.length, 3)
    }),
  )

  it.effect("are kept apart by tags, by settings and by who listens", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings()
      const silent: Event.Sink = () => undefined
      yield* Effect.all(
        [
          embed("a"),
          embed("b"),
          RequestContext.annotate(embed("c"), { tags: { feature: "search" } }),
          RequestContext.annotate(embed("d"), { tags: { feature: "search" } }),
          Effect.exit(CallSettings.set(embed("e"), { seed: 1 })),
          Event.listen(embed("f"), silent),
        ],
        { concurrency: "unbounded" },
      ).pipe(Resilient.provide(model))
      assert.deepStrictEqual(asked, [["a", "b"], ["c", "d"], ["f"]])
    }),
  )

  it.effect("fail by themselves", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings({
        limits: { maxInputs: 2 },
        reply: (inputs) => (inputs.includes("c") ? overloaded : undefined),
      })
      const exits = yield* Effect.forEach(["a", "", "b", "c"], (text) => Effect.exit(embed(text)), {
        concurrency: "unbounded",
      }).pipe(Resilient.provide(model))
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, false, false])
      assert.deepStrictEqual(asked, [["a"], ["b", "c"]])
    }),
  )

  it.effect("are not asked for when their caller is gone", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings()
      yield* Effect.gen(function* () {
        const gone = yield* Effect.forkChild(embed("a"), { startImmediately: true })
        const other = yield* Effect.forkChild(embed("b"), { startImmediately: true })
        yield* Fiber.interrupt(gone)
        yield* Fiber.join(other)
      }).pipe(Resilient.provide(model))
      assert.deepStrictEqual(asked, [["b"]])
    }),
  )
})

describe("a model of another package", () => {
  it.effect("takes policies", () =>
    Effect.gen(function* () {
      let calls = 0
      const layer = Layer.effect(
        EmbeddingModel.EmbeddingModel,
        EmbeddingModel.make({
          embedMany: ({ inputs }) =>
            Effect.suspend(() =>
              ++calls === 1
                ? Effect.fail(overloaded)
                : Effect.succeed({ results: inputs.map((text) => [text.length]), usage: { inputTokens: 5 } }),
            ),
        }),
      )
      const model = ResilientEmbeddingModel.fromEmbeddingModel(layer, { provider: "other", model: "embed" }).pipe(
        Retry.schedule(Schedule.recurs(1)),
      )
      const answer = yield* embedMany(["a", "bb"]).pipe(Resilient.provide(model))
      assert.deepStrictEqual(vectors(answer), [[1], [2]])
      assert.deepStrictEqual([answer.usage.inputTokens, calls], [5, 2])
    }),
  )

  it.effect("folds what policies refuse into effect/ai's error, and gives it back", () =>
    Effect.gen(function* () {
      const { model } = scriptedEmbeddings()
      const error = yield* Effect.flip(Effect.provide(embed(""), model))
      assert.isTrue(AiError.isAiError(error) && error.reason._tag === "InvalidRequestError")
      assert.instanceOf(PolicyError.unfold(error), UnsupportedOption)
    }),
  )
})
