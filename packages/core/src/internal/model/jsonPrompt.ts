/**
 * A prompt whose calls and results are JSON.
 *
 * `effect/ai` puts into a conversation what it decoded: a date is a date, and a big integer cannot even be written. What
 * goes to a model is what the model was told: the JSON of the tool's own schemas.
 */
import { Option, Predicate, Schema } from "effect"
import { Prompt, type Tool } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

import { jsonCodec, memoize } from "../../provider/JsonSchemas.ts"

type Codec = Schema.Codec<unknown, unknown>
type Encode = (value: unknown) => Option.Option<unknown>

const encoder = (schema: Schema.Constraint): Encode =>
  Schema.encodeUnknownOption(jsonCodec(schema as unknown as Codec) as Codec)

// Results come in the encoded form of their schema, calls in the decoded one.
const encoders = memoize((tool: Tool.Any) => ({
  params: encoder(tool.parametersSchema),
  success: encoder(Schema.toEncoded(tool.successSchema as unknown as Codec)),
  failure: encoder(Schema.toEncoded(tool.failureSchema as unknown as Codec)),
}))

/** The prompt, with what is no JSON put into it. Most of them are JSON as they are. */
export const jsonPrompt = (prompt: Prompt.Prompt, tools: ReadonlyArray<Tool.Any>): Prompt.Prompt =>
  prompt.content.some(hasForeign)
    ? Prompt.fromMessages(prompt.content.map((message) => (hasForeign(message) ? inJson(message, tools) : message)))
    : prompt

const hasForeign = (message: Prompt.Message): boolean =>
  (message.role === "assistant" || message.role === "tool") &&
  message.content.some((part) => !isJson(part.type === "tool-call" ? part.params : resultIn(part)))

const resultIn = (part: Prompt.AssistantMessagePart | Prompt.ToolMessagePart): unknown =>
  part.type === "tool-result" ? part.result : null

const inJson = (message: Prompt.Message, tools: ReadonlyArray<Tool.Any>): Prompt.Message =>
  message.role === "system"
    ? message
    : (Object.assign({}, message, {
        content: message.content.map((part) => partInJson(part, tools)),
      }) as Prompt.Message)

const partInJson = (part: Prompt.Part, tools: ReadonlyArray<Tool.Any>): Prompt.Part => {
  if (part.type !== "tool-call" && part.type !== "tool-result") return part
  const tool = tools.find(({ name }) => name === part.name)
  const known = tool === undefined || !Schema.isSchema(tool.parametersSchema) ? undefined : encoders(tool)
  if (part.type === "tool-call") return Object.assign({}, part, { params: jsonOf(part.params, known?.params) })
  return Object.assign({}, part, { result: jsonOf(part.result, part.isFailure ? known?.failure : known?.success) })
}

const jsonOf = (value: unknown, encode: Encode | undefined): unknown => {
  if (isJson(value)) return value
  const encoded = encode?.(value)
  return encoded !== undefined && Option.isSome(encoded) ? encoded.value : written(value)
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !Predicate.hasProperty(value, "toJSON")
}

const isJson = (value: unknown): boolean => {
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return false
  if (typeof value !== "object" || value === null) return true
  if (Array.isArray(value)) return value.every(isJson)
  return isPlain(value) && Object.values(value).every(isJson)
}

/** What JSON has no word for, as near as it can be said. */
const written = (value: unknown): unknown => {
  if (typeof value === "bigint" || typeof value === "symbol") return String(value)
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(written)
  if (value instanceof Uint8Array) return Base64.encode(value)
  if (value instanceof Map || value instanceof Set) return [...value].map(written)
  // Dates, links and the like say themselves what they are.
  if (Predicate.hasProperty(value, "toJSON")) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, written(item)]))
}
