/**
 * JSON schemas of tools and answers, each made once: making one costs far more than a request does, and a program has few.
 *
 * @since 0.1.0
 */
import { type JsonSchema, Predicate, Result, Schema } from "effect"
import { LanguageModel, Tool } from "effect/ai"

/**
 * A function that keeps its results for as long as what they were made of, such as a tool or a schema. What throws is
 * not kept.
 *
 * @since 0.1.0
 * @category combinators
 */
export const memoize = <Key extends object, A>(make: (key: Key) => A): ((key: Key) => A) => {
  const results = new WeakMap<Key, A>()
  return (key) => {
    const known = results.get(key)
    if (known !== undefined) return known
    const made = make(key)
    results.set(key, made)
    return made
  }
}

/**
 * The JSON schema of a tool's parameters, or why there is none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofTool: (tool: Tool.Any) => Result.Result<JsonSchema.JsonSchema, unknown> = memoize((tool) =>
  Result.try(() => Tool.getJsonSchema(tool)),
)

/**
 * The JSON schema of a schema, or why there is none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofSchema: (schema: Schema.Constraint) => Result.Result<JsonSchema.JsonSchema, unknown> = memoize(
  (schema) => Result.try(() => Tool.getJsonSchemaFromSchema(schema)),
)

const emptyObject: JsonSchema.JsonSchema = { type: "object", properties: {}, required: [], additionalProperties: false }

/** A struct without fields takes everything but nothing, which no vendor reads. */
const isEmptyStruct = (schema: object): boolean => {
  const { not, ...others } = schema as JsonSchema.JsonSchema
  return Object.keys(others).length === 0 && Predicate.isReadonlyObject(not) && not["type"] === "null"
}

const withEmptyObjects = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(withEmptyObjects)
  if (!Predicate.isReadonlyObject(schema)) return schema
  if (isEmptyStruct(schema)) return emptyObject
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, withEmptyObjects(value)]))
}

const canonical = memoize((schema: Schema.Constraint) => Schema.toCodecJson(schema as unknown as Schema.Codec<unknown>))

/**
 * The codec between values of a schema and their JSON: dates, big integers, maps and the like are told as JSON and come
 * back from it. This is the form in which answers and calls pass through policies, caches and stores.
 *
 * @since 0.1.0
 * @category conversions
 */
export const jsonCodec = <T, E, RD, RE>(
  schema: Schema.ConstraintCodec<T, E, RD, RE>,
): Schema.ConstraintCodec<T, unknown, RD, RE> => canonical(schema) as never

/**
 * A schema as it is, for vendors that take all of JSON Schema: what is described is what is decoded.
 *
 * @since 0.1.0
 * @category conversions
 */
export const asWritten: LanguageModel.CodecTransformer = (schema) => {
  const codec = jsonCodec(schema)
  const { jsonSchema } = LanguageModel.defaultCodecTransformer(codec)
  return { codec, jsonSchema: withEmptyObjects(jsonSchema) as JsonSchema.JsonSchema }
}

const mostLevels = 10

/**
 * Why strict mode cannot hold a model to a JSON schema, with the path of the first node that it cannot.
 *
 * **Details**
 *
 * OpenAI wants a type for each node, all properties of an object to be required and no others to be allowed, and at most
 * ten levels of them: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas. Anthropic's SDK has
 * the same word on types.
 *
 * @since 0.1.0
 * @category predicates
 */
export const strictProblem = (schema: JsonSchema.JsonSchema): string | undefined => problemIn(schema, mostLevels)

const problemIn = (schema: JsonSchema.JsonSchema, levels: number): string | undefined => {
  const definitions = Predicate.isReadonlyObject(schema["$defs"]) ? schema["$defs"] : {}
  const named = Object.entries(definitions).map(([name, definition]) => problemAt(definition, `$defs.${name}`, levels))
  return problemAt(schema, "", levels) ?? named.find(Predicate.isNotUndefined)
}

