import { assert, describe, it } from "@effect/vitest"
import { type JsonSchema, Result, Schema } from "effect"
import { AnthropicStructuredOutput, OpenAiStructuredOutput, Tool } from "effect/ai"

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

describe("what strict mode cannot express", () => {
  const strict = JsonSchemas.strictOr(OpenAiStructuredOutput.toCodecOpenAI)
  const only = JsonSchemas.strictOnly(AnthropicStructuredOutput.toCodecAnthropic)
  interface Tree {
    readonly kids: ReadonlyArray<Tree>
  }
  const Tree: Schema.Codec<Tree> = Schema.Struct({ kids: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)) })
  const deep = (levels: number): Schema.Codec<unknown> =>
    levels === 0 ? Schema.String : (Schema.Struct({ a: deep(levels - 1) }) as never)

  it("is told with its path", () => {
    const problem = (schema: JsonSchema.JsonSchema) => JsonSchemas.strictProblem(schema)
    const object = (properties: object) => ({
      type: "object",
      properties,
      required: Object.keys(properties),
      additionalProperties: false,
    })
    assert.isUndefined(problem(object({ a: { anyOf: [{ type: "string" }, { enum: [1] }] } })))
    assert.strictEqual(problem({}), "the root has no type")
    assert.strictEqual(problem(object({ a: object({ b: {} }) })), "a.b has no type")
    assert.strictEqual(
      problem(object({ a: { type: "array", items: { type: "object" } } })),
      "a[] allows any properties",
    )
    assert.strictEqual(
      problem(object({ a: { ...object({ b: { type: "null" } }), required: [] } })),
      "a has optional properties",
    )
    assert.strictEqual(problem({ ...object({ a: { $ref: "#/$defs/A" } }), $defs: { A: {} } }), "$defs.A has no type")
  })

  it("is sent as it is to vendors that take it so", () => {
    assert.isTrue(JsonSchemas.isStrict(strict(Schema.Struct({ a: Schema.optionalKey(Schema.String) })).jsonSchema))
    assert.isFalse(JsonSchemas.isStrict(strict(Schema.Struct({ a: Schema.Unknown })).jsonSchema))
    assert.isFalse(JsonSchemas.isStrict(strict(deep(12)).jsonSchema))
    assert.deepInclude(strict(Schema.Struct({})).jsonSchema, { type: "object", additionalProperties: false })
    assert.throws(() => strict(Schema.Array(Schema.String)), "the vendor wants an object at the root")
  })

  it("is refused where the vendor takes nothing else", () => {
    assert.throws(() => only(Schema.Struct({ t: Tree })), "t.kids[] is recursive")
    assert.throws(() => only(Schema.Struct({ a: Schema.Struct({ b: Schema.Json }) })), "a.b has no type")
    assert.isTrue(JsonSchemas.isStrict(only(Schema.Struct({ a: Schema.Date })).jsonSchema))
  })
})
