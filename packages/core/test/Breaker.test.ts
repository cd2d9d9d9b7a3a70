import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Random, Schedule } from "effect"
import { TestClock } from "effect/testing"

import * as Breaker from "../src/Breaker.ts"
import * as Deadline from "../src/Deadline.ts"
import * as ProviderError from "../src/provider/ProviderError.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import {
  answer,
  chunk,
  deliver,
  delta,
  errorOf,
  errors,
  fails,
  finish,
  hangs,
  type Mode,
  origin,
  refused,
  request,
  script,
  type Script,
  scripted,
  silent,
  timePasses,
  wait,
} from "./scripted.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]
const tenSeconds = Schedule.spaced("10 seconds")
const bad = refused(errors.transient)
const good = answer("a")
const three: Breaker.Options = {
  trip: { consecutiveFailures: 3 },
  openFor: tenSeconds,
  recovery: { lease: "10 seconds", ramp: 0 },
}

/** A guarded model that is built once, and what can be seen of it. */
const built = Effect.fnUntraced(function* (
  scripts: ReadonlyArray<Script>,
  options?: Breaker.Options,
  mode: Mode = "stream",
) {
  const model = scripted(scripts)
  const breakers = yield* Layer.build(Breaker.layerMemory)
  const guarded = yield* Effect.provideContext(
    ResilientModel.callOf(model.model.pipe(Breaker.guard(options))),
    breakers,
  )
  const ask = Effect.suspend(() => deliver(guarded, request(mode)))
  const registry = yield* Effect.provideContext(Breaker.Breakers, breakers)
  const phase = Effect.map(registry.status, ([status]) => status?.phase)
  return { ask, model, phase, registry, times: (count: number) => Effect.replicateEffect(ask, count) }
})

const refusedBy = (exit: Exit.Exit<unknown, unknown>) => {
  const error = errorOf(exit)
  assert.instanceOf(error, Breaker.CircuitOpen)
  return Duration.toMillis(error.retryAfter)
}

describe.each(modes)("a breaker on calls to %s", (mode) => {
  it.effect("lets calls through, and their failures as they are", () =>
    Effect.gen(function* () {
      const { ask } = yield* built([good, bad], undefined, mode)
      assert.isTrue(Exit.isSuccess((yield* ask).exit))
      assert.strictEqual(errorOf((yield* ask).exit), errors.transient)
    }),
  )

  it.effect("opens after failures in a row, and refuses without asking the model", () =>
    Effect.gen(function* () {
      const { ask, model, phase, times } = yield* built([bad], three, mode)
      yield* times(2)
      assert.strictEqual(yield* phase, "closed")
      yield* ask
      assert.strictEqual(yield* phase, "open")
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(refusedBy((yield* ask).exit), 6_000)
      assert.lengthOf(model.requests, 3)
    }),
  )

  it.effect("asks three probes when the time is over, and closes at two that answer", () =>
    Effect.gen(function* () {
      const { ask, model, phase, times } = yield* built([bad, bad, bad, good], three, mode)
      yield* times(3)
      yield* TestClock.adjust("10 seconds")
      yield* ask
      assert.strictEqual(yield* phase, "halfOpen")
      yield* ask
      assert.strictEqual(yield* phase, "closed")
      assert.lengthOf(model.requests, 5)
    }),
  )

  it.effect("opens again, for longer, when too few probes answer", () =>
    Effect.gen(function* () {
      const openFor = Schedule.exponential("10 seconds")
      const { ask, phase, times } = yield* built([bad], { ...three, openFor }, mode)
      yield* times(3)
      yield* TestClock.adjust("10 seconds")
      yield* times(2)
      assert.strictEqual(yield* phase, "open")
      assert.strictEqual(refusedBy((yield* ask).exit), 20_000)
    }),
  )

  it.effect("counts an attempt that a deadline ended", () =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const stack = model.model.pipe(
        Deadline.firstPart("1 second"),
        Breaker.guard(three),
        Retry.schedule(Schedule.recurs(9)),
      )
      const call = yield* ResilientModel.callOf(stack)
      const { exit } = yield* timePasses(deliver(call, request(mode)))
      // The open circuit ends the retries, for it is no failure of the model.
      refusedBy(exit)
      assert.lengthOf(model.requests, 3)
    }),
  )
})

