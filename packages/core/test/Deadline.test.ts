import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Schedule, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import * as Deadline from "../src/Deadline.ts"
import * as Failure from "../src/Failure.ts"
import * as Fallback from "../src/Fallback.ts"
import * as EventReader from "../src/provider/EventReader.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import {
  answer,
  call,
  chunk,
  delta,
  errorOf,
  errors,
  finish,
  hangs,
  metadata,
  type Mode,
  observed,
  outcomes,
  refused,
  script,
  scripted,
  silent,
  start,
  textOf,
  timed,
  timePasses,
  wait,
} from "./scripted.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]

/** Pieces of text with a pause before each. */
const slow = (pause: Duration.Input, ...texts: ReadonlyArray<string>) =>
  script(...texts.flatMap((text) => [wait(pause), chunk(delta(text))]), chunk(finish()))

describe("firstPart", () => {
  it.effect.each(modes)("aborts a silent model to the millisecond (%s)", (mode) =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(Deadline.firstPart("5 seconds")), mode))
      yield* TestClock.adjust("4999 millis")
      assert.strictEqual(model.held, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(model.held, 0)
      const { exit } = yield* Fiber.join(fiber)
      const error = errorOf(exit)
      assert.instanceOf(error, Deadline.DeadlineExceeded)
      assert.deepInclude(error, { provider: "acme", model: "acme-1", bound: "firstPart" })
      assert.strictEqual(Duration.toSeconds(error.duration), 5)
      assert.deepInclude(Failure.classify(error), { kind: "transient", billed: true })
    }),
  )

  it.effect("is met by the first content, not by a preamble", () =>
    Effect.gen(function* () {
      const preamble = script(chunk(metadata), chunk(start), wait("6 seconds"), chunk(delta("a")), chunk(finish()))
      const stack = Deadline.firstPart("5 seconds")
      const { exit } = yield* timePasses(call(scripted([preamble]).model.pipe(stack), "stream"))
      assert.deepInclude(errorOf(exit), { bound: "firstPart" })
    }),
  )

  it.effect("lets a stream take as long as it likes once it has begun", () =>
    Effect.gen(function* () {
      const model = scripted([slow("4 seconds", "a", "b", "c")])
      const { text } = yield* timePasses(call(model.model.pipe(Deadline.firstPart("5 seconds")), "stream"))
      assert.strictEqual(text, "abc")
    }),
  )

  it.effect("bounds the whole of a generated answer", () =>
    Effect.gen(function* () {
      const model = scripted([slow("4 seconds", "a", "b", "c")])
      const { exit } = yield* timePasses(call(model.model.pipe(Deadline.firstPart("5 seconds")), "generate"))
      assert.deepInclude(errorOf(exit), { bound: "firstPart" })
    }),
  )

  it.effect("may give each mode its own time", () =>
    Effect.gen(function* () {
      const both = Deadline.firstPart({ stream: "1 second", generate: "1 minute" })
      const model = scripted([slow("4 seconds", "a", "b", "c")]).model.pipe(both)
      assert.strictEqual((yield* timePasses(call(model, "generate"))).text, "abc")
      const { exit } = yield* timePasses(call(model, "stream"))
      assert.deepInclude(errorOf(exit), { bound: "firstPart" })
    }),
  )

  it.effect("takes a Duration as well as words", () =>
    Effect.gen(function* () {
      const model = scripted([silent]).model.pipe(Deadline.firstPart(Duration.millis(10)))
      const [, took] = yield* timePasses(timed(call(model, "stream")))
      assert.strictEqual(took, 10)
    }),
  )

  it.effect("holds for each attempt anew inside of a retry", () =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const stack = model.model.pipe(Deadline.firstPart("5 seconds"), Retry.schedule(Schedule.recurs(2)))
      const [{ exit }, took] = yield* timePasses(timed(call(stack, "stream")))
      assert.deepInclude(errorOf(exit), { bound: "firstPart" })
      assert.deepStrictEqual([model.requests.length, took], [3, 15_000])
    }),
  )

  it.effect("does not turn the caller's own interruption into its failure", () =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(Deadline.firstPart("5 seconds")), "stream"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.hasInterrupts(exit) && !Exit.hasFails(exit))
    }),
  )

  it.effect("passes the model's own failure on", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.badKey)])
      const { exit } = yield* call(model.model.pipe(Deadline.firstPart("5 seconds")), "stream")
      assert.strictEqual(errorOf(exit), errors.badKey)
    }),
  )
})

