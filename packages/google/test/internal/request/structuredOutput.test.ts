import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

import { subset, toCodecGoogle } from "../../../src/internal/request/structuredOutput.ts"

describe("schemas", () => {
  it("keep what Gemini reads", () => {
    const schema = Schema.Struct({
      name: Schema.String.check(Schema.isMinLength(1), Schema.isPattern(/x/)),
      days: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 }))),
      kind: Schema.Literals(["a", "b"]),
      pair: Schema.Tuple([Schema.String, Schema.Boolean]),
      counts: Schema.Record(Schema.String, Schema.String),
      maybe: Schema.NullOr(Schema.Array(Schema.String)),
    })
    assert.deepStrictEqual(toCodecGoogle(schema).jsonSchema, {
      type: "object",
      properties: {
        name: { type: "string" },
        days: { type: "integer", minimum: 1, maximum: 5 },
        kind: { type: "string", enum: ["a", "b"] },
        pair: {
          type: "array",
          prefixItems: [{ type: "string" }, { type: "boolean" }],
          maxItems: 2,
          minItems: 2,
        },
        counts: { type: "object", additionalProperties: { type: "string" } },
        maybe: { anyOf: [{ type: "array", items: { type: "string" } }, { type: "null" }] },
      },
      required: ["name", "kind", "pair", "counts", "maybe"],
    })
  })

  it("may refer to themselves", () => {
    interface Tree {
      readonly kids?: ReadonlyArray<Tree>
    }
    const Tree = Schema.Struct({
      kids: Schema.optionalKey(Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))),
    }).annotate({ identifier: "Tree" })
    const { jsonSchema } = toCodecGoogle(Tree)
    assert.deepStrictEqual(jsonSchema, {
      type: "object",
      properties: { kids: { type: "array", items: { $ref: "#/$defs/Tree" } } },
      $defs: { Tree: { type: "object", properties: { kids: { type: "array", items: { $ref: "#/$defs/Tree" } } } } },
    })
  })

  it("lose what Gemini does not read", () => {
    assert.deepStrictEqual(
      subset({
        type: "string",
        allOf: [{ minLength: 1, description: "inner" }, { type: "number", format: "date" }, true as never],
        description: "outer",
        pattern: "x",
        default: 1,
        not: {},
      }),
      { type: "string", format: "date", description: "outer" },
    )
    assert.deepStrictEqual(
      subset({ $ref: "#/$defs/A", description: "x", $defs: { A: { pattern: "x", type: "string" } } }),
      {
        $ref: "#/$defs/A",
        $defs: { A: { type: "string" } },
      },
    )
    assert.deepStrictEqual(subset({ additionalProperties: false, items: { pattern: "x" }, anyOf: "odd" }), {
      additionalProperties: false,
      items: {},
    })
    assert.deepStrictEqual(subset({ properties: "odd", items: true }), { properties: {}, items: true })
  })

  it.effect("decode what came by the whole schema", () =>
    Effect.gen(function* () {
      const schema = Schema.Struct({ at: Schema.DateFromString, name: Schema.String.check(Schema.isMinLength(3)) })
      const { codec } = toCodecGoogle(schema)
      const decode = Schema.decodeEffect(Schema.fromJsonString(codec))
      assert.deepStrictEqual(yield* decode('{"at":"2026-01-01T00:00:00.000Z","name":"abc"}'), {
        at: new Date("2026-01-01"),
        name: "abc",
      })
      yield* Effect.flip(decode('{"at":"2026-01-01T00:00:00.000Z","name":"a"}'))
    }),
  )
})