describe("what counts", () => {
  const countless = [
    ["throttling", refused(errors.throttled("1 second"))],
    ["a bad request", refused(errors.badRequest)],
    ["a bad key", refused(errors.badKey)],
    ["exhausted quota", refused(errors.quota)],
    ["what does not decode", refused(errors.undecodable)],
    ["a refusal of content", refused(errors.contentPolicy)],
  ] as const

  it.effect.each(countless)("is not %s", ([, played]) =>
    Effect.gen(function* () {
      const { phase, times } = yield* built([played], three)
      yield* times(20)
      assert.strictEqual(yield* phase, "closed")
    }),
  )

  it.effect("is not a caller that gives up, before or after the first part", () =>
    Effect.gen(function* () {
      for (const played of [silent, script(chunk(delta("a")), hangs)]) {
        const { ask, phase } = yield* built([played], three)
        for (const _ of Array.from({ length: 10 })) {
          const fiber = yield* Effect.forkChild(ask)
          yield* TestClock.adjust("1 second")
          yield* Fiber.interrupt(fiber)
        }
        assert.strictEqual(yield* phase, "closed")
      }
    }),
  )

  it.effect("is an overload, a broken connection and a stream that breaks after its first part", () =>
    Effect.gen(function* () {
      const broken = script(chunk(delta("a")), fails(errors.broken))
      for (const played of [refused(errors.overloaded), refused(errors.broken), broken, script(chunk(delta("a")))]) {
        const { phase, times } = yield* built([played], three)
        yield* times(3)
        assert.strictEqual(yield* phase, "open")
      }
    }),
  )

  it.effect("is an answer that ends a row of failures", () =>
    Effect.gen(function* () {
      const { phase, times } = yield* built([bad, bad, good, bad, bad, good], three)
      yield* times(6)
      assert.strictEqual(yield* phase, "closed")
    }),
  )
})

describe("a failure rate", () => {
  it.effect("says nothing of few calls", () =>
    Effect.gen(function* () {
      const { phase, times } = yield* built([bad])
      yield* times(9)
      assert.strictEqual(yield* phase, "closed")
      yield* times(1)
      assert.strictEqual(yield* phase, "open")
    }),
  )

  it.effect("need not outweigh the successes of a minute: ten failures in a row are enough", () =>
    Effect.gen(function* () {
      const { phase, times } = yield* built([...Array.from({ length: 50 }, () => good), bad])
      yield* times(59)
      assert.strictEqual(yield* phase, "closed")
      yield* times(1)
      assert.strictEqual(yield* phase, "open")
    }),
  )

  it.effect("forgets what is older than the window", () =>
    Effect.gen(function* () {
      const { phase, times } = yield* built([bad, bad, bad, bad, bad, bad, bad, bad, bad, good], {
        window: "60 seconds",
      })
      yield* times(9)
      yield* TestClock.adjust("61 seconds")
      yield* times(10)
      assert.strictEqual(yield* phase, "closed")
    }),
  )

  it.effect("may look at the last calls instead, however long ago they were", () =>
    Effect.gen(function* () {
      const options = { window: { calls: 4 }, minimumCalls: 4, trip: { failureRate: 0.75 } }
      const { phase, times } = yield* built([good, good, bad, good, bad, bad, bad], options)
      yield* times(5)
      assert.strictEqual(yield* phase, "closed")
      yield* TestClock.adjust("1 day")
      yield* times(1)
      assert.strictEqual(yield* phase, "open")
    }),
  )
})

describe("slow first parts", () => {
  const slow: Script = { opening: [wait("3 seconds")], steps: [chunk(delta("a"), finish())] }

  it.effect("open a circuit although all calls succeed", () =>
    Effect.gen(function* () {
      const options = { minimumCalls: 5, trip: { slowFirstParts: { slowerThan: "2 seconds", share: 0.8 } } } as const
      const { phase, times } = yield* built([slow], options)
      yield* timePasses(times(5))
      assert.strictEqual(yield* phase, "open")
    }),
  )

  it.effect("are measured to the first part, not to the end of the answer", () =>
    Effect.gen(function* () {
      const long = script(chunk(delta("a")), wait("5 minutes"), chunk(finish()))
      const options = { minimumCalls: 5, trip: { slowFirstParts: { slowerThan: "2 seconds", share: 0.8 } } } as const
      const { phase, times } = yield* built([long], options)
      yield* timePasses(times(5))
      assert.strictEqual(yield* phase, "closed")
    }),
  )
})