/** `levels` is how many more there may be. */
const problemAt = (schema: unknown, path: string, levels: number): string | undefined => {
  const where = path === "" ? "the root" : path
  if (!Predicate.isReadonlyObject(schema)) return `${where} has no schema`
  if (schema["$ref"] !== undefined) return undefined
  if (levels < 0) return `${where} is nested more than ${mostLevels} levels deep`
  const alternatives = Array.isArray(schema["anyOf"]) ? (schema["anyOf"] as ReadonlyArray<unknown>) : undefined
  if (alternatives !== undefined) {
    return alternatives.map((one) => problemAt(one, path, levels)).find(Predicate.isNotUndefined)
  }
  if (schema["enum"] !== undefined || schema["const"] !== undefined) return undefined
  if (schema["type"] === undefined) return `${where} has no type`
  if (schema["type"] === "array") return problemAt(schema["items"], `${path}[]`, levels - 1)
  return schema["type"] === "object" ? problemOfObject(schema, path, levels) : undefined
}

const problemOfObject = (
  schema: { readonly [name: string]: unknown },
  path: string,
  levels: number,
): string | undefined => {
  const where = path === "" ? "the root" : path
  const properties = Object.entries(Predicate.isReadonlyObject(schema["properties"]) ? schema["properties"] : {})
  const required = Array.isArray(schema["required"]) ? (schema["required"] as ReadonlyArray<unknown>) : []
  if (schema["additionalProperties"] !== false) return `${where} allows any properties`
  if (properties.some(([name]) => !required.includes(name))) return `${where} has optional properties`
  return properties
    .map(([name, property]) => problemAt(property, path === "" ? name : `${path}.${name}`, levels - 1))
    .find(Predicate.isNotUndefined)
}

/**
 * A vendor's form of a schema where strict mode can hold a model to it, and the schema as it is otherwise. Its root has to
 * be an object.
 *
 * @since 0.1.0
 * @category conversions
 */
export const strictOr =
  (strict: LanguageModel.CodecTransformer): LanguageModel.CodecTransformer =>
  (schema) => {
    const plain = asWritten(schema)
    if (plain.jsonSchema["type"] !== "object") {
      throw new Error("the vendor wants an object at the root; put the value into a field of a struct")
    }
    if (plain.jsonSchema["properties"] !== undefined && isStrict(plain.jsonSchema)) return plain
    const form = Result.try(() => strict(schema))
    return Result.isSuccess(form) && isStrict(form.success.jsonSchema) ? form.success : plain
  }

/**
 * Whether strict mode can hold a model to a JSON schema.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isStrict = (schema: JsonSchema.JsonSchema): boolean => strictProblem(schema) === undefined

/**
 * A vendor's form of a schema, or an error with the path of what strict mode cannot express.
 *
 * @since 0.1.0
 * @category conversions
 */
export const strictOnly =
  (strict: LanguageModel.CodecTransformer): LanguageModel.CodecTransformer =>
  (schema) => {
    const plain = asWritten(schema)
    const cycle = cycleIn(plain.jsonSchema)
    if (cycle !== undefined) throw new Error(`${cycle} is recursive, which the vendor does not take`)
    if (isStrict(plain.jsonSchema)) return plain
    const form = strict(schema)
    // How deep a schema may be is a rule of OpenAI's alone.
    const problem = problemIn(form.jsonSchema, Infinity)
    if (problem !== undefined) throw new Error(`${problem}, which the vendor does not take; describe it in full`)
    return form
  }

/** The path of the first reference to what it stands in. */
const cycleIn = (schema: JsonSchema.JsonSchema): string | undefined => {
  const definitions = Predicate.isReadonlyObject(schema["$defs"]) ? schema["$defs"] : {}
  const visit = (node: unknown, path: string, open: ReadonlyArray<string>): string | undefined => {
    if (Array.isArray(node)) return node.map((one) => visit(one, path, open)).find(Predicate.isNotUndefined)
    if (!Predicate.isReadonlyObject(node)) return undefined
    const reference = node["$ref"]
    if (typeof reference === "string") {
      const name = reference.replace(/^#\/\$defs\//, "")
      if (open.includes(name) || reference === "#") return path === "" ? "the root" : path
      return visit(definitions[name], path, [...open, name])
    }
    return Object.entries(node)
      .map(([key, value]) =>
        key === "properties" && Predicate.isReadonlyObject(value)
          ? Object.entries(value)
              .map(([name, property]) => visit(property, path === "" ? name : `${path}.${name}`, open))
              .find(Predicate.isNotUndefined)
          : key === "$defs"
            ? undefined
            : visit(value, key === "items" ? `${path}[]` : path, open),
      )
      .find(Predicate.isNotUndefined)
  }
  return visit(schema, "", [])
}
