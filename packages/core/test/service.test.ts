import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Stream } from "effect"
import { type AiError, LanguageModel } from "effect/ai"

import * as Breaker from "../src/Breaker.ts"
import * as Deadline from "../src/Deadline.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { answer, errorOf, errors, refused, scripted } from "./scripted.ts"

const ask = Effect.map(LanguageModel.generateText({ prompt: "hi" }), ({ text }) => text)

describe("a model as a service", () => {
  const spy = scripted([refused(errors.transient)])
  const model = spy.model.pipe(Breaker.guard({ trip: { consecutiveFailures: 1 } }))
  class Assistant extends ResilientModel.Service<Assistant>()("test/Assistant", model) {}

  it.effect("puts the failures of the model into the type of what it is provided to", () =>
    Effect.gen(function* () {
      const program = Assistant.provide(ask)
      expectTypeOf<Effect.Error<typeof program>>().toEqualTypeOf<
        AiError.AiError | ResilientModel.CallFailure | Breaker.CircuitOpen
      >()
      expectTypeOf<Effect.Services<typeof program>>().toEqualTypeOf<Assistant>()
      const twice = Effect.all([Effect.exit(program), Effect.exit(program)])
      const [, second] = yield* Effect.provide(twice, Assistant.layer)
      assert.instanceOf(errorOf(second), Breaker.CircuitOpen)
    }),
  )

  it.effect("works on streams", () =>
    Effect.gen(function* () {
      const texts = LanguageModel.streamText({ prompt: "hi" }).pipe(
        Stream.map((part) => (part.type === "text-delta" ? part.delta : "")),
        Assistant.provide,
      )
      const said = yield* Stream.runCollect(texts).pipe(
        Effect.provide(Assistant.layerOf(scripted([answer("a")]).model)),
      )
      assert.strictEqual(said.join(""), "a")
    }),
  )

  it.effect("has a stub in tests, which fails in no other ways", () =>
    Effect.gen(function* () {
      const stub = scripted([answer("stub")]).model
      assert.strictEqual(yield* Effect.provide(Assistant.provide(ask), Assistant.layerOf(stub)), "stub")
      const late = stub.pipe(Deadline.total("1 minute"))
      type Stub = Parameters<typeof Assistant.layerOf>[0]
      expectTypeOf(stub).toExtend<Stub>()
      expectTypeOf(late).not.toExtend<Stub>()
    }),
  )

  it.effect("is missed by its name", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Assistant.provide(ask) as Effect.Effect<string>)
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "test/Assistant")
    }),
  )

  it.effect("stands beside another one", () =>
    Effect.gen(function* () {
      class Other extends ResilientModel.Service<Other>()("test/Other", scripted([answer("other")]).model) {}
      const both = Effect.all([Effect.exit(Assistant.provide(ask)), Other.provide(ask)])
      const [, said] = yield* Effect.provide(both, Layer.merge(Assistant.layer, Other.layer))
      assert.strictEqual(said, "other")
    }),
  )
})
