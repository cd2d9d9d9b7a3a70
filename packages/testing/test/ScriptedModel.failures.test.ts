import { assert, describe, it } from "@effect/vitest"
import { CommitPoint, Deadline, Fallback, PolicyError, ProviderModel, ResilientModel, Retry } from "@holdfast/core"
import { Duration, Effect, Exit, Fiber, Option, Stream } from "effect"
import { AiError, type LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import * as ScriptedModel from "../src/ScriptedModel.ts"
import { attemptsOf, deltas, generate, streamed } from "./asking.ts"

describe("failures", () => {
  it.effect("come before the commit point and leave room for a retry", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make({ provider: "acme", model: "acme-1" })
      yield* scripted.script(
        ScriptedModel.rateLimited({ retryAfter: "7 seconds" }),
        ScriptedModel.text(["never"]).pipe(ScriptedModel.failAfter(0, { message: "busy", type: "overloaded_error" })),
        ScriptedModel.text("hello"),
      )
      const model = scripted.model.pipe(Retry.schedule(Retry.standard))
      const fiber = yield* Effect.forkChild(attemptsOf(Effect.provide(streamed, model)))
      yield* TestClock.adjust("6999 millis")
      assert.lengthOf(yield* scripted.requests, 1)
      yield* TestClock.adjust("1 minute")
      const { ended, exit } = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(
        ended.map(({ outcome, provider, requestId }) => [provider, outcome._tag, requestId]),
        [
          ["acme", "Failed", undefined],
          ["acme", "Failed", "request-2"],
          ["acme", "Completed", "request-3"],
        ],
      )
      assert.deepStrictEqual(ended[0]?.retryAfter, Duration.seconds(7))
    }),
  )

  it.effect("are errors as they are, or what a provider would know of them", () =>
    Effect.gen(function* () {
      const own = AiError.make({
        module: "t",
        method: "t",
        reason: new AiError.InvalidRequestError({ description: "no" }),
      })
      const unsupported = new ProviderModel.UnsupportedOption({
        provider: "scripted",
        model: "scripted-model",
        option: "temperature",
        explanation: "it has none",
      })
      const model = ScriptedModel.model(
        ScriptedModel.fail(own),
        ScriptedModel.fail(unsupported),
        ScriptedModel.fail({ status: 401, message: "bad key" }),
      )
      const ask = Effect.flip(generate)
      const errors = yield* Effect.provide(Effect.all([ask, ask, ask]), model)
      assert.strictEqual(errors[0], own)
      assert.strictEqual(errors[1].reason._tag, "InvalidRequestError")
      assert.strictEqual(errors[2].reason._tag, "AuthenticationError")
    }),
  )

  it.effect("come after so many parts and end the answer", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      const broken = ScriptedModel.text(["a", "b", "c"]).pipe(
        ScriptedModel.failAfter(2, { message: "gone", type: "server_error" }),
      )
      yield* scripted.script(broken, broken, broken.pipe(ScriptedModel.failAfter(9, { message: "at last" })))
      const model = scripted.model.pipe(
        Retry.schedule(Retry.standard),
        Fallback.to(ScriptedModel.model(ScriptedModel.text("never asked"))),
      )
      for (const expected of [["a", "b"], undefined, ["a", "b", "c"]]) {
        const seen: Array<string> = []
        const call =
          expected === undefined
            ? Effect.asVoid(generate)
            : Stream.runForEach(deltas, (delta) => Effect.sync(() => seen.push(delta)))
        const { ended, exit } = yield* attemptsOf(Effect.provide(call, scripted.model))
        assert.isTrue(Exit.hasFails(exit))
        if (expected !== undefined) assert.deepStrictEqual(seen, expected)
        assert.strictEqual(ended[0]?.outcome._tag, "Failed")
      }
      assert.deepStrictEqual(
        (yield* scripted.requests).map(({ deliveredParts, outcome }) => [deliveredParts, outcome]),
        [
          [2, "failed"],
          [0, "failed"],
          [3, "failed"],
        ],
      )
      yield* scripted.script(broken)
      const error = yield* Effect.flip(Effect.provide(streamed, model))
      assert.strictEqual(error.reason._tag, "InternalProviderError")
      assert.lengthOf(yield* scripted.requests, 4)
    }),
  )

  it.effect("are truncations without a finish", () =>
    Effect.gen(function* () {
      const cut = ScriptedModel.text(["a", "b"])
      const model = ScriptedModel.model(
        cut.pipe(ScriptedModel.truncateAfter(0)),
        cut.pipe(ScriptedModel.truncateAfter(1)),
        cut.pipe(ScriptedModel.truncateAfter(Number.POSITIVE_INFINITY)),
        cut.pipe(ScriptedModel.truncateAfter(1)),
      )
      const failure = <A>(call: Effect.Effect<A, AiError.AiError, LanguageModel.LanguageModel>) => Effect.flip(call)
      const errors = yield* Effect.all([
        failure(streamed),
        failure(streamed),
        failure(streamed),
        failure(generate),
      ]).pipe(Effect.provide(model))
      assert.deepStrictEqual(
        errors.map((error) =>
          Option.map(
            PolicyError.fromAiError(CommitPoint.StreamTruncated)(error),
            ({ deliveredParts }) => deliveredParts,
          ),
        ),
        [0, 1, 2, 1].map(Option.some),
      )
    }),
  )

  it.effect("are error parts inside the answer", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      const broken = ScriptedModel.text(["a", "b"]).pipe(ScriptedModel.errorPartAfter(1, "it broke"))
      yield* scripted.script(broken, broken)
      for (const call of [Effect.asVoid(generate), Effect.asVoid(streamed)]) {
        const error = yield* Effect.flip(Effect.provide(call, scripted.model))
        assert.include(error.message, "it broke")
      }
    }),
  )

  it.effect("are silence, which a deadline ends", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      const model = scripted.model.pipe(Deadline.firstPart("3 seconds"), Deadline.betweenParts("1 second"))
      const silent = ScriptedModel.text(["a", "b"]).pipe(ScriptedModel.hangAfter(1))
      yield* scripted.script(ScriptedModel.hang, silent, ScriptedModel.hang, silent)
      for (const call of [
        Effect.asVoid(streamed),
        Effect.asVoid(streamed),
        Effect.asVoid(generate),
        Effect.asVoid(generate),
      ]) {
        const fiber = yield* Effect.forkChild(Effect.flip(ResilientModel.provide(call, model)))
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceeded")
      }
      assert.deepStrictEqual(
        (yield* scripted.requests).map(({ deliveredParts, outcome }) => [deliveredParts, outcome]),
        [
          [0, "interrupted"],
          [1, "interrupted"],
          [0, "interrupted"],
          [0, "interrupted"],
        ],
      )
    }),
  )
})