/** A model whose answer is there, on a connection that stays open, and that waits so long for more. */
const open = (grace: number | undefined) =>
  ResilientModel.fromProvider(
    Effect.succeed({
      provider: "acme",
      model: "acme-1",
      codecTransformer: LanguageModel.defaultCodecTransformer,
      generate: () => Effect.die("not asked"),
      stream: () => Effect.succeed({ headers: {}, parts: waiting(grace) }),
    }),
    { name: "open", settings: {} },
  )

const waiting = (grace: number | undefined) =>
  EventReader.mapEvents(
    Stream.concat(Stream.succeed("a"), Stream.never),
    {
      read: (event, out) => {
        out.push(start, delta(String(event)))
        return undefined
      },
      end: (out) => {
        out.push(finish())
        return undefined
      },
      isComplete: () => grace !== undefined,
      grace: () => grace,
    },
    (part) => Effect.succeed(part),
  )

describe("betweenParts", () => {
  it.effect("ends a stream that falls silent, keeping what came", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(delta("a")), chunk(delta("b")), hangs)])
      const [{ exit, text }, took] = yield* timePasses(
        timed(call(model.model.pipe(Deadline.betweenParts("5 seconds")), "stream")),
      )
      assert.strictEqual(text, "ab")
      const error = errorOf(exit)
      assert.deepInclude(error, { bound: "betweenParts" })
      assert.include(error.message, "in the middle of its answer")
      assert.deepStrictEqual([took, model.held], [5_000, 0])
    }),
  )

  it.effect("counts anew after each part", () =>
    Effect.gen(function* () {
      const model = scripted([slow("4 seconds", "a", "b", "c")])
      const { text } = yield* timePasses(call(model.model.pipe(Deadline.betweenParts("5 seconds")), "stream"))
      assert.strictEqual(text, "abc")
    }),
  )

  it.effect("does not count the time that the consumer takes", () =>
    Effect.gen(function* () {
      const model = scripted([slow("4 seconds", "a", "b", "c")]).model.pipe(Deadline.betweenParts("5 seconds"))
      const slowly = Effect.provide(
        Effect.flatMap(LanguageModel.LanguageModel, (language) =>
          Stream.runCollect(Stream.tap(language.streamText({ prompt: "hi" }), () => Effect.sleep("1 minute"))),
        ),
        model,
      )
      assert.strictEqual(textOf(yield* timePasses(slowly)), "abc")
    }),
  )

  it.effect("does not concern the time before the first part", () =>
    Effect.gen(function* () {
      const model = scripted([slow("1 minute", "a")]).model.pipe(Deadline.betweenParts("5 seconds"))
      assert.strictEqual((yield* timePasses(call(model, "stream"))).text, "a")
    }),
  )

  it.effect("never fails an answer that has its finish, however long its connection stays open", () =>
    Effect.gen(function* () {
      for (const rest of [[wait("1 minute")], [wait("1 minute"), chunk(delta("late"))], [hangs]]) {
        const model = scripted([script(chunk(delta("a")), chunk(finish()), ...rest)])
        const stack = model.model.pipe(Deadline.betweenParts("5 seconds"), Deadline.betweenParts("3 seconds"))
        const fiber = yield* Effect.forkChild(call(stack, "stream"))
        yield* TestClock.adjust("2 minutes")
        if (rest[0] === hangs) {
          // It waits, as it would without the deadline, and does not fail.
          assert.isUndefined(fiber.pollUnsafe())
          yield* Fiber.interrupt(fiber)
        } else {
          const { exit, text } = yield* Fiber.join(fiber)
          assert.isTrue(Exit.isSuccess(exit))
          assert.include(text, "a")
        }
      }
    }),
  )

  it.effect("ends a wait for more of an answer that seems complete, and fails one that is not", () =>
    Effect.gen(function* () {
      const [ended, took] = yield* timePasses(
        timed(call(open(20_000).pipe(Deadline.betweenParts("5 seconds")), "stream")),
      )
      assert.isTrue(Exit.isSuccess(ended.exit))
      assert.deepStrictEqual([ended.text, took], ["a", 5_000])
      const two = open(20_000).pipe(Deadline.betweenParts("5 seconds"), Deadline.betweenParts("3 seconds"))
      assert.strictEqual((yield* timePasses(timed(call(two, "stream"))))[1], 3_000)
      const sooner = open(1_000).pipe(Deadline.betweenParts("5 seconds"))
      assert.strictEqual((yield* timePasses(timed(call(sooner, "stream"))))[1], 1_000)
      const { exit } = yield* timePasses(call(open(undefined).pipe(Deadline.betweenParts("5 seconds")), "stream"))
      assert.deepInclude(errorOf(exit), { bound: "betweenParts" })
    }),
  )

  it.effect("does not concern generated answers", () =>
    Effect.gen(function* () {
      const model = scripted([slow("1 minute", "a", "b")]).model.pipe(Deadline.betweenParts("5 seconds"))
      assert.strictEqual((yield* timePasses(call(model, "generate"))).text, "ab")
    }),
  )

  it.effect("ends an answer that has begun, which no retry or fallback takes up", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(delta("a")), hangs), answer("b")])
      const other = scripted([answer("c")])
      const stack = model.model.pipe(
        Deadline.betweenParts("5 seconds"),
        Retry.schedule(Retry.standard),
        Fallback.to(other.model),
      )
      const { exit, text } = yield* timePasses(call(stack, "stream"))
      assert.strictEqual(text, "a")
      assert.deepInclude(errorOf(exit), { bound: "betweenParts" })
      assert.deepStrictEqual([model.requests.length, other.requests.length], [1, 0])
    }),
  )
})

