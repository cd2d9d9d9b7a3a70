/**
 * JSON schemas of tools and answers, each made once: making one costs far more than a request does, and a program has few.
 *
 * @since 0.1.0
 */
import { type JsonSchema, Result, type Schema } from "effect"
import { Tool } from "effect/ai"

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
