import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Logger, References, Schedule, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import * as Breaker from "../src/Breaker.ts"
import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Hedge from "../src/Hedge.ts"
import { countingLayer, forgetBuilds } from "../src/internal/model/rebuilt.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import * as Retry from "../src/Retry.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import * as Route from "../src/Route.ts"
import { answer, chunk, delta, errors, finish, refused, script, scripted, wait } from "./scripted.ts"

/** A request handler as people write it: each request is a run of its own, and provides the model. */
const handle = <E>(model: ResilientModel.ResilientModel<E>): Promise<string> =>
  LanguageModel.generateText({ prompt: "hi" }).pipe(
    Effect.map(({ text }) => text),
    ResilientModel.provide(model),
    Effect.catch((error) => Effect.succeed((error as { readonly _tag: string })._tag)),
    Effect.runPromise,
  )

const streamed = <E>(model: ResilientModel.ResilientModel<E>): Promise<string> =>
  LanguageModel.streamText({ prompt: "hi" }).pipe(
    Stream.runDrain,
    Effect.as("answered"),
    ResilientModel.provide(model),
    Effect.catch((error) => Effect.succeed((error as { readonly _tag: string })._tag)),
    Effect.runPromise,
  )

/** One after the other. */
const tenTimes = <E>(
  model: ResilientModel.ResilientModel<E>,
  one: (model: ResilientModel.ResilientModel<E>) => Promise<string> = handle,
): Promise<ReadonlyArray<string>> =>
  Effect.runPromise(
    Effect.replicateEffect(
      Effect.promise(() => one(model)),
      10,
    ),
  )

const times = (count: number, value: string): ReadonlyArray<string> => Array.from({ length: count }, () => value)

