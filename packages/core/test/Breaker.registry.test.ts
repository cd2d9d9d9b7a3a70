import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Option, Schedule, Schema, Stream } from "effect"
import { type AiError, LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import * as Breaker from "../src/Breaker.ts"
import type * as CommitPoint from "../src/CommitPoint.ts"
import * as Fallback from "../src/Fallback.ts"
import * as PolicyError from "../src/PolicyError.ts"
import { type UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import type * as UploadedFile from "../src/UploadedFile.ts"
import { answer, deliver, errorOf, errors, refused, request, type Script, scripted } from "./scripted.ts"

const options: Breaker.Options = {
  trip: { consecutiveFailures: 2 },
  openFor: Schedule.spaced("10 seconds"),
  recovery: { ramp: 0 },
}
const bad = refused(errors.transient)

/** A guarded model in the registry in context. */
const guarded = (name: string, scripts: ReadonlyArray<Script>) =>
  Effect.gen(function* () {
    const model = scripted(scripts, { name })
    const call = yield* ResilientModel.callOf(model.model.pipe(Breaker.guard(options)))
    return { model, ask: Effect.suspend(() => deliver(call, request("generate"))) }
  })

describe("a registry of circuits", () => {
  it.effect("tells which models would let a call through", () =>
    Effect.gen(function* () {
      const { available, status } = yield* Breaker.Breakers
      const a = yield* guarded("a", [bad])
      yield* guarded("b", [answer("b")])
      assert.deepStrictEqual(yield* available, ["a/a-1", "b/b-1"])
      yield* Effect.replicateEffect(a.ask, 2)
      assert.deepStrictEqual(yield* available, ["b/b-1"])
      assert.deepStrictEqual(
        (yield* status).map(({ key, mode, phase }) => [key, mode, phase]),
        [
          ["a/a-1", "normal", "open"],
          ["b/b-1", "normal", "closed"],
        ],
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* available, ["a/a-1", "b/b-1"])
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )

  it.effect("makes circuits with equal keys one", () =>
    Effect.gen(function* () {
      const first = yield* guarded("a", [bad])
      const second = yield* guarded("a", [answer("a")])
      yield* Effect.replicateEffect(first.ask, 2)
      assert.isTrue(Exit.isFailure((yield* second.ask).exit))
      assert.lengthOf(second.model.requests, 0)
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )

  it.effect("is not needed: each model then has a circuit of its own", () =>
    Effect.gen(function* () {
      const first = yield* guarded("a", [bad])
      const second = yield* guarded("a", [answer("a")])
      yield* Effect.replicateEffect(first.ask, 2)
      assert.isTrue(Exit.isSuccess((yield* second.ask).exit))
    }),
  )

  it.effect("loses no transition, however late they are read", () =>
    Effect.gen(function* () {
      const { transitions } = yield* Breaker.Breakers
      const rounds = 500
      const reader = yield* Effect.forkChild(
        Stream.runCollect(
          Stream.take(
            Stream.mapEffect(transitions, (change) => Effect.as(Effect.yieldNow, change)),
            rounds * 3,
          ),
        ),
      )
      yield* Effect.yieldNow
      const a = yield* guarded("a", [bad, bad, answer("a"), answer("a")])
      for (const _ of Array.from({ length: rounds })) {
        a.model.restart()
        yield* Effect.replicateEffect(a.ask, 2)
        yield* TestClock.adjust("10 seconds")
        yield* Effect.replicateEffect(a.ask, 2)
      }
      const changes = yield* Fiber.join(reader)
      assert.deepStrictEqual(
        changes.map(({ sequence }) => sequence),
        Array.from({ length: rounds * 3 }, (_, index) => index + 1),
      )
      assert.deepStrictEqual(
        changes.slice(0, 3).map(({ from, to }) => [from, to]),
        [
          ["closed", "open"],
          ["open", "halfOpen"],
          ["halfOpen", "closed"],
        ],
      )
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )
})

describe("the mode of a circuit", () => {
  it.effect("can force it open", () =>
    Effect.gen(function* () {
      const { available, set } = yield* Breaker.Breakers
      const a = yield* guarded("a", [answer("a")])
      assert.isTrue(yield* set("a/a-1", "forcedOpen"))
      assert.isTrue(Exit.isFailure((yield* a.ask).exit))
      assert.lengthOf(a.model.requests, 0)
      assert.deepStrictEqual(yield* available, [])
      yield* TestClock.adjust("1 day")
      assert.isTrue(Exit.isFailure((yield* a.ask).exit))
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )

  it.effect("can disable it, or only observe", () =>
    Effect.gen(function* () {
      const { set, status } = yield* Breaker.Breakers
      const phase = Effect.map(status, ([circuit]) => circuit?.phase)
      const a = yield* guarded("a", [bad])
      yield* set("a/a-1", "disabled")
      yield* Effect.replicateEffect(a.ask, 5)
      assert.strictEqual(yield* phase, "closed")
      yield* set("a/a-1", "observing")
      yield* Effect.replicateEffect(a.ask, 5)
      assert.strictEqual(yield* phase, "open")
      assert.lengthOf(a.model.requests, 10)
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )

  it.effect("begins anew when it is normal again", () =>
    Effect.gen(function* () {
      const { set } = yield* Breaker.Breakers
      const a = yield* guarded("a", [bad, bad, answer("a")])
      yield* Effect.replicateEffect(a.ask, 2)
      yield* set("a/a-1", "normal")
      assert.isTrue(Exit.isSuccess((yield* a.ask).exit))
      assert.isFalse(yield* set("no such key", "normal"))
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )
})

describe("a mistake in the options", () => {
  const mistakes: ReadonlyArray<readonly [Breaker.Options, string]> = [
    [{ trip: { failureRate: 0 } }, "trip.failureRate"],
    [{ trip: { slowFirstParts: { slowerThan: "1 second", share: 2 } } }, "trip.slowFirstParts.share"],
    [{ trip: { consecutiveFailures: 0 } }, "trip.consecutiveFailures"],
    [{ minimumCalls: 0.5 }, "minimumCalls"],
    [{ recovery: { probes: 0 } }, "recovery.probes"],
    [{ recovery: { probes: 1, successes: 2 } }, "recovery.successes"],
    [{ window: 0 }, "window"],
    [{ window: { calls: 0 } }, "window"],
  ]

  it.effect.each(mistakes)("is found when the layer is built: %o", ([wrong, field]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(ResilientModel.callOf(scripted([]).model.pipe(Breaker.guard(wrong))))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(`Breaker.guard: ${field}`))
    }),
  )
})

describe("CircuitOpen", () => {
  it.effect("is made without its constructor, and is the same for all that", () =>
    Effect.gen(function* () {
      const { set } = yield* Breaker.Breakers
      const a = yield* guarded("a", [answer("a")])
      yield* set("a/a-1", "forcedOpen")
      const refusal = errorOf((yield* a.ask).exit)
      const fields = { provider: "a", model: "a-1", retryAfter: Duration.seconds(60) }
      const made = new Breaker.CircuitOpen(fields)
      assert.instanceOf(refusal, Breaker.CircuitOpen)
      assert.isTrue(Schema.is(Breaker.CircuitOpen)(refusal) && PolicyError.isPolicyError(refusal))
      assert.strictEqual(String(refusal), String(made))
      assert.strictEqual(refusal.stack, String(made))
      assert.strictEqual(Cause.pretty(Cause.fail(refusal)), String(made))
      assert.deepStrictEqual(JSON.parse(JSON.stringify(refusal)), JSON.parse(JSON.stringify(made)))
      const codec = Schema.toCodecJson(Breaker.CircuitOpen)
      assert.deepStrictEqual(Schema.encodeSync(codec)(refusal), Schema.encodeSync(codec)(made))
      assert.strictEqual(yield* Effect.flip(refusal), refusal)
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )

  it.effect("is in the type, is recovered from an AiError, and is handled by a fallback", () =>
    Effect.gen(function* () {
      const model = scripted([bad]).model.pipe(Breaker.guard({ ...options, trip: { consecutiveFailures: 1 } }))
      expectTypeOf<ErrorOf<typeof model>>().toEqualTypeOf<
        | AiError.AiError
        | UploadedFile.FileExpired
        | UnsupportedOption
        | CommitPoint.StreamTruncated
        | Breaker.CircuitOpen
      >()
      const safe = model.pipe(Fallback.to(scripted([answer("b")]).model))
      expectTypeOf<ErrorOf<typeof safe>>().toEqualTypeOf<
        AiError.AiError | CommitPoint.StreamTruncated | Fallback.AllModelsFailed
      >()
      const ask = LanguageModel.generateText({ prompt: "hi" })
      const open = yield* Effect.andThen(Effect.ignore(ask), Effect.flip(ask)).pipe(Effect.provide(model))
      const recovered = PolicyError.fromAiError(Breaker.CircuitOpen)(open)
      assert.deepStrictEqual(
        Option.map(recovered, ({ retryAfter }) => Duration.toSeconds(retryAfter)),
        Option.some(10),
      )
    }),
  )
})

type ErrorOf<M> = M extends ResilientModel.ResilientModel<infer E, infer _R> ? E : never
