/**
 * Structured answers, made the same whichever provider gave them.
 *
 * Each vendor takes its own subset of JSON Schema and answers in the shape of that subset. `effect/ai` decodes with the
 * schema as the caller wrote it. So the answer is decoded here with the vendor's codec, inside the attempt that paid for
 * it, and its text replaced by the canonical encoding.
 */
import { Cause, Effect, type JsonSchema, Schema } from "effect"
import { AiError, type LanguageModel, type Response } from "effect/ai"

import { memoize } from "../../provider/JsonSchemas.ts"

type Format = LanguageModel.ProviderOptions["responseFormat"]
type Json = Extract<Format, { readonly type: "json" }>
type Codec = Schema.Codec<unknown, unknown>

const formsOf = memoize((transform: LanguageModel.CodecTransformer) =>
  memoize((schema: Json["schema"]) => transform(schema as unknown as Codec)),
)

const forms = (transform: LanguageModel.CodecTransformer, { schema }: Json) => formsOf(transform)(schema)

/** The JSON schema to send, or nothing for a plain answer. */
export const requestSchema = (
  transform: LanguageModel.CodecTransformer,
  format: Format,
): Effect.Effect<JsonSchema.JsonSchema | undefined, AiError.AiError> =>
  format.type === "text"
    ? Effect.succeed(undefined)
    : Effect.try({
        try: () => forms(transform, format).jsonSchema,
        catch: (cause) => unsupported(cause instanceof Error ? cause.message : String(cause)),
      })

/** The answer with its text in canonical form. Answers that only call tools pass unchanged. */
export const canonical = (
  provider: string,
  transform: LanguageModel.CodecTransformer,
  format: Format,
  parts: Array<Response.PartEncoded>,
): Effect.Effect<Array<Response.PartEncoded>, AiError.AiError> => {
  if (format.type === "text") return Effect.succeed(parts)
  const text = textOf(parts)
  if (text === "" && parts.some((part) => part.type === "tool-call")) return Effect.succeed(parts)
  return Effect.mapBoth(recode(transform, format, text), {
    onSuccess: (encoded) => withText(parts, encoded),
    onFailure: (error) => undecodable(provider, error, text, parts),
  })
}

const recode = (transform: LanguageModel.CodecTransformer, format: Json, text: string) => {
  const schema = format.schema as unknown as Codec
  const { codec } = forms(transform, format)
  const decoded = Schema.decodeEffect(Schema.fromJsonString(codec))(text)
  // Where the vendor takes the schema as it is, so is its answer.
  return Object.is(codec, schema)
    ? Effect.as(decoded, text)
    : Effect.flatMap(decoded, (value) => encoded(schema, value, text))
}

/**
 * A value in canonical form. A schema that only decodes, or that needs for encoding what the caller has not, leaves the
 * text as it came, if that will do.
 */
export const encoded = (schema: Codec, value: unknown, text: string): Effect.Effect<string, Schema.SchemaError> =>
  Effect.catchCause(Schema.encodeEffect(Schema.fromJsonString(schema))(value), (cause) =>
    Cause.hasInterruptsOnly(cause)
      ? Effect.failCause(cause)
      : Effect.as(Schema.decodeEffect(Schema.fromJsonString(schema))(text), text),
  )

/** All text of an answer. */
export const textOf = (parts: ReadonlyArray<Response.PartEncoded>): string =>
  parts.map((part) => (part.type === "text" ? part.text : "")).join("")

/** The parts with all their text replaced. */
export const withText = (parts: ReadonlyArray<Response.PartEncoded>, text: string): Array<Response.PartEncoded> => {
  const first = parts.findIndex((part) => part.type === "text")
  return parts.flatMap((part, index): Array<Response.PartEncoded> => {
    if (part.type !== "text") return [part]
    return index === first ? [{ ...part, text }] : []
  })
}

const undecodable = (
  provider: string,
  error: Schema.SchemaError,
  responseText: string,
  parts: ReadonlyArray<Response.PartEncoded>,
): AiError.AiError => {
  const finish = parts.find((part) => part.type === "finish")
  const cut = finish?.reason === "length" ? " (the answer was cut at the token limit)" : ""
  const promptTokens = finish?.usage.inputTokens.total
  const completionTokens = finish?.usage.outputTokens.total
  return AiError.make({
    module: "holdfast",
    method: "generateObject",
    reason: new AiError.StructuredOutputError({
      description: `${error.message}${cut}`,
      responseText,
      usage: { promptTokens, completionTokens },
      metadata: { holdfast: { kind: "undecodable", provider, billed: true } },
    }),
  })
}

const unsupported = (description: string): AiError.AiError =>
  AiError.make({
    module: "holdfast",
    method: "generateObject",
    reason: new AiError.UnsupportedSchemaError({ description }),
  })
