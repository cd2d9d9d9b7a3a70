/**
 * The caller's tools: their schemas in the vendor's subset of JSON Schema, and the way back for their arguments.
 *
 * @since 0.1.0
 */
import { Effect, type JsonSchema, Predicate, Result, Schema } from "effect"
import { type LanguageModel, type Prompt, type Response, Tool } from "effect/ai"

import * as JsonSchemas from "./JsonSchemas.ts"
import { type Refusals } from "./Refusals.ts"

/**
 * A tool as the vendors' APIs describe a function.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionTool {
  readonly name: string
  readonly description: string | undefined
  readonly parameters: Record<string, unknown>
  readonly strict: boolean
}

type Codec = Schema.Codec<unknown, unknown>

interface Form {
  readonly codec: Codec
  readonly jsonSchema: JsonSchema.JsonSchema
}

/**
 * The two directions of a tool's schema: what is described to the model is what its arguments are decoded with.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolForms {
  /**
   * Describes a tool as a function. It is strict if it says so or all are to be, and by default where strict mode can hold
   * a model to its schema.
   */
  readonly describe: (tool: Tool.Any, strictTools: boolean | undefined, refusals: Refusals) => FunctionTool
  /**
   * Puts the arguments of a tool call into the JSON that the tool's own schema has. Strict tools are sent with another
   * one. Arguments that fit neither are left as they are, for `effect/ai` to say what is wrong.
   */
  readonly canonical: (
    tools: ReadonlyArray<Tool.Any>,
    strictTools: boolean | undefined,
  ) => <Part extends Response.PartEncoded | Response.StreamPartEncoded>(part: Part) => Effect.Effect<Part>
}

/**
 * The forms of tools for a vendor's subset of JSON Schema. `problemOf` says why the vendor cannot take a schema in that
 * subset; OpenAI's rules for strict mode if left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  transform: LanguageModel.CodecTransformer,
  problemOf: (schema: JsonSchema.JsonSchema) => string | undefined = JsonSchemas.strictProblem,
): ToolForms => {
  const strictForm = JsonSchemas.memoize((tool: Tool.Any) => Result.try(() => strictFormOf(tool, transform, problemOf)))
  const isStrict = (tool: Tool.Any, strictTools: boolean | undefined): boolean =>
    !isRaw(tool) && (wish(tool, strictTools) ?? Result.isSuccess(strictForm(tool)))
  const formOf = (tool: Tool.Any, strictTools: boolean | undefined) =>
    isStrict(tool, strictTools) ? strictForm(tool) : laxForm(tool)

  return {
    describe: (tool, strictTools, refusals) => {
      const schema = isRaw(tool)
        ? JsonSchemas.ofTool(tool)
        : Result.map(formOf(tool, strictTools), ({ jsonSchema }) => jsonSchema)
      if (Result.isFailure(schema)) refusals.schema(tool.name, schema.failure)
      const parameters: JsonSchema.JsonSchema = Result.getOrElse(schema, () => ({}))
      if (!isRaw(tool) && Result.isSuccess(schema) && parameters["type"] !== "object")
        refusals.schema(tool.name, rootless)
      return {
        name: tool.name,
        description: Tool.getDescription(tool),
        parameters: withProperties(parameters),
        strict: isRaw(tool) ? (Tool.getStrictMode(tool) ?? false) : isStrict(tool, strictTools),
      }
    },
    canonical: (tools, strictTools) => (part) => {
      if (part.type !== "tool-call" || part.providerExecuted === true) return Effect.succeed(part)
      const tool = tools.find(({ name }) => name === part.name)
      if (tool === undefined || isRaw(tool)) return Effect.succeed(part)
      const form = formOf(tool, strictTools)
      const json = JsonSchemas.jsonCodec(tool.parametersSchema as unknown as Codec) as Codec
      if (Result.isFailure(form) || Object.is(form.success.codec, json)) return Effect.succeed(part)
      return Schema.decodeUnknownEffect(form.success.codec)(part.params).pipe(
        Effect.flatMap(Schema.encodeEffect(json)),
        Effect.match({ onSuccess: (params) => ({ ...part, params }), onFailure: () => part }),
      )
    },
  }
}

// No vendor takes another root.
const rootless = new Error("its parameters must be one object, not a union of several")

const laxForm = JsonSchemas.memoize((tool: Tool.Any) =>
  Result.try(() => JsonSchemas.asWritten(tool.parametersSchema as unknown as Codec) as Form),
)

const strictFormOf = (
  tool: Tool.Any,
  transform: LanguageModel.CodecTransformer,
  problemOf: (schema: JsonSchema.JsonSchema) => string | undefined,
): Form => {
  const schema = tool.parametersSchema as unknown as Codec
  const plain = JsonSchemas.asWritten(schema) as Form
  // A tool without parameters.
  if (JsonSchemas.isStrict(plain.jsonSchema)) return plain
  const form = transform(schema) as Form
  const problem = problemOf(form.jsonSchema)
  if (problem !== undefined) throw new Error(`${problem}, which strict mode does not take; make the tool lax`)
  return form
}

// `Record(String, Never)`, which is what a tool without parameters has, comes without `properties`.
const withProperties = (parameters: JsonSchema.JsonSchema): JsonSchema.JsonSchema =>
  parameters["type"] === "object" && !("properties" in parameters) ? { ...parameters, properties: {} } : parameters

// A dynamic tool whose parameters are a JSON schema, which we neither may nor can rewrite.
const isRaw = (tool: Tool.Any): boolean => Tool.isDynamic(tool) && Predicate.isNotUndefined(tool.jsonSchema)

const wish = (tool: Tool.Any, strictTools: boolean | undefined): boolean | undefined =>
  Tool.getStrictMode(tool) ?? strictTools

/**
 * Which tools the model may or must call: one by its name, or a mode.
 *
 * @since 0.1.0
 * @category models
 */
export type Choice = { readonly mode: "auto" | "none" | "required" } | { readonly tool: string }

/**
 * The tool choice without its `oneOf`: `effect/ai` has already left out the tools that are not among them.
 *
 * @since 0.1.0
 * @category conversions
 */
export const choiceOf = (choice: unknown): Choice => {
  if (choice === "none" || choice === "required") return { mode: choice }
  if (Predicate.hasProperty(choice, "tool") && Predicate.isString(choice.tool)) return { tool: choice.tool }
  return { mode: Predicate.hasProperty(choice, "mode") && choice.mode === "required" ? "required" : "auto" }
}

/**
 * Which of the provider's own tools the caller declared, by the provider's names.
 *
 * @since 0.1.0
 * @category conversions
 */
export const providerTools = (tools: ReadonlyArray<Tool.Any>): ReadonlyMap<string, Tool.AnyProviderDefined> =>
  new Map(
    tools.flatMap((tool) =>
      Tool.isProviderDefined(tool) ? [[tool.providerName, tool as Tool.AnyProviderDefined] as const] : [],
    ),
  )

/**
 * A tool's result as the text that the model reads. The APIs know no failed results, so a failure says that it is one.
 *
 * @since 0.1.0
 * @category conversions
 */
export const resultText = (part: Prompt.ToolResultPart): string => {
  if (part.isFailure) return JSON.stringify({ error: part.result ?? null })
  if (typeof part.result === "string") return part.result
  return JSON.stringify(part.result) ?? "null"
}
