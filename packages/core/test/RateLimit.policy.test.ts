import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, flow, Option, Stream } from "effect"
import { AiError } from "effect/ai"
import { TestClock } from "effect/testing"

import { ofParts } from "../src/internal/answer/complete.ts"
import * as PolicyError from "../src/PolicyError.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { built, guessed, inMemory, using } from "./limited.ts"
import {
  chunk,
  deliver,
  delta,
  errorOf,
  errors,
  fails,
  finish,
  type Mode,
  refused,
  request,
  script,
  scripted,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]

const tagOf = (exit: Exit.Exit<unknown, unknown>) => (errorOf(exit) as { readonly _tag: string })._tag

describe("a mistake in a limit", () => {
  it.effect.each<readonly [ReturnType<typeof RateLimit.perMinute>, string]>([
    [RateLimit.perMinute({}), "RateLimit.perMinute: there must be a limit"],
    [RateLimit.perMinute({ requests: 0 }), "RateLimit.perMinute: the limit of requests"],
    [RateLimit.perDay({ tokens: Number.NaN }), "RateLimit.perDay: the limit of tokens"],
    [RateLimit.limits([RateLimit.requests(1, 0)]), "RateLimit.limits: the window of requests"],
    [RateLimit.limits([RateLimit.requests(1, "1 day"), RateLimit.requests(2, "1 day")]), "two limits"],
    [RateLimit.limits([{ ...RateLimit.requests(1, "1 day"), name: "a b" }]), "the name of a dimension"],
    [RateLimit.perMinute({ requests: 1, queue: -1 }), "queue must be"],
    [RateLimit.perMinute({ requests: 1, maxWait: -1 }), "maxWait must be"],
  ])("is found when the layer is built: %#", ([limit, told]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(ResilientModel.callOf(scripted([]).model.pipe(limit)))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(told))
    }),
  )

  it.effect.each([Number.NaN, -1])("of the cost of a request is a defect: %d", (cost) =>
    inMemory((place) =>
      Effect.gen(function* () {
        const size = { name: "size", limit: 10, window: "1 minute", cost: () => cost } as const
        const { ask, model } = yield* built(RateLimit.limits([size]), { place })
        const { exit } = yield* ask
        assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(`the cost in "size"`))
        assert.lengthOf(model.requests, 0)
      }),
    ),
  )

  it.effect("of what a call did cost leaves what was taken", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        let asked = 0
        const cost = () => {
          if (asked++ % 2 === 1) throw new Error("a mistake")
          return 6
        }
        const size = { name: "size", limit: 10, window: "1 minute", cost } as const
        const { ask } = yield* built(RateLimit.limits([size], { maxWait: 0 }), { place })
        assert.isTrue(Exit.isSuccess((yield* ask).exit))
        assert.strictEqual(tagOf((yield* ask).exit), "RateLimited")
      }),
    ),
  )
})

