/**
 * Schemas in the subset of JSON Schema that Gemini reads.
 *
 * The subset has optional properties, tuples, records, references and unions, so that answers come in the very form that
 * a schema has when it is encoded. What it lacks are constraints, which are still checked when an answer is decoded.
 */
import { list, record } from "@holdfast/core/provider/Json"
import { asWritten } from "@holdfast/core/provider/JsonSchemas"
import { type JsonSchema } from "effect"
import { type LanguageModel } from "effect/ai"

/** A schema and its JSON Schema for Gemini. */
export const toCodecGoogle: LanguageModel.CodecTransformer = (schema) => {
  const { codec, jsonSchema } = asWritten(schema)
  return { codec, jsonSchema: subset(jsonSchema) }
}

// https://ai.google.dev/api/generate-content#FIELDS.response_json_schema
const kept = new Set([
  "$id",
  "$anchor",
  "type",
  "format",
  "title",
  "description",
  "enum",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
  "required",
  "propertyOrdering",
])
const ofSchemas = new Set(["properties", "$defs"])
const lists = new Set(["anyOf", "oneOf", "prefixItems"])

/** Leaves out what Gemini does not read. */
export const subset = (schema: JsonSchema.JsonSchema): JsonSchema.JsonSchema => {
  // Beside a reference nothing may stand.
  if ("$ref" in schema) {
    return pick(schema, (name) => name.startsWith("$"))
  }
  const out: Record<string, unknown> = {}
  for (const part of allOf(schema)) Object.assign(out, { ...subset(part), ...out })
  for (const [name, value] of Object.entries(schema)) {
    const readable = keep(name, value)
    if (readable !== undefined) out[name] = readable
  }
  return out
}

const keep = (name: string, value: unknown): unknown => {
  if (kept.has(name)) return value
  if (ofSchemas.has(name)) return mapped(value)
  if (lists.has(name)) return Array.isArray(value) ? value.map(schemaOf) : undefined
  if (name === "items") return schemaOf(value)
  // Other properties are allowed unless said otherwise.
  return name === "additionalProperties" && value !== true ? schemaOf(value) : undefined
}

const schemaOf = (value: unknown): unknown => {
  const schema = record(value)
  return schema === undefined ? value : subset(schema)
}

const mapped = (value: unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record(value) ?? {}).map(([name, schema]) => [name, schemaOf(schema)]))

const allOf = (schema: JsonSchema.JsonSchema): ReadonlyArray<JsonSchema.JsonSchema> => {
  const parts = list(schema, "allOf")
  return parts.flatMap((part) => record(part) ?? []) as ReadonlyArray<JsonSchema.JsonSchema>
}

const pick = (schema: JsonSchema.JsonSchema, isKept: (name: string) => boolean): JsonSchema.JsonSchema =>
  Object.fromEntries(
    Object.entries(schema).flatMap(([name, value]) =>
      isKept(name) ? [[name, name === "$defs" ? mapped(value) : value] as const] : [],
    ),
  )
