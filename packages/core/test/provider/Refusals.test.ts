import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Failure from "../../src/Failure.ts"
import { UnsupportedOption } from "../../src/provider/ProviderModel.ts"
import { Refusals } from "../../src/provider/Refusals.ts"

describe("refusals", () => {
  it.effect("let a body pass that nothing was said against", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* new Refusals("acme", "acme-1").check("body"), "body")
    }),
  )

  it.effect("tell the first reason only", () =>
    Effect.gen(function* () {
      const refusals = new Refusals("acme", "acme-1")
      refusals.option("topK", "drop it")
      refusals.option("seed", "drop it")
      refusals.schema("look", new Error("recursive"))
      const error = yield* Effect.flip(refusals.check("body"))
      assert.instanceOf(error, UnsupportedOption)
      assert.strictEqual(error.message, 'acme-1 of acme does not take "topK": drop it')
    }),
  )

  it.effect("name the tool whose schema cannot be expressed", () =>
    Effect.gen(function* () {
      for (const cause of [new Error("recursive"), "recursive"]) {
        const refusals = new Refusals("acme", "acme-1")
        refusals.schema("look", cause)
        refusals.option("topK", "drop it")
        const error = yield* Effect.flip(refusals.check("body"))
        assert.strictEqual(Failure.tagOf(error), "UnsupportedSchemaError")
        assert.include(error.message, 'tool "look": recursive')
      }
    }),
  )
})
