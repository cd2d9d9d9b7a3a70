/**
 * A language model of somebody else, taken apart into the two functions of a provider.
 *
 * Its own tool resolution is switched off, so that no policy ever runs a handler twice; the tools are resolved once, above
 * the policies.
 */
import { Effect, Schema, Stream } from "effect"
import { AiError, type LanguageModel, Response, Telemetry, type Tool, type Toolkit } from "effect/ai"

import { type ProviderModel, type ProviderReply } from "../../provider/ProviderModel.ts"
import { canonicalTransformer, encoded, textOf, withText } from "../answer/structured.ts"

type Options = LanguageModel.ProviderOptions

/** The provider of a foreign model. */
export const foreignModel = (
  model: LanguageModel.LanguageModel,
  names: { readonly provider: string; readonly model: string },
): ProviderModel => ({
  ...names,
  // The foreign model has its own way with schemas, and answers with the decoded value.
  codecTransformer: canonicalTransformer,
  generate: ({ options }) =>
    Effect.map(
      settled("generateText", generate(model as unknown as Untooled, options)),
      (parts): ProviderReply<Array<Response.PartEncoded>> => ({
        headers: {},
        parts,
      }),
    ),
  stream: ({ options }) => Effect.succeed({ headers: {}, parts: stream(model as unknown as Untooled, options) }),
})

const encode = Schema.encodeEffect(Schema.mutable(Schema.Array(Response.Part())))
const encodeStream = Schema.encodeEffect(Schema.NonEmptyArray(Response.StreamPart()))

const generate = Effect.fnUntraced(function* (inner: Untooled, options: Options) {
  const { responseFormat } = options
  if (responseFormat.type === "text") {
    const { content } = yield* inner.generateText(unresolved(options))
    const parts = yield* encode(withEncodedResults(content) as never)
    yield* Effect.forEach(parts, (part) => declared(options, part), { discard: true })
    return parts
  }
  const schema = responseFormat.schema as unknown as Schema.Codec<unknown, Record<string, unknown>>
  const asked = { ...unresolved(options), schema, objectName: responseFormat.objectName }
  const { content, value } = yield* inner.generateObject(asked)
  const parts = yield* encode(withEncodedResults(content) as never)
  return withText(parts, yield* encoded(schema, value, textOf(parts)))
})

const stream = (inner: Untooled, options: Options) =>
  inner.streamText(unresolved(options)).pipe(
    Stream.mapArrayEffect((parts) => encodeStream(withEncodedResults(parts) as never)),
    Stream.tap((part) => declared(options, part)),
    Stream.mapError(invalidOutput("streamText")),
    Stream.provideService(Telemetry.CurrentSpanTransformer, untold),
  )

type Request = ReturnType<typeof unresolved>
type Parts = ReadonlyArray<Response.AnyPart>

/** The model without the types of a toolkit, which is not known here. */
interface Untooled {
  readonly generateText: (request: Request) => Effect.Effect<{ readonly content: Parts }, AiError.AiError>
  readonly generateObject: (
    request: Request & { readonly schema: Schema.Top; readonly objectName: string },
  ) => Effect.Effect<{ readonly content: Parts; readonly value: unknown }, AiError.AiError>
  readonly streamText: (request: Request) => Stream.Stream<Response.AnyPart, AiError.AiError>
}

// Results of tools that the provider ran have their encoded form beside them.
const withEncodedResults = (parts: Parts) =>
  parts.map((part) => (part.type === "tool-result" ? { ...part, result: part.encodedResult } : part))

// Deferred, because the strict mode validates parameters that are validated above, where handlers may say how to fail.
const unresolved = (options: Options) =>
  ({
    prompt: options.prompt,
    toolkit: described(options.tools),
    toolChoice: options.toolChoice,
    disableToolCallResolution: true,
    toolCallValidation: "deferred",
  }) as const

const described = (
  tools: ReadonlyArray<Tool.Any>,
): Pick<Toolkit.WithHandler<Record<string, Tool.Any>>, "tools"> & { readonly handle: () => Effect.Effect<never> } => ({
  tools: Object.fromEntries(tools.map((tool) => [tool.name, tool])),
  handle: () => Effect.die(new Error("a model whose tools are resolved elsewhere has called one")),
})

// What the deferred mode lets through and the strict one would not.
const declared = (options: Options, part: Response.AllPartsEncoded): Effect.Effect<void, AiError.AiError> => {
  const { toolCallValidation, tools } = options
  if (part.type !== "tool-call" || toolCallValidation === "deferred") return Effect.void
  const availableTools = tools.map(({ name }) => name)
  if (availableTools.includes(part.name)) return Effect.void
  return Effect.fail(
    AiError.make({
      module: "holdfast",
      method: "fromLanguageModel",
      reason: new AiError.ToolNotFoundError({ toolName: part.name, availableTools }),
    }),
  )
}

const settled = <A>(method: string, self: Effect.Effect<A, AiError.AiError | Schema.SchemaError>) =>
  self.pipe(Effect.mapError(invalidOutput(method)), Effect.provideService(Telemetry.CurrentSpanTransformer, untold))

const invalidOutput =
  (method: string) =>
  (error: AiError.AiError | Schema.SchemaError): AiError.AiError =>
    Schema.isSchemaError(error)
      ? AiError.make({ module: "holdfast", method, reason: AiError.InvalidOutputError.fromSchemaError(error) })
      : error

// The outer model tells the application's transformer; told twice, it would count twice.
const untold: Telemetry.SpanTransformer = () => {}