describe.each([
  ["generate", handle],
  ["stream", streamed],
] as const)("a model in a module, which every request provides (%s)", (_, one) => {
  it("has one circuit", async () => {
    const spy = scripted([refused(errors.transient)])
    const model = spy.model.pipe(Breaker.guard({ trip: { consecutiveFailures: 2 } }))
    assert.deepStrictEqual(await tenTimes(model, one), [...times(2, "AiError"), ...times(8, "CircuitOpen")])
    assert.lengthOf(spy.requests, 2)
  })

  it("has one rate limit", async () => {
    const spy = scripted([answer("a")])
    const model = spy.model.pipe(RateLimit.perMinute({ requests: 5, queue: 0 }))
    const refusals = (await tenTimes(model, one)).filter((said) => said === "RateLimited")
    assert.lengthOf(refusals, 5)
    assert.lengthOf(spy.requests, 5)
  })

  it.each([
    ["fixed", Concurrency.limit(2, { queue: 0 })],
    ["adaptive", Concurrency.adaptive({ initial: 2, max: 2, queue: 0 })],
  ] as const)("has one limit of calls at the same time, if it is %s", async (_kind, limit) => {
    const slow = scripted([script(wait("20 millis"), chunk(delta("a")), chunk(finish()))])
    const model = limit(slow.model)
    const said = await Promise.all(Array.from({ length: 10 }, () => one(model)))
    assert.lengthOf(
      said.filter((word) => word === "ConcurrencyLimited"),
      8,
    )
    assert.lengthOf(slow.requests, 2)
  })

  it("has one budget for retries", async () => {
    const spy = scripted([refused(errors.transient)])
    const model = spy.model.pipe(Retry.schedule(Schedule.recurs(1)), RetryBudget.ratio(0, { minRetries: 3 }))
    assert.lengthOf(
      (await tenTimes(model, one)).filter((said) => said === "RetryBudgetExhausted"),
      7,
    )
    assert.lengthOf(spy.requests, 13)
  })

  it("has one cache", async () => {
    const spy = scripted([answer("a")])
    const model = spy.model.pipe(ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" }))
    await tenTimes(model, one)
    assert.lengthOf(spy.requests, 1)
  })

  it("saves up hedges over all requests", async () => {
    const spy = scripted([script(wait("30 millis"), chunk(delta("a")), chunk(finish()))])
    const model = spy.model.pipe(Hedge.after("1 millis", { maxShare: 0 }))
    await tenTimes(model, one)
    // One hedge is saved up from the beginning.
    assert.lengthOf(spy.requests, 11)
  })
})

describe("a route in a module, which every request provides", () => {
  it("knows what is under way in other requests", async () => {
    const slow = script(wait("20 millis"), chunk(delta("a")), chunk(finish()))
    const first = scripted([slow], { name: "first" })
    const second = scripted([slow], { name: "second" })
    const model = Route.leastBusy([first.model, second.model])
    await Promise.all(Array.from({ length: 10 }, () => handle(model)))
    assert.deepStrictEqual([first.requests.length, second.requests.length], [5, 5])
  })
})

describe("a policy of an application's own", () => {
  const counted = ResilientModel.policy({ name: "counted", settings: {} }, (call) =>
    Effect.gen(function* () {
      const count = yield* ResilientModel.state(() => ({ calls: 0 }))
      const others = yield* ResilientModel.state(() => [] as Array<number>)
      return {
        ...call,
        open: (request) =>
          Effect.suspend(() => {
            others.push(++count.calls)
            return call.open(request)
          }),
        identity: Effect.sync(() => [...others]),
      }
    }),
  )

  const seen = <E>(model: ResilientModel.ResilientModel<E>) =>
    Effect.runPromise(Effect.scoped(Effect.flatMap(ResilientModel.callOf(model), ({ identity }) => identity!)))

  it("remembers as they do, each model for itself", async () => {
    const { model } = scripted([answer("a")])
    const first = model.pipe(counted)
    const second = model.pipe(counted)
    await handle(first)
    await handle(first)
    await handle(second)
    assert.deepStrictEqual([await seen(first), await seen(second)], [[1, 2], [1]])
  })
})

describe("a fresh model", () => {
  it("remembers nothing, and is one model from then on", async () => {
    const spy = scripted([refused(errors.transient)])
    const model = spy.model.pipe(
      Breaker.guard({ trip: { consecutiveFailures: 1 } }),
      RateLimit.perMinute({ requests: 9 }),
    )
    assert.deepStrictEqual(await tenTimes(model), [...times(1, "AiError"), ...times(9, "CircuitOpen")])
    const fresh = ResilientModel.fresh(model)
    assert.deepStrictEqual([await handle(fresh), await handle(fresh)], ["AiError", "CircuitOpen"])
    assert.strictEqual(await handle(ResilientModel.fresh(model)), "AiError")
    assert.deepStrictEqual(ResilientModel.describe(fresh), ResilientModel.describe(model))
  })

  it("is fresh also where the other one is provided to all of the application", async () => {
    const spy = scripted([refused(errors.transient)])
    const model = spy.model.pipe(Breaker.guard({ trip: { consecutiveFailures: 1 } }))
    const ask = <E>(asked: ResilientModel.ResilientModel<E>) =>
      LanguageModel.generateText({ prompt: "hi" }).pipe(ResilientModel.provide(asked), Effect.flip)
    const program = Effect.gen(function* () {
      yield* ask(model)
      return [(yield* ask(model))._tag, (yield* ask(ResilientModel.fresh(model)))._tag]
    })
    assert.deepStrictEqual(await Effect.runPromise(Effect.provide(program, model)), ["CircuitOpen", "AiError"])
  })
})

describe("what is made anew for each request", () => {
  const warnings = async (each: () => Effect.Effect<unknown, unknown>): Promise<ReadonlyArray<string>> => {
    forgetBuilds()
    const logged: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (logLevel === "Warn") logged.push(String(message))
    })
    const one = Effect.suspend(() => Effect.ignore(each())).pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
    )
    await Effect.runPromise(
      Effect.replicateEffect(
        Effect.promise(() => Effect.runPromise(one)),
        20,
      ),
    )
    return logged
  }

  const ask = LanguageModel.generateText({ prompt: "hi" })

  it("is warned of once: a model", async () => {
    const { model } = scripted([answer("a")], { name: "made-anew" })
    const [warning, ...rest] = await warnings(() =>
      Effect.provide(ask, model.pipe(RateLimit.perMinute({ requests: 1_234 }))),
    )
    assert.include(warning, "Make the model once, outside of the request handler")
    assert.deepStrictEqual(rest, [])
  })

  it("is nothing to warn of where the model with the limit is made once", async () => {
    const model = scripted([answer("a")], { name: "made-once" }).model.pipe(RateLimit.perMinute({ requests: 1_235 }))
    assert.deepStrictEqual(await warnings(() => Effect.provide(ask, model.pipe(Deadline.total("1 minute")))), [])
  })

  it("is warned of once: a layer of state", async () => {
    const own = Layer.effectDiscard(countingLayer("Test.layerMemory", () => undefined))
    const [warning, ...rest] = await warnings(() => Effect.provide(Effect.void, own))
    assert.include(warning, "Test.layerMemory was built 8 times")
    assert.deepStrictEqual(rest, [])
  })

  it("is nothing to warn of where it remembers nothing, or under the clock of a test", async () => {
    const { model } = scripted([answer("a")], { name: "plain" })
    assert.deepStrictEqual(await warnings(() => Effect.provide(ask, model.pipe(Retry.schedule(Retry.standard)))), [])
    const own: Clock.Clock = Object.create(await Effect.runPromise(Clock.Clock))
    assert.deepStrictEqual(
      await warnings(() =>
        Effect.provideService(Effect.provide(ask, model.pipe(RateLimit.perMinute({ requests: 77 }))), Clock.Clock, own),
      ),
      [],
    )
  })
})
