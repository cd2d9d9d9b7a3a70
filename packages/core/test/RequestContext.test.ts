import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"

import * as RequestContext from "../src/RequestContext.ts"

const { annotate } = RequestContext
const current = Effect.gen(function* () {
  return yield* RequestContext.RequestContext
})

describe("the context of a request", () => {
  it.effect("is an interactive request of nobody at first", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* current, { tags: {}, priority: "interactive" })
    }),
  )

  it.effect("takes fields from the innermost annotation, and tags from all", () =>
    Effect.gen(function* () {
      const inside = current.pipe(
        annotate({ tenant: "inner", tags: { a: "inner", b: "inner" } }),
        annotate({ tenant: "outer", priority: "batch", tags: { a: "outer", c: "outer" } }),
      )
      assert.deepStrictEqual(yield* inside, {
        tenant: "inner",
        priority: "batch",
        tags: { a: "inner", b: "inner", c: "outer" },
      })
    }),
  )

  it.effect("does not reach beyond what it annotates", () =>
    Effect.gen(function* () {
      yield* annotate(Effect.void, { tenant: "t" })
      assert.isUndefined((yield* current).tenant)
    }),
  )

  it.effect("annotates streams", () =>
    Effect.gen(function* () {
      const tenants = Stream.map(Stream.fromEffect(current), ({ tenant }) => tenant)
      assert.deepStrictEqual(yield* Stream.runCollect(annotate(tenants, { tenant: "t" })), ["t"])
    }),
  )
})
