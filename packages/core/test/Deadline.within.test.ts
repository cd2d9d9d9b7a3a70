import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Stream } from "effect"
import { TestClock } from "effect/testing"

import * as Deadline from "../src/Deadline.ts"
import * as Failure from "../src/Failure.ts"
import * as Retry from "../src/Retry.ts"
import { answer, call, errorOf, errors, refused, scripted, silent, timed, timePasses } from "./scripted.ts"

describe("within", () => {
  it.effect("is inherited and enforced by the total of a model", () =>
    Effect.gen(function* () {
      const model = scripted([silent]).model.pipe(Deadline.total("1 hour"))
      const [{ exit }, took] = yield* timePasses(timed(call(model, "stream").pipe(Deadline.within("3 seconds"))))
      assert.deepInclude(errorOf(exit), { bound: "total" })
      assert.strictEqual(took, 3_000)
    }),
  )

  it.effect("that has passed lets nothing be sent, whether one waits for it or not", () =>
    Effect.gen(function* () {
      const model = scripted([answer("a")])
      const late = Effect.andThen(
        Effect.sleep("2 seconds"),
        call(model.model.pipe(Deadline.total("1 minute")), "stream"),
      )
      const { exit } = yield* timePasses(Deadline.within(late, "1 second"))
      assert.deepInclude(errorOf(exit), { _tag: "DeadlineExceeded", bound: "total", duration: Duration.seconds(1) })
      const none = yield* call(model.model.pipe(Deadline.total(0)), "generate")
      assert.deepInclude(errorOf(none.exit), { _tag: "DeadlineExceeded" })
      // What was left of a request's time may be less than nothing; a setting of a model may not.
      const before = yield* Deadline.within(call(model.model.pipe(Deadline.total("1 minute")), "generate"), -1)
      assert.deepInclude(errorOf(before.exit), { _tag: "DeadlineExceeded" })
      assert.lengthOf(model.requests, 0)
    }),
  )

  it.effect("only shortens", () =>
    Effect.gen(function* () {
      const left = Deadline.remaining.pipe(Deadline.within("1 hour"), Deadline.within("1 minute"))
      assert.deepStrictEqual(Option.map(yield* left, Duration.toSeconds), Option.some(60))
      const shorter = Deadline.within(Deadline.within(Deadline.remaining, "1 minute"), "1 hour")
      assert.deepStrictEqual(Option.map(yield* shorter, Duration.toSeconds), Option.some(60))
    }),
  )

  it.effect("does not interrupt the program itself", () =>
    Effect.gen(function* () {
      const program = Effect.as(Effect.sleep("1 minute"), "done")
      assert.strictEqual(yield* timePasses(Deadline.within(program, "1 second")), "done")
    }),
  )

  it.effect("is respected by retries, also without a total", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("10 seconds"))]).model.pipe(Retry.schedule(Retry.standard))
      const { exit } = yield* call(model, "stream").pipe(Deadline.within("5 seconds"))
      assert.strictEqual(Failure.tagOf(errorOf(exit)), "RateLimitError")
    }),
  )

  it.effect("starts for a stream when it runs", () =>
    Effect.gen(function* () {
      const left = Stream.fromEffect(Deadline.remaining).pipe(Deadline.within("1 minute"))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual((yield* Stream.runCollect(left)).map(Option.map(Duration.toSeconds)), [Option.some(60)])
    }),
  )
})

describe("remaining", () => {
  it.effect("is nothing without a deadline", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Deadline.remaining, Option.none())
    }),
  )

  it.effect("shrinks with time, and never below zero", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        yield* TestClock.adjust("4 seconds")
        const some = yield* Deadline.remaining
        yield* TestClock.adjust("1 hour")
        return [some, yield* Deadline.remaining].map(Option.map(Duration.toSeconds))
      })
      assert.deepStrictEqual(yield* Deadline.within(program, "10 seconds"), [Option.some(6), Option.some(0)])
    }),
  )

  it.effect("does not grow when the wall clock is set back", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(3_600_000)
      const program = Effect.gen(function* () {
        yield* TestClock.adjust("4 seconds")
        yield* TestClock.setTime(0)
        return Option.map(yield* Deadline.remaining, Duration.toSeconds)
      })
      assert.deepStrictEqual(yield* Deadline.within(program, "10 seconds"), Option.some(6))
    }),
  )
})
