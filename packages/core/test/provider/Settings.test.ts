import { assert, describe, it } from "@effect/vitest"
import { Context, Effect } from "effect"

import * as Settings from "../../src/provider/Settings.ts"

interface Own {
  readonly a?: number
  readonly b?: { readonly c?: number; readonly d?: number }
}

const Config = Context.Reference<Own>("test/Config", { defaultValue: () => ({}) })
const withConfigOverride = Settings.override(Config)
const own: Own = { a: 1, b: { c: 1, d: 1 } }

describe("settings", () => {
  it.effect("are the model's own where nothing is laid over them", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Settings.layered(Config, own), own)
      assert.deepStrictEqual(yield* Settings.layered(Config, undefined), {})
    }),
  )

  it.effect("are overridden field by field, and inner overrides win", () =>
    Effect.gen(function* () {
      const read = Settings.layered(Config, own)
      assert.deepStrictEqual(yield* withConfigOverride(read, { b: { c: 2 } }), { a: 1, b: { c: 2 } })
      const inner = read.pipe(withConfigOverride({ a: 3 }), withConfigOverride({ a: 2, b: {} }))
      assert.deepStrictEqual(yield* inner, { a: 3, b: {} })
      assert.deepStrictEqual(yield* read, own)
    }),
  )
})
