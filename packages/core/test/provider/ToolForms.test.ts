import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { OpenAiStructuredOutput, Prompt, Tool } from "effect/ai"

import { Refusals } from "../../src/provider/Refusals.ts"
import * as ToolForms from "../../src/provider/ToolForms.ts"

const Weather = Tool.make("weather", {
  description: "The weather",
  parameters: Schema.Struct({ city: Schema.String, day: Schema.optionalKey(Schema.DateFromString) }),
})
const Plain = Tool.make("plain")
const Raw = Tool.dynamic("raw", { description: "d", parameters: { type: "object", properties: { a: {} } } })
const Hosted = Tool.providerDefined({
  id: "acme.search",
  customName: "Search",
  providerName: "search",
  args: Schema.Struct({}),
  parameters: Schema.Struct({}),
})({})

const forms = ToolForms.make(OpenAiStructuredOutput.toCodecOpenAI)
const refusals = () => new Refusals("acme", "acme-1")

const call = (name: string, params: unknown, providerExecuted = false) =>
  ({ type: "tool-call", id: "c", name, params, ...(providerExecuted && { providerExecuted }) }) as const

describe("a tool as a function", () => {
  it("is strict in the vendor's subset by default", () => {
    const described = forms.describe(Weather, undefined, refusals())
    assert.deepInclude(described, { name: "weather", description: "The weather", strict: true })
    assert.deepStrictEqual(described.parameters["required"], ["city", "day"])
    assert.deepStrictEqual(forms.describe(Weather, undefined, refusals()), described)
  })

  it("has the schema as the caller wrote it where strict mode is off", () => {
    const described = forms.describe(Weather, false, refusals())
    assert.isFalse(described.strict)
    assert.deepStrictEqual(described.parameters["required"], ["city"])
  })

  it("has its own word on strictness", () => {
    const loose = Weather.annotate(Tool.Strict, false)
    assert.isFalse(forms.describe(loose, true, refusals()).strict)
  })

  it("always has properties", () => {
    assert.deepInclude(forms.describe(Plain, false, refusals()).parameters, { properties: {} })
  })

  it("that brings a JSON schema of its own keeps it, and is not strict", () => {
    const described = forms.describe(Raw, true, refusals())
    assert.deepInclude(described, { strict: false })
    assert.deepStrictEqual(described.parameters, { type: "object", properties: { a: {} } })
  })

  it.effect("that the vendor's subset cannot express is refused by name", () =>
    Effect.gen(function* () {
      const impossible = ToolForms.make(() => {
        throw new Error("recursive")
      })
      const collected = refusals()
      assert.deepStrictEqual(impossible.describe(Weather, true, collected).parameters, {})
      assert.include((yield* Effect.flip(collected.check("body"))).message, 'tool "weather": recursive')
      const left = call("weather", { city: "Oslo" })
      assert.strictEqual(yield* impossible.canonical([Weather], true)(left), left)
    }),
  )
})

describe("the arguments of a call", () => {
  const canonical = forms.canonical([Weather, Plain, Raw], undefined)

  it.effect("come back in the form of the tool's own schema", () =>
    Effect.gen(function* () {
      const part = yield* canonical(call("weather", { city: "Oslo", day: null }))
      assert.deepStrictEqual(part.params, { city: "Oslo" })
      const dated = yield* canonical(call("weather", { city: "Oslo", day: "2030-01-02T00:00:00.000Z" }))
      assert.deepStrictEqual(dated.params, { city: "Oslo", day: "2030-01-02T00:00:00.000Z" })
    }),
  )

  it.effect("are left as they are where there is nothing to do, or they do not fit", () =>
    Effect.gen(function* () {
      const left = [
        call("weather", { city: 7 }),
        call("weather", { city: "Oslo", day: null }, true),
        call("raw", { a: null }),
        call("unknown", { a: null }),
        { type: "text", text: "a" } as const,
      ]
      for (const part of left) assert.strictEqual(yield* canonical(part), part)
      const loose = call("weather", { city: "Oslo", day: null })
      assert.strictEqual(yield* forms.canonical([Weather], false)(loose), loose)
    }),
  )
})

describe("the choice of a tool", () => {
  const cases = [
    ["auto", { mode: "auto" }],
    ["none", { mode: "none" }],
    ["required", { mode: "required" }],
    [{ tool: "weather" }, { tool: "weather" }],
    [{ oneOf: ["weather"] }, { mode: "auto" }],
    [{ mode: "required", oneOf: ["weather"] }, { mode: "required" }],
    [undefined, { mode: "auto" }],
  ] as const

  it.each(cases)("%o is %o", (choice, expected) => {
    assert.deepStrictEqual(ToolForms.choiceOf(choice), expected)
  })
})

describe("a provider's own tools", () => {
  it("are found by the provider's names", () => {
    assert.deepStrictEqual([...ToolForms.providerTools([Weather, Hosted]).keys()], ["search"])
  })
})

describe("the result of a tool", () => {
  const told = (result: unknown, isFailure = false) =>
    ToolForms.resultText(Prompt.toolResultPart({ id: "c", name: "n", result, isFailure, options: {} } as never))

  it("is read as text", () => {
    assert.strictEqual(told("plain"), "plain")
    assert.strictEqual(told({ a: 1 }), '{"a":1}')
    assert.strictEqual(told(undefined), "null")
  })

  it("says when it is a failure", () => {
    assert.strictEqual(told("down", true), '{"error":"down"}')
    assert.strictEqual(told(undefined, true), '{"error":null}')
  })
})
