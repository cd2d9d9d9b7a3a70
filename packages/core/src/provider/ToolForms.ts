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

interface Strict {
  readonly codec: Codec
  readonly jsonSchema: JsonSchema.JsonSchema
}

/**
 * The two directions of a vendor's strict mode, in which arguments always fit the schema that was sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolForms {
  /** Describes a tool as a function, strict or not. */
  readonly describe: (tool: Tool.Any, strictTools: boolean | undefined, refusals: Refusals) => FunctionTool
  /**
   * Puts the arguments of a tool call into the form that the tool's own schema has when it is encoded. Strict tools are
   * sent with another one. Arguments that fit neither are left as they are, for `effect/ai` to say what is wrong.
   */
  readonly canonical: (
    tools: ReadonlyArray<Tool.Any>,
    strictTools: boolean | undefined,
  ) => <Part extends Response.PartEncoded | Response.StreamPartEncoded>(part: Part) => Effect.Effect<Part>
}

/**
 * The forms of tools for a vendor's subset of JSON Schema.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (transform: LanguageModel.CodecTransformer): ToolForms => {
  const strictForm = JsonSchemas.memoize((tool: Tool.Any) =>
    Result.try((): Strict => transform(tool.parametersSchema as unknown as Codec) as Strict),
  )

  return {
    describe: (tool, strictTools, refusals) => {
      const strict = isStrict(tool, strictTools)
      const schema =
        strict && !isRaw(tool) ? Result.map(strictForm(tool), ({ jsonSchema }) => jsonSchema) : JsonSchemas.ofTool(tool)
      if (Result.isFailure(schema)) refusals.schema(tool.name, schema.failure)
      const parameters: JsonSchema.JsonSchema = Result.getOrElse(schema, () => ({}))
      return {
        name: tool.name,
        description: Tool.getDescription(tool),
        parameters: withProperties(parameters),
        strict,
      }
    },
    canonical: (tools, strictTools) => (part) => {
      if (part.type !== "tool-call" || part.providerExecuted === true) return Effect.succeed(part)
      const tool = tools.find(({ name }) => name === part.name)
      if (tool === undefined || isRaw(tool) || !isStrict(tool, strictTools)) return Effect.succeed(part)
      const form = strictForm(tool)
      if (Result.isFailure(form)) return Effect.succeed(part)
      return Schema.decodeUnknownEffect(form.success.codec)(part.params).pipe(
        Effect.flatMap(Schema.encodeEffect(tool.parametersSchema as unknown as Codec)),
        Effect.match({ onSuccess: (params) => ({ ...part, params }), onFailure: () => part }),
      )
    },
  }
}

// `Record(String, Never)`, which is what a tool without parameters has, comes without `properties`.
const withProperties = (parameters: JsonSchema.JsonSchema): JsonSchema.JsonSchema =>
  parameters["type"] === "object" && !("properties" in parameters) ? { ...parameters, properties: {} } : parameters

// A dynamic tool whose parameters are a JSON schema, which we neither may nor can rewrite.
const isRaw = (tool: Tool.Any): boolean => Tool.isDynamic(tool) && Predicate.isNotUndefined(tool.jsonSchema)

const isStrict = (tool: Tool.Any, strictTools: boolean | undefined): boolean =>
  Tool.getStrictMode(tool) ?? (isRaw(tool) ? false : (strictTools ?? true))

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
