import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Response, Tool } from "effect/ai"

import { canonical } from "../../../src/internal/request/tools.ts"

const weather = Tool.make("weather", {
  parameters: Schema.Struct({ at: Schema.DateFromString, days: Schema.optionalKey(Schema.Int) }),
})

const call = (name: string, params: unknown): Response.ToolCallPartEncoded => ({
  type: "tool-call",
  id: "c",
  name,
  params,
})

describe("arguments", () => {
  it.effect("are in the tool's own form", () =>
    Effect.gen(function* () {
      const params = { at: "2026-01-01T00:00:00.000Z", days: 3 }
      const read = (part: Response.ToolCallPartEncoded) =>
        Effect.map(canonical([weather], undefined)(part), (polished) => polished.params)
      assert.deepStrictEqual(yield* read(call("weather", params)), params)
      // For `effect/ai` to say what is wrong.
      assert.deepStrictEqual(yield* read(call("weather", { at: 1 })), { at: 1 })
      assert.deepStrictEqual(yield* read(call("other", 1)), 1)
    }),
  )
})