describe("total", () => {
  it.effect.each(modes)("bounds a call with all its retries and waits (%s)", (mode) =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const stack = model.model.pipe(
        Deadline.firstPart("4 seconds"),
        Retry.schedule(Schedule.spaced("1 second")),
        Deadline.total("12 seconds"),
      )
      const [{ exit }, took] = yield* timePasses(timed(call(stack, mode)))
      const error = errorOf(exit)
      assert.deepInclude(error, { bound: "total" })
      assert.include(error.message, "did not finish within")
      assert.deepStrictEqual([model.requests.length, took, model.held], [3, 12_000, 0])
    }),
  )

  it.effect("bounds a stream to its last part, keeping what came", () =>
    Effect.gen(function* () {
      const model = scripted([slow("4 seconds", "a", "b", "c", "d")])
      const { exit, text } = yield* timePasses(call(model.model.pipe(Deadline.total("10 seconds")), "stream"))
      assert.strictEqual(text, "ab")
      assert.deepInclude(errorOf(exit), { bound: "total" })
      assert.strictEqual(model.held, 0)
    }),
  )

  it.effect("counts the consumer's time as well", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(delta("a")), chunk(delta("b")), hangs)]).model.pipe(
        Deadline.total("10 seconds"),
      )
      const seen: Array<unknown> = []
      const slowly = Effect.provide(
        Effect.flatMap(LanguageModel.LanguageModel, (language) =>
          Stream.runForEach(language.streamText({ prompt: "hi" }), (part) =>
            Effect.andThen(
              Effect.sync(() => seen.push(part)),
              Effect.sleep("1 minute"),
            ),
          ),
        ),
        model,
      )
      const [exit, took] = yield* timePasses(timed(Effect.exit(slowly)))
      assert.isTrue(Exit.isFailure(exit))
      assert.isAtMost(took, 120_000)
      assert.isAtMost(seen.length, 2)
    }),
  )

  it.effect("says nothing about the model, and is not retried", () =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const stack = model.model.pipe(Deadline.total("1 second"), Retry.schedule(Retry.standard))
      const { exit } = yield* timePasses(call(stack, "stream"))
      assert.strictEqual(Failure.classify(errorOf(exit)).kind, "ignored")
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("inside of a longer one is the shorter one", () =>
    Effect.gen(function* () {
      const stack = scripted([silent]).model.pipe(Deadline.total("2 seconds"), Deadline.total("1 minute"))
      const [, took] = yield* timePasses(timed(call(stack, "stream")))
      assert.strictEqual(took, 2_000)
    }),
  )

  it.effect("inside of a shorter one lasts no longer than that", () =>
    Effect.gen(function* () {
      const stack = scripted([silent]).model.pipe(Deadline.total("1 minute"), Deadline.total("2 seconds"))
      const [{ exit }, took] = yield* timePasses(timed(call(stack, "stream")))
      assert.strictEqual(took, 2_000)
      const error = errorOf(exit)
      assert.strictEqual(error._tag === "DeadlineExceeded" && Duration.toSeconds(error.duration), 2)
    }),
  )

  it.effect("may be endless", () =>
    Effect.gen(function* () {
      const model = scripted([slow("4 seconds", "a")]).model.pipe(Deadline.total(Duration.infinity))
      assert.strictEqual((yield* timePasses(call(model, "stream"))).text, "a")
    }),
  )

  it.effect("does not mind a wall clock that is set back", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const model = scripted([slow("4 seconds", "a", "b", "c")])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(Deadline.total("10 seconds")), "stream"))
      yield* TestClock.adjust("5 seconds")
      yield* TestClock.setTime(0)
      // Sleeps are bound to the wall clock of the test, so it has to catch up before time counts again.
      yield* TestClock.setTime(1_005_000)
      const left = yield* Effect.forkChild(Fiber.join(fiber))
      yield* TestClock.adjust("1 hour")
      const { exit } = yield* Fiber.join(left)
      assert.deepInclude(errorOf(exit), { bound: "total" })
    }),
  )

  it.effect("is told to attempts as their failure", () =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const [, events] = yield* timePasses(observed(call(model.model.pipe(Deadline.total("1 second")), "stream")))
      assert.deepStrictEqual(outcomes(events), ["Failed"])
    }),
  )
})

