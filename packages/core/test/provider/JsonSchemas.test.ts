import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { Tool } from "effect/ai"

import * as JsonSchemas from "../../src/provider/JsonSchemas.ts"

const tool = Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }) })

describe("a memoized function", () => {
  it("makes what it gives once for each thing", () => {
    let made = 0
    const next = JsonSchemas.memoize<object, number>(() => ++made)
    const [a, b] = [{}, {}]
    assert.deepStrictEqual([next(a), next(b), next(a), next(b)], [1, 2, 1, 2])
  })

  it("tries again after it threw", () => {
    let calls = 0
    const moody = JsonSchemas.memoize<object, number>(() => {
      if (calls++ === 0) throw new Error("no")
      return calls
    })
    const key = {}
    assert.throws(() => moody(key), "no")
    assert.deepStrictEqual([moody(key), moody(key)], [2, 2])
  })
})

describe("a JSON schema", () => {
  it("is made once, of a tool and of a schema", () => {
    assert.deepInclude(Result.getOrThrow(JsonSchemas.ofTool(tool)), { type: "object", required: ["city"] })
    assert.strictEqual(JsonSchemas.ofTool(tool), JsonSchemas.ofTool(tool))
    const { parametersSchema } = tool
    assert.deepInclude(Result.getOrThrow(JsonSchemas.ofSchema(parametersSchema)), { required: ["city"] })
    assert.strictEqual(JsonSchemas.ofSchema(parametersSchema), JsonSchemas.ofSchema(parametersSchema))
  })

  it("may be impossible", () => {
    const broken = Schema.suspend((): typeof Schema.String => {
      throw new Error("not yet")
    })
    assert.include(String(Result.getOrThrow(Result.flip(JsonSchemas.ofSchema(broken)))), "not yet")
  })
})
