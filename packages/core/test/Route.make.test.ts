import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Ref, Schema } from "effect"

import * as Breaker from "../src/Breaker.ts"
import type * as CommitPoint from "../src/CommitPoint.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Route from "../src/Route.ts"
import { answer, deliver, errorOf, errors, refused, request, scripted } from "./scripted.ts"

class Undecided extends Schema.TaggedError<Undecided>()("Undecided", {}) {}

class Favourite extends Context.Service<Favourite, Ref.Ref<string>>()("test/Favourite") {}

const named = (name: string, script = answer(name)) => scripted([script, answer(name)], { name })

const favourite = Effect.map(
  Favourite,
  (ref): Route.Choice<Undecided> =>
    (_, candidates) =>
      Effect.flatMap(Ref.get(ref), (name) => {
        const found = candidates.find(({ provider }) => provider === name)
        return found === undefined ? Effect.fail(new Undecided()) : Effect.succeed(found)
      }),
)

const label = { name: "Route.favourite", settings: { by: "name" } }

describe("a route of one's own", () => {
  it.effect("looks up what it needs, and fails the call as its choice fails", () =>
    Effect.gen(function* () {
      const [a, b] = [named("a"), named("b")]
      const ref = yield* Ref.make("b")
      const route = Route.make([a.model, b.model], { label, choice: favourite })
      expectTypeOf(route).toEqualTypeOf<
        ResilientModel.ResilientModel<ResilientModel.CallFailure | CommitPoint.StreamTruncated | Undecided, Favourite>
      >()
      const call = yield* ResilientModel.callOf(route.pipe(ResilientModel.connect(Layer.succeed(Favourite, ref))))
      yield* deliver(call, request("stream"))
      yield* Ref.set(ref, "a")
      yield* deliver(call, request("generate"))
      yield* Ref.set(ref, "c")
      const { exit } = yield* deliver(call, request("generate"))
      assert.deepStrictEqual(errorOf(exit), new Undecided())
      assert.deepStrictEqual([a.requests.length, b.requests.length], [1, 1])
      assert.deepInclude(ResilientModel.describe(route), label)
    }),
  )

  it.effect("makes its choice once for each layer and is not offered an open circuit", () =>
    Effect.gen(function* () {
      const [a, b] = [named("a", refused(errors.transient)), named("b")]
      const guard = Breaker.guard({ trip: { consecutiveFailures: 1 } })
      let made = 0
      const offered: Array<ReadonlyArray<string>> = []
      const choice = Effect.sync((): Route.Choice => {
        made++
        return (_, candidates) =>
          Effect.sync(() => {
            offered.push(candidates.map(({ provider }) => provider))
            return candidates[0]!
          })
      })
      const call = yield* ResilientModel.callOf(Route.make([a.model.pipe(guard), b.model], { label, choice }))
      const exits = yield* Effect.replicateEffect(deliver(call, request("generate")), 2)
      assert.deepStrictEqual(
        exits.map(({ exit }) => Exit.isSuccess(exit)),
        [false, true],
      )
      assert.deepStrictEqual(offered, [["a", "b"], ["b"]])
      assert.strictEqual(made, 1)
    }),
  )
})