describe("a limit", () => {
  it("says in its description what it is", () => {
    const { inner, ...label } = ResilientModel.describe(
      scripted([]).model.pipe(RateLimit.perMinute(RateLimit.openAiTier1)),
    )
    assert.lengthOf(inner, 1)
    assert.deepStrictEqual(label, {
      name: "RateLimit.perMinute",
      place: "rateLimit",
      settings: { limits: ["500 requests in 1m", "200000 tokens in 1m"], queue: 1_000, maxWait: "30s" },
    })
  })

  it("has the tiers of OpenAI", () => {
    const tiers = [
      RateLimit.openAiTier1,
      RateLimit.openAiTier2,
      RateLimit.openAiTier3,
      RateLimit.openAiTier4,
      RateLimit.openAiTier5,
    ]
    assert.deepStrictEqual(
      tiers.map(({ requests, tokens }) => [requests, tokens]),
      [
        [500, 200_000],
        [5_000, 2_000_000],
        [5_000, 5_000_000],
        [10_000, 10_000_000],
        [10_000, 30_000_000],
      ],
    )
  })

  it("folds its error as a rate limit with its hint, and as a bad request if there never is room", () => {
    const fields = { provider: "acme", model: "acme-1", key: "a", dimension: "tokens", limit: 10, cost: 12 }
    const soon = new RateLimit.RateLimited({ ...fields, retryAfter: Duration.seconds(3) })
    const folded = PolicyError.toAiError(soon)
    assert.isTrue(folded.reason instanceof AiError.RateLimitError)
    assert.deepStrictEqual(folded.retryAfter, Duration.seconds(3))
    const json = JSON.parse(JSON.stringify(folded.reason)) as { readonly metadata: { readonly holdfast: unknown } }
    assert.deepInclude(json.metadata.holdfast, { _tag: "RateLimited", retryAfter: 3_000 })
    assert.deepStrictEqual(Option.getOrUndefined(PolicyError.fromAiError(RateLimit.RateLimited)(folded)), soon)
    const never = new RateLimit.RateLimited(fields)
    assert.include(never.message, "raise the limit, or shorten the request")
    assert.isTrue(PolicyError.toAiError(never).reason instanceof AiError.InvalidRequestError)
  })

  it.effect("counts what Anthropic counts: input that was not in its cache, and output by itself", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        const cached = chunk({
          ...finish(),
          usage: { inputTokens: { total: 100, cacheRead: 90 }, outputTokens: { total: 5 } },
        })
        const limit = RateLimit.perMinute({ inputTokens: 120, outputTokens: 50, ...guessed(100, 10), maxWait: 0 })
        const { ask } = yield* built(limit, { place, scripts: [script(chunk(delta("a")), cached)] })
        const outcomes = yield* Effect.replicateEffect(ask, 4)
        const last = outcomes.at(-1)!.exit
        assert.deepStrictEqual(
          outcomes.map(({ exit }) => Exit.isSuccess(exit)),
          [true, true, true, false],
        )
        assert.deepInclude(errorOf(last), { dimension: "input-tokens" })
      }),
    ),
  )

  it.effect.each([
    ["requests", { requests: 5 }, 0],
    ["tokens", { requests: 5, tokens: 1_000 }, 1],
  ] as const)("of %s reads a prompt only if it needs its tokens", ([, limits, times]) =>
    inMemory((place) =>
      Effect.gen(function* () {
        let estimates = 0
        const estimate = () => {
          estimates++
          return { input: 1, output: 1 }
        }
        const { ask } = yield* built(RateLimit.perMinute({ ...limits, estimate }), { place })
        assert.isTrue(Exit.isSuccess((yield* ask).exit))
        assert.strictEqual(estimates, times)
      }),
    ),
  )

  it.effect("keeps the estimate where nobody says what a call took", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        const foreign = ResilientModel.policy({ name: "remade", settings: {} }, (call) =>
          Effect.succeed({
            ...call,
            open: (asked) => Effect.map(call.open(asked), (parts) => Stream.map(parts, (part) => part)),
          }),
        )
        const limit = RateLimit.perMinute({ tokens: 100, ...guessed(40, 20), maxWait: 0 })
        const { ask } = yield* built(flow(foreign, limit), { place })
        assert.isTrue(Exit.isSuccess((yield* ask).exit))
        assert.strictEqual(tagOf((yield* ask).exit), "RateLimited")
      }),
    ),
  )

  it.effect("counts the whole estimate of an answer that was paid and could not be read", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        const limit = RateLimit.perMinute({ tokens: 100, ...guessed(10, 80), maxWait: 0 })
        const { ask } = yield* built(limit, { place, scripts: [refused(errors.undecodable)] })
        yield* ask
        assert.strictEqual(tagOf((yield* ask).exit), "RateLimited")
        const transient = yield* built(limit, { place, scripts: [refused(errors.transient)] })
        yield* transient.ask
        assert.strictEqual(yield* Effect.map(transient.ask, ({ exit }) => errorOf(exit)), errors.transient)
      }),
    ),
  )

  it.effect("knows what a call took that lasted longer than a window", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        const key = ({ context }: { context: RequestContext.RequestContext }) => context.tenant ?? ""
        const limit = RateLimit.perMinute({ tokens: 100, ...guessed(10, 10), key, maxWait: 0 })
        const { ask } = yield* built(limit, { place, scripts: [using(10, 90, wait("3 minutes")), using(1, 1)] })
        const long = yield* Effect.forkChild(RequestContext.annotate(ask, { tenant: "a" }))
        for (const _ of [1, 2, 3]) {
          yield* place.pass("62 seconds")
          if (long.pollUnsafe() === undefined) yield* RequestContext.annotate(ask, { tenant: "b" })
        }
        yield* Fiber.join(long)
        // 80 more than had been thought.
        assert.isTrue(Exit.isSuccess((yield* RequestContext.annotate(ask, { tenant: "a" })).exit))
        assert.strictEqual(tagOf((yield* RequestContext.annotate(ask, { tenant: "a" })).exit), "RateLimited")
      }),
    ),
  )

  it.effect("inside of another one passes it what headers say, and its own refusals give all back", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        const headers = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "30s" }
        const both = flow(
          RateLimit.perMinute({ requests: 10, maxWait: 0 }),
          RateLimit.perDay({ requests: 20, maxWait: 0 }),
        )
        const { ask } = yield* built(both, { place, scripts: [{ ...using(1, 1), headers }, using(1, 1)] })
        const successes = Effect.map(
          Effect.replicateEffect(ask, 30),
          (all) => all.filter(({ exit }) => Exit.isSuccess(exit)).length,
        )
        yield* ask
        assert.deepInclude(errorOf((yield* ask).exit), { dimension: "requests", limit: 20 })
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual(yield* successes, 9)
        assert.deepInclude(errorOf((yield* ask).exit), { limit: 10 })
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual(yield* successes, 10)
        assert.deepInclude(errorOf((yield* ask).exit), { limit: 20 })
      }),
    ),
  )

  it.effect("hears a 429 in the middle of a stream, and the reset of what is used up where there is no hint", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        const limit = RateLimit.perMinute({ requests: 10, maxWait: 0 })
        const broken = yield* built(limit, {
          place,
          mode: "stream",
          scripts: [script(chunk(delta("a")), fails(errors.throttled("3 seconds")))],
        })
        yield* broken.ask
        assert.deepInclude(errorOf((yield* broken.ask).exit), { dimension: "all", retryAfter: Duration.seconds(3) })
        const { ask } = yield* built(limit, { place, scripts: [refused(errors.throttled())] })
        yield* ask
        assert.deepInclude(errorOf((yield* ask).exit), { dimension: "all", retryAfter: Duration.seconds(1) })
      }),
    ),
  )

  it.effect("uses nearly all of what it may under load, and never more", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        const sent: Array<number> = []
        const open = () =>
          Effect.map(
            TestClock.testClockWith((clock) => clock.currentTimeMillis),
            (now) => {
              sent.push(now)
              return ofParts([finish()])
            },
          )
        const limit = RateLimit.limits([RateLimit.requests(50, "1 second")], { maxWait: "1 day" })
        const call = yield* ResilientModel.callOf(
          ResilientModel.make(Effect.succeed({ provider: "acme", model: "acme-1", open }), {
            name: "acme",
            settings: {},
          }).pipe(limit),
        )
        const ask = deliver(call, request("generate"))
        const busy = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 60 }, () => Effect.replicateEffect(ask, 60)),
            { concurrency: "unbounded" },
          ),
        )
        for (const _ of Array.from({ length: 2_000 })) yield* place.pass(10)
        yield* Fiber.interrupt(busy)
        for (const from of sent) assert.isAtMost(sent.filter((at) => at >= from && at < from + 1_000).length, 50)
        assert.isAbove(sent.length / (50 * 20), 0.98)
      }),
    ),
  )

  it.effect("forgets keys that nobody uses any more", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        setFlagsFromString("--expose-gc")
        const collect = runInNewContext("gc") as () => void
        const heap = () => {
          collect()
          return process.memoryUsage().heapUsed
        }
        const open = () => Effect.succeed(ofParts([finish()]))
        const key = ({ context }: { context: RequestContext.RequestContext }) => context.tenant ?? ""
        const limit = RateLimit.perMinute({ requests: 10, tokens: 1_000, key })
        const context = yield* Effect.context<RateLimit.RateLimits>().pipe(Effect.provide(place.limits))
        const call = yield* ResilientModel.callOf(
          ResilientModel.make(Effect.succeed({ provider: "acme", model: "acme-1", open }), {
            name: "acme",
            settings: {},
          }).pipe(limit),
        ).pipe(Effect.provideContext(context))
        const { entries } = yield* Effect.provideContext(RateLimit.RateLimits, context)
        const asked = request("generate")
        const of = (tenant: number) =>
          RequestContext.annotate(Effect.scoped(Effect.asVoid(call.open(asked))), { tenant: String(tenant) })
        yield* of(0)
        const before = heap()
        for (let tenant = 0; tenant < 100_000; tenant++) yield* of(tenant)
        assert.strictEqual(entries.size, 100_000)
        yield* place.pass("2 minutes")
        yield* of(0)
        assert.strictEqual(entries.size, 1)
        assert.isBelow(heap() - before, 2_000_000)
      }),
    ),
  )
})

describe.each(modes)("an interruption at any point of a call to %s", (mode) => {
  it.effect("leaves nobody in line, and no more counted than was sent", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        let runs = 0
        const short = script(wait(3), chunk(delta("a")), wait(2), chunk(finish()))
        const limit = RateLimit.limits([RateLimit.requests(1, 5)])
        for (let operations = 3; operations <= 64; operations++) {
          for (let ticks = 0; ; ticks++) {
            const { ask, entries, model } = yield* built(limit, { place, scripts: [short], mode })
            const two = Effect.all([ask, ask], { concurrency: "unbounded" })
            const run = yield* stepped(two, { budget: operations, ticks })
            const at = `${mode}, ${operations} operations, ${ticks} ticks`
            const entry = entries.of("acme/acme-1 requests/5", [], 0)
            assert.deepStrictEqual([entry.underWay, entry.line.size, model.held], [0, 0, 0], at)
            const next = yield* stepped(ask, { budget: 2_048, ticks: 100 })
            assert.isTrue(next.over, at)
            runs++
            if (run.over) break
          }
        }
        assert.isAbove(runs, 500)
      }),
    ),
  )
})
