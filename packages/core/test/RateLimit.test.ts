import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, flow, type Scope } from "effect"

import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Event from "../src/Event.ts"
import { type ModelRequest } from "../src/ModelCall.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as RequestContext from "../src/RequestContext.ts"
import { built, guessed, inMemory, inRedis, type Place, using } from "./limited.ts"
import { redisIsMissing } from "./redis.ts"
import {
  ended,
  errorOf,
  errors,
  hangs,
  observed,
  refused,
  request,
  script,
  wait,
  type Outcome,
  type Mode,
} from "./scripted.ts"

const places = [
  { name: "in memory", within: inMemory, missing: false },
  { name: "on Redis (REDIS_URL)", within: inRedis, missing: redisIsMissing },
]
const modes: ReadonlyArray<Mode> = ["generate", "stream"]

const refusedBy = ({ exit }: Outcome<unknown>) => {
  const error = errorOf(exit)
  assert.instanceOf(error, RateLimit.RateLimited)
  const { dimension, retryAfter } = error
  return [dimension, retryAfter === undefined ? "never" : Duration.toMillis(retryAfter)] as const
}

const succeeded = (outcomes: ReadonlyArray<Outcome<unknown>>) =>
  outcomes.filter(({ exit }) => Exit.isSuccess(exit)).length

