/**
 * Structured answers, made the same whichever provider gave them.
 *
 * Each vendor takes its own subset of JSON Schema and answers in the shape of that subset. `effect/ai` decodes with the
 * schema as the caller wrote it. So the answer is decoded here with the vendor's codec, inside the attempt that paid for
 * it, and its text replaced by the canonical encoding.
 */
import { Cause, Effect, type JsonSchema, Schema } from "effect"
import { AiError, type LanguageModel, type Response } from "effect/ai"

import { jsonCodec, memoize } from "../../provider/JsonSchemas.ts"
import { type AmbiguousJson, jsonIn } from "./jsonIn.ts"

type Format = LanguageModel.ProviderOptions["responseFormat"]
type Json = Extract<Format, { readonly type: "json" }>
type Codec = Schema.Codec<unknown, unknown>

const formsOf = memoize((transform: LanguageModel.CodecTransformer) =>
  memoize((schema: Json["schema"]) => transform(schema as unknown as Codec)),
)

const forms = (transform: LanguageModel.CodecTransformer, { schema }: Json) => formsOf(transform)(schema)

/**
 * How the language model of a call decodes an answer: from its canonical encoding, which is JSON. Each provider tells the
 * model of the schema in its own way.
 */
export const canonicalTransformer: LanguageModel.CodecTransformer = (schema) => ({
  codec: jsonCodec(schema),
  jsonSchema: {},
})

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
  const schema = jsonCodec(format.schema as unknown as Codec) as Codec
  const { codec: vendors } = forms(transform, format)
  // A model that knows no other form answers in the canonical one.
  const codec = (Object.is(vendors, format.schema) ? schema : vendors) as Codec
  const decode = Schema.decodeEffect(Schema.fromJsonString(codec))
  return Effect.flatMap(jsonIn(text), (json) =>
    // Where the vendor takes the schema as it is, so is its answer.
    Object.is(codec, schema)
      ? Effect.as(decode(json), json)
      : Effect.flatMap(decode(json), (value) => encoded(schema, value, json)),
  )
}

/**
 * A value in canonical form. A schema that only decodes, or that needs for encoding what the caller has not, leaves the
 * text as it came, if that will do.
 */
export const encoded = (schema: Codec, value: unknown, text: string): Effect.Effect<string, Schema.SchemaError> => {
  const json = Schema.fromJsonString(jsonCodec(schema) as Codec)
  return Effect.catchCause(Schema.encodeEffect(json)(value), (cause) =>
    Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : Effect.as(Schema.decodeEffect(json)(text), text),
  )
}

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

const atLimit = " (the answer was cut at the token limit)"

/** Whether an answer does not fit because it was cut. */
export const isCut = ({ description }: AiError.StructuredOutputError): boolean => description.endsWith(atLimit)

const undecodable = (
  provider: string,
  error: Schema.SchemaError | AmbiguousJson,
  responseText: string,
  parts: ReadonlyArray<Response.PartEncoded>,
): AiError.AiError => {
  const finish = parts.find((part) => part.type === "finish")
  const cut = finish?.reason === "length" ? atLimit : ""
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
