import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Response, Tool } from "effect/ai"

import { canonical } from "../../../src/internal/request/tools.ts"

const call = (name: string, params: unknown, rest = {}): Response.ToolCallPartEncoded => ({
  type: "tool-call",
  id: "c",
  name,
  params,
  ...rest,
})

const weather = Tool.make("weather", {
  parameters: Schema.Struct({
    at: Schema.DateFromString,
    days: Schema.optionalKey(Schema.Int),
    tags: Schema.Record(Schema.String, Schema.Int),
  }),
})

const paramsOf = (part: Response.ToolCallPartEncoded, tools: ReadonlyArray<Tool.Any> = [weather], strict?: boolean) =>
  Effect.map(canonical(tools, strict)(part), ({ params }) => params)

describe("canonical", () => {
  it.effect("undoes what strict mode did to the schema", () =>
    Effect.gen(function* () {
      const at = "2026-01-01T00:00:00.000Z"
      const sent = { at, days: null, tags: [{ "0": "a", "1": 1 }] }
      assert.deepStrictEqual(yield* paramsOf(call("weather", sent)), { at, tags: { a: 1 } })
    }),
  )

  it.effect("leaves alone what it does not know", () =>
    Effect.gen(function* () {
      const params = { at: 1 }
      assert.strictEqual(yield* paramsOf(call("weather", params)), params)
      assert.strictEqual(yield* paramsOf(call("other", params)), params)
      assert.strictEqual(yield* paramsOf(call("weather", params), [weather], false), params)
      assert.strictEqual(yield* paramsOf(call("weather", params, { providerExecuted: true })), params)
      const raw = Tool.dynamic("raw", { parameters: { type: "object" } })
      assert.strictEqual(yield* paramsOf(call("raw", params), [raw as Tool.Any], true), params)
      const union = Tool.make("union", { parameters: Schema.Union([Schema.Struct({ a: Schema.Int })]) as never })
      yield* paramsOf(call("union", params), [union])
    }),
  )
})