for (const { missing, name, within } of places) {
  const test = (title: string, body: (place: Place) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.effect(title, () => within((place) => Effect.scoped(body(place))))

  describe.skipIf(missing)(`a limit ${name}`, () => {
    for (const mode of modes) {
      test(`lets so many calls to ${mode} through in a window, and then the next ones in their order`, (place) =>
        Effect.gen(function* () {
          const { ask, model } = yield* built(RateLimit.perMinute({ requests: 3, maxWait: "5 minutes" }), {
            place,
            mode,
          })
          const order: Array<number> = []
          const fibers = yield* Effect.forEach([0, 1, 2, 3, 4, 5, 6], (number) =>
            Effect.forkChild(Effect.tap(ask, () => Effect.sync(() => order.push(number)))),
          )
          yield* place.pass(1)
          assert.lengthOf(model.requests, 3)
          yield* place.pass("59900 millis")
          assert.lengthOf(model.requests, 3)
          yield* place.pass("1 second")
          yield* place.pass("1 second")
          assert.lengthOf(model.requests, 6)
          yield* place.pass("62 seconds")
          assert.strictEqual(succeeded(yield* Effect.forEach(fibers, Fiber.join)), 7)
          assert.deepStrictEqual(order, [0, 1, 2, 3, 4, 5, 6])
        }))

      test(`settles what a call to ${mode} was thought to take with what it took`, (place) =>
        Effect.gen(function* () {
          const limit = RateLimit.perMinute({ tokens: 100, ...guessed(30, 30), maxWait: 0 })
          const { ask } = yield* built(limit, {
            place,
            mode,
            scripts: [using(10, 10), using(10, 10), using(10, 10), using(60, 60)],
          })
          // 20 each, and the third finds room for its 60 as well.
          const cheap = yield* Effect.replicateEffect(ask, 3)
          assert.strictEqual(succeeded(cheap), 3)
          assert.strictEqual(refusedBy(yield* ask)[0], "tokens")
          yield* place.pass("61 seconds")
          yield* place.pass("1 second")
          // 120 although there are but 100: who comes later waits for it.
          assert.isTrue(Exit.isSuccess((yield* ask).exit))
          yield* place.pass("59 seconds")
          assert.strictEqual(refusedBy(yield* ask)[0], "tokens")
        }))

      test(`counts of a call to ${mode} that its caller gives up what it asked and what it was told`, (place) =>
        Effect.gen(function* () {
          const limit = RateLimit.perMinute({ tokens: 100, ...guessed(40, 50), maxWait: 0 })
          const { ask } = yield* built(limit, { place, mode, scripts: [script(hangs)] })
          const given = yield* Effect.forkChild(ask)
          yield* place.pass(1)
          yield* Fiber.interrupt(given)
          // 40 are left of it; the 90 of the next one do not fit, as they would if nothing were.
          assert.strictEqual(refusedBy(yield* ask)[0], "tokens")
        }))
    }

    test("takes all dimensions together, and none for a call that is refused", (place) =>
      Effect.gen(function* () {
        const two = RateLimit.perMinute({ requests: 4, tokens: 30, ...guessed(10, 5), maxWait: 0 })
        const { ask } = yield* built(two, { place, scripts: [using(10, 5), using(10, 5), using(10, 5)] })
        assert.strictEqual(succeeded(yield* Effect.replicateEffect(ask, 2)), 2)
        const none = yield* Effect.replicateEffect(ask, 5)
        assert.deepStrictEqual(
          none.map((outcome) => refusedBy(outcome)[0]),
          Array.from({ length: 5 }, () => "tokens"),
        )
      }))

    test("lets no small call overtake a large one", (place) =>
      Effect.gen(function* () {
        const size = {
          name: "size",
          limit: 100,
          window: "1 minute",
          cost: ({ input }: RateLimit.Tokens) => input,
        } as const
        const estimate = ({ options }: ModelRequest) => ({ input: Number(options.previousResponseId), output: 0 })
        const { call } = yield* built(RateLimit.limits([size], { estimate, maxWait: "10 minutes" }), {
          place,
          scripts: [script(hangs)],
        })
        const sent: Array<number> = []
        const send = (input: number) =>
          call.open(request("stream", { previousResponseId: String(input) })).pipe(
            Effect.scoped,
            Effect.provideService(Event.Sink, (event) => {
              if (event._tag === "AttemptStarted") sent.push(input)
            }),
          )
        const fibers = yield* Effect.forEach([60, 80, 10, 11], (input) => Effect.forkChild(send(input)))
        yield* place.pass("1 second")
        assert.deepStrictEqual(sent, [60])
        yield* place.pass("60 seconds")
        yield* place.pass("1 second")
        assert.deepStrictEqual(sent, [60, 80, 10])
        yield* Effect.forEach(fibers, Fiber.interrupt)
      }))

    test("turns away who finds the line full, and who would wait too long or beyond his deadline", (place) =>
      Effect.gen(function* () {
        const limit = RateLimit.perMinute({ requests: 1, queue: 1, maxWait: "2 minutes" })
        const { ask, model } = yield* built(limit, { place })
        yield* ask
        const hasty = yield* Deadline.within(ask, "10 seconds")
        assert.deepStrictEqual(refusedBy(hasty), ["requests", 60_000])
        const waiting = yield* Effect.forkChild(ask)
        yield* place.pass("1 second")
        assert.strictEqual(refusedBy(yield* ask)[0], "requests")
        yield* place.pass("61 seconds")
        assert.isTrue(Exit.isSuccess((yield* Fiber.join(waiting)).exit))
        assert.lengthOf(model.requests, 2)
      }))

    test("refuses at once what will never fit", (place) =>
      Effect.gen(function* () {
        const { ask, model } = yield* built(RateLimit.perMinute({ tokens: 100, ...guessed(200, 1) }), { place })
        assert.deepStrictEqual(refusedBy(yield* ask), ["tokens", "never"])
        assert.lengthOf(model.requests, 0)
      }))

    test("takes nothing for a call that a policy inside of it refuses", (place) =>
      Effect.gen(function* () {
        const limit = flow(Concurrency.limit(1, { queue: 0 }), RateLimit.perMinute({ requests: 2, maxWait: 0 }))
        const { ask } = yield* built(limit, { place, scripts: [using(1, 1, wait("1 second"))] })
        const first = yield* Effect.forkChild(ask)
        yield* place.pass(1)
        const full = yield* Effect.replicateEffect(ask, 10)
        assert.isTrue(full.every(({ exit }) => (errorOf(exit) as { _tag: string })._tag === "ConcurrencyLimited"))
        yield* place.pass("1 second")
        yield* Fiber.join(first)
        const second = yield* Effect.forkChild(ask)
        yield* place.pass("2 seconds")
        assert.isTrue(Exit.isSuccess((yield* Fiber.join(second)).exit))
        assert.deepStrictEqual(refusedBy(yield* ask)[0], "requests")
      }))

    test("leaves the line to others when a caller gives up", (place) =>
      Effect.gen(function* () {
        const { ask, model } = yield* built(RateLimit.perMinute({ requests: 1, maxWait: "10 minutes" }), { place })
        yield* ask
        const first = yield* Effect.forkChild(ask)
        yield* place.pass(1)
        const second = yield* Effect.forkChild(ask)
        yield* place.pass("30 seconds")
        yield* Fiber.interrupt(first)
        yield* place.pass("31 seconds")
        yield* place.pass("1 second")
        assert.isTrue(Exit.isSuccess((yield* Fiber.join(second)).exit))
        assert.lengthOf(model.requests, 2)
      }))

    test("keeps still after a 429 for as long as the provider says, and says so", (place) =>
      Effect.gen(function* () {
        const limit = RateLimit.perMinute({ requests: 100, maxWait: 0 })
        const { ask, call, model } = yield* built(limit, {
          place,
          scripts: [refused(errors.throttled("7 seconds")), using(1, 1)],
        })
        const [, events] = yield* observed(ask)
        const told = events.filter(({ _tag }) => _tag === "LimitTightened")
        assert.deepStrictEqual(told, [
          { _tag: "LimitTightened", key: "acme/acme-1", dimension: "all", remaining: 0, for: Duration.seconds(7) },
        ])
        assert.isFalse(call.available?.())
        assert.deepStrictEqual(refusedBy(yield* ask), ["all", 7_000])
        yield* place.pass("7 seconds")
        assert.isTrue(call.available?.())
        assert.isTrue(Exit.isSuccess((yield* ask).exit))
        assert.lengthOf(model.requests, 2)
      }))

    for (const mode of modes) {
      test(`uses no more than the headers of an answer to ${mode} leave`, (place) =>
        Effect.gen(function* () {
          const headers = { "x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "20s" }
          const limit = RateLimit.perMinute({ requests: 100, maxWait: 0 })
          const { ask } = yield* built(limit, { place, mode, scripts: [{ ...using(1, 1), headers }, using(1, 1)] })
          const [, events] = yield* observed(ask)
          assert.lengthOf(ended(events), 1)
          assert.deepInclude(
            events.find(({ _tag }) => _tag === "LimitTightened"),
            { dimension: "requests", remaining: 1, for: Duration.seconds(20) },
          )
          assert.isTrue(Exit.isSuccess((yield* ask).exit))
          assert.strictEqual(refusedBy(yield* ask)[0], "requests")
          yield* place.pass("20 seconds")
          assert.strictEqual(succeeded(yield* Effect.replicateEffect(ask, 98)), 98)
          assert.strictEqual(refusedBy(yield* ask)[0], "requests")
        }))
    }

    test("is apart for each key", (place) =>
      Effect.gen(function* () {
        const key = ({ context }: { context: RequestContext.RequestContext }) => context.tenant ?? ""
        const { ask } = yield* built(RateLimit.perMinute({ requests: 1, maxWait: 0, key }), { place })
        const of = (tenant: string) => RequestContext.annotate(ask, { tenant })
        assert.isTrue(Exit.isSuccess((yield* of("a")).exit))
        assert.isTrue(Exit.isSuccess((yield* of("b")).exit))
        assert.deepInclude(errorOf((yield* of("a")).exit), { key: "a", limit: 1, cost: 1 })
      }))
  })
}
