import { assert } from "@effect/vitest"
import { field, list, record } from "@holdfast/core/provider/Json"
import { Effect, Predicate, Result, Schema } from "effect"
import { LanguageModel } from "effect/ai"

import * as Reply from "../../Reply.ts"
import { type Check, check, meaningOf } from "./trial.ts"
import { type Wire, wireOf } from "./wire.ts"

const Place = Schema.Struct({
  city: Schema.String,
  founded: Schema.DateFromString,
  nickname: Schema.optionalKey(Schema.String),
  mayor: Schema.optionalKey(Schema.String),
  districts: Schema.Record(Schema.String, Schema.Int),
  kind: Schema.Literals(["capital", "town"]),
  neighbours: Schema.Array(Schema.Struct({ name: Schema.String, distance: Schema.NullOr(Schema.Number) })),
})

const oslo: typeof Place.Type = {
  city: "Oslo",
  founded: new Date("1048-01-01T00:00:00.000Z"),
  nickname: "Tiger City",
  districts: { Frogner: 59_000, Grünerløkka: 62_000 },
  kind: "capital",
  neighbours: [
    { name: "Bærum", distance: 15.5 },
    { name: "Asker", distance: null },
  ],
}

const encoded = {
  ...oslo,
  founded: "1048-01-01T00:00:00.000Z",
}

/**
 * What a model writes that is held to a schema: what the schema requires is there, if only as `null`, and records are
 * lists of entries where the vendor knows no others.
 */
const fitted = (value: unknown, schema: unknown, root: unknown): unknown => {
  const branch = branchFor(schema, root)
  if (Array.isArray(value)) return value.map((item) => fitted(item, field(branch, "items"), root))
  if (!Predicate.isReadonlyObject(value)) return value === undefined ? null : value
  if (field(branch, "type") === "array") return entries(value, field(branch, "items"), root)
  const properties = record(field(branch, "properties"))
  if (properties === undefined) return value
  const required = list(branch, "required")
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) =>
      value[name] === undefined && !required.includes(name) ? [] : [[name, fitted(value[name], property, root)]],
    ),
  )
}

const entries = (value: { readonly [key: string]: unknown }, item: unknown, root: unknown): unknown =>
  Object.entries(value).map((entry) =>
    field(branchFor(item, root), "type") === "array" ? entry : { "0": entry[0], "1": entry[1] },
  )

/** The schema itself, or its alternative that is not null. */
const branchFor = (schema: unknown, root: unknown): unknown => {
  const reference = field(schema, "$ref")
  if (Predicate.isString(reference)) {
    const path = reference.split("/").slice(1)
    return branchFor(
      path.reduce<unknown>((found, step) => field(found, step), root),
      root,
    )
  }
  const alternatives = [...list(schema, "anyOf"), ...list(schema, "oneOf")]
  return alternatives.find((alternative) => field(alternative, "type") !== "null") ?? schema
}

/** The schema that the prompt tells, where the API has no other place for it. */
const schemaInPrompt = (body: unknown, wire: Wire): unknown => {
  const told = [wire.system(body), ...wire.turns(body).map(([, text]) => text)].join("\n")
  const json = told.slice(told.indexOf("{"), told.lastIndexOf("}") + 1)
  return Result.getOrUndefined(Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))(json))
}

const ask = LanguageModel.generateObject({ prompt: "Tell me about Oslo", schema: Place, objectName: "place" })

const decodes = check("decodes a structured answer with optional keys, dates and records", (trial) =>
  Effect.gen(function* () {
    const wire = wireOf(trial.dialect)
    yield* trial.emulator.respond(trial.dialect, ({ body }) => {
      const schema = wire.schema(body) ?? schemaInPrompt(body, wire)
      return Reply.json(fitted(encoded, schema, schema))
    })
    const { value } = yield* trial.run(ask)
    assert.deepStrictEqual(value, oslo)
    const [body] = yield* trial.bodies
    assert.strictEqual(wire.schema(body) !== undefined, trial.capabilities.jsonSchema)
  }),
)

const misfit = check("says when a structured answer does not fit, with what it cost", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(
      Reply.json({ city: 3 }, { usage: { input: 10, output: 5 } }),
      Reply.text('{"city":"Os', { finish: "length" }),
    )
    for (const _ of [1, 2]) {
      const error = yield* Effect.flip(trial.run(ask))
      assert.deepStrictEqual(meaningOf(error), ["StructuredOutputError", "undecodable"])
    }
    assert.lengthOf(yield* trial.bodies, 2)
  }),
)

/** Structured answers. */
export const structured: ReadonlyArray<Check> = [decodes, misfit]