describe("a stack with deadlines", () => {
  it("describes them", () => {
    const model = scripted([silent]).model.pipe(
      Deadline.betweenParts("20 seconds"),
      Deadline.firstPart({ stream: "30 seconds", generate: "3 minutes" }),
      Deadline.total("10 minutes"),
    )
    const outer = ResilientModel.describe(model)
    const [middle] = outer.inner
    assert.deepInclude(outer, { name: "Deadline.total", settings: { duration: "10m" } })
    assert.deepInclude(middle, { name: "Deadline.firstPart", settings: { stream: "30s", generate: "3m" } })
    assert.deepInclude(middle?.inner[0], { name: "Deadline.betweenParts", settings: { duration: "20s" } })
  })
})

describe("a deadline that is none", () => {
  it.effect.each([
    [Deadline.total(-5), "Deadline.total: the deadline must not be negative"],
    [Deadline.betweenParts("30s" as never), 'Deadline.betweenParts: the deadline "30s" is not a duration such as'],
    [Deadline.firstPart({ stream: "1 second", generate: -1 }), "Deadline.firstPart: the deadline to generate must not"],
    [Deadline.firstPart("soon" as never), `Deadline.firstPart: the deadline to stream "soon" is not`],
  ] as const)("is refused when the model is built: %#", ([policy, message]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(ResilientModel.callOf(policy(scripted([answer("a")]).model))))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "built", message)
    }),
  )
})
