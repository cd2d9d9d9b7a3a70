/**
 * Arguments of calls in the form that `effect/ai` decodes.
 *
 * They come as JSON, and pass through policies and stores as such. `effect/ai` decodes them with the schema of the tool,
 * of which a date's encoded form is a date. So they are put into that form at the very end.
 */
import { Effect, Schema, Stream } from "effect"
import { type LanguageModel, type Response, Tool } from "effect/ai"

import { jsonCodec, memoize } from "../../provider/JsonSchemas.ts"
import { type Part } from "../call/types.ts"

type Options = LanguageModel.ProviderOptions
type Codec = Schema.Codec<unknown, unknown>

/** From JSON to what the tool's schema has as its encoded form; nothing where both are the same. */
const fromJson = memoize((tool: Tool.Any) => {
  if (Tool.isDynamic(tool) && tool.jsonSchema !== undefined) return undefined
  const schema = tool.parametersSchema as unknown as Codec
  const json = jsonCodec(schema) as Codec
  if (json.ast === schema.ast) return undefined
  return (params: unknown) => Effect.flatMap(Schema.decodeUnknownEffect(json)(params), Schema.encodeEffect(schema))
})

type Converter = NonNullable<ReturnType<typeof fromJson>>

const nothing: ReadonlyMap<string, Converter> = new Map()

const converters = ({ toolCallValidation, tools }: Options): ReadonlyMap<string, Converter> => {
  // Calls that nobody decodes stay as they are.
  if (tools.length === 0 || toolCallValidation === "deferred") return nothing
  return new Map(
    tools.flatMap((tool) => {
      const convert = fromJson(tool)
      return convert === undefined ? [] : [[tool.name, convert] as const]
    }),
  )
}

const isCall = (part: Part<"chat">): part is Response.ToolCallPartEncoded => part.type === "tool-call"

const converted = (part: Part<"chat">, known: ReadonlyMap<string, Converter>): Effect.Effect<Part<"chat">> => {
  const convert = isCall(part) && part.providerExecuted !== true ? known.get(part.name) : undefined
  if (!isCall(part) || convert === undefined) return Effect.succeed(part)
  // `effect/ai` says what is wrong with what does not fit.
  return Effect.match(convert(part.params), {
    onSuccess: (params) => Object.assign({}, part, { params }),
    onFailure: () => part,
  })
}

/** All parts of an answer. */
export const inDeclaredForm = <E, R>(
  answer: Effect.Effect<ReadonlyArray<Part<"chat">>, E, R>,
  options: Options,
): Effect.Effect<ReadonlyArray<Part<"chat">>, E, R> => {
  const known = converters(options)
  if (known.size === 0) return answer
  return Effect.flatMap(answer, (parts) => Effect.forEach(parts, (part) => converted(part, known)))
}

/** The parts of a stream as they come. */
export const streamInDeclaredForm = <E, R>(
  parts: Stream.Stream<Part<"chat">, E, R>,
  options: Options,
): Stream.Stream<Part<"chat">, E, R> => {
  const known = converters(options)
  return known.size === 0 ? parts : Stream.mapEffect(parts, (part) => converted(part, known))
}