describe("a half-open circuit", () => {
  const halfOpen = Effect.fnUntraced(function* (after: ReadonlyArray<Script>, options?: Breaker.Options) {
    const all = yield* built([bad, bad, bad, ...after], { ...three, ...options })
    yield* all.times(3)
    yield* TestClock.adjust("10 seconds")
    return all
  })

  it.effect("lets exactly its probes through, of a thousand callers", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* halfOpen([silent])
      const fiber = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 1_000 }, () => ask),
          { concurrency: "unbounded" },
        ),
      )
      yield* TestClock.adjust("1 second")
      assert.lengthOf(model.requests, 6)
      yield* Fiber.interrupt(fiber)
    }),
  )

  it.effect("gives its verdict at the first part, however long the answer takes", () =>
    Effect.gen(function* () {
      const { ask, phase } = yield* halfOpen([script(chunk(delta("a")), wait("5 minutes"), chunk(finish()))])
      const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(ask))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* phase, "closed")
      yield* Effect.forEach(fibers, Fiber.interrupt)
    }),
  )

  it.effect("gets the place of a probe back that was interrupted, or that says nothing", () =>
    Effect.gen(function* () {
      const { ask, model, phase } = yield* halfOpen([silent, silent, silent, refused(errors.throttled()), good])
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(ask))
      yield* TestClock.adjust("1 second")
      refusedBy((yield* ask).exit)
      yield* Effect.forEach(fibers, Fiber.interrupt)
      // One is throttled, and two answer.
      yield* Effect.replicateEffect(ask, 3)
      assert.strictEqual(yield* phase, "closed")
      assert.lengthOf(model.requests, 9)
    }),
  )

  it.effect("gives the place of a probe that hangs to another one after its lease", () =>
    Effect.gen(function* () {
      const { ask, phase } = yield* halfOpen([silent, silent, silent, good])
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(ask))
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(refusedBy((yield* ask).exit), 1_000)
      yield* TestClock.adjust("1 second")
      yield* ask
      yield* ask
      assert.strictEqual(yield* phase, "closed")
      yield* Effect.forEach(fibers, Fiber.interrupt)
    }),
  )

  it.effect("hears of a probe that answers after its lease, and not of one that fails then", () =>
    Effect.gen(function* () {
      const slow = (played: Script): Script => ({ ...played, opening: [wait("15 seconds")] })
      const { ask, phase } = yield* halfOpen([slow(bad), slow(bad), slow(good), slow(good), silent])
      const first = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(ask))
      yield* TestClock.adjust("10 seconds")
      const second = yield* Effect.forEach([4, 5, 6], () => Effect.forkChild(ask))
      yield* TestClock.adjust("5 seconds")
      // Two of the first have failed and one has answered, all of them after others had taken their places.
      assert.strictEqual(yield* phase, "halfOpen")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* phase, "closed")
      yield* Effect.forEach([...first, ...second], Fiber.interrupt)
    }),
  )

  it.effect("opens for as long as the provider asked for, up to ten minutes", () =>
    Effect.gen(function* () {
      const cases = [
        ["1 second", 10_000],
        ["45 seconds", 45_000],
        ["1 hour", 600_000],
      ] as const
      for (const [hint, expected] of cases) {
        const retryAfter = Duration.fromInputUnsafe(hint)
        const overloaded = ProviderError.fromFault(origin, { message: "busy", status: 529, retryAfter })
        const { ask, times } = yield* built([refused(overloaded)], three)
        yield* times(3)
        assert.strictEqual(refusedBy((yield* ask).exit), expected)
      }
    }),
  )

  it.effect("begins to count openings anew after it stayed closed as long as it had been open", () =>
    Effect.gen(function* () {
      const openFor = Schedule.exponential("10 seconds")
      const { ask, phase, times } = yield* halfOpen([good, good, bad, bad, bad, good, good, bad, bad, bad], { openFor })
      yield* times(5)
      assert.strictEqual(refusedBy((yield* ask).exit), 20_000)
      yield* TestClock.adjust("20 seconds")
      yield* times(2)
      assert.strictEqual(yield* phase, "closed")
      yield* TestClock.adjust("20 seconds")
      yield* times(3)
      assert.strictEqual(refusedBy((yield* ask).exit), 10_000)
    }),
  )

  it.effect("lets traffic grow from a tenth to all of it", () =>
    Effect.gen(function* () {
      const { ask, phase } = yield* halfOpen([good], { recovery: { ramp: "30 seconds" } })
      yield* Effect.replicateEffect(ask, 2)
      assert.strictEqual(yield* phase, "ramping")
      const passing = Effect.map(
        Effect.forEach(Array.from({ length: 1_000 }), () => ask),
        (answers) => answers.filter(({ exit }) => Exit.isSuccess(exit)).length,
      ).pipe(Random.withSeed(1))
      assert.approximately(yield* passing, 100, 30)
      yield* TestClock.adjust("15 seconds")
      assert.approximately(yield* passing, 550, 50)
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(yield* phase, "closed")
      assert.strictEqual(yield* passing, 1_000)
    }),
  )
})

describe("the clock of a breaker", () => {
  it.effect("is not the one on the wall", () =>
    Effect.gen(function* () {
      const { ask, phase, times } = yield* built([bad, bad, bad, good], three)
      yield* TestClock.setTime(3_600_000)
      yield* times(3)
      yield* TestClock.setTime(0)
      yield* TestClock.adjust("10 seconds")
      yield* times(2)
      assert.strictEqual(yield* phase, "closed")
      assert.isTrue(Exit.isSuccess((yield* ask).exit))
    }),
  )
})
