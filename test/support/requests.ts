import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { type Schema, Tracer } from "effect"
import { Prompt, type Tool } from "effect/ai"

const span = Tracer.nativeTracer.span({
  name: "test",
  parent: undefined as never,
  annotations: undefined as never,
  links: [],
  startTime: 0n,
  kind: "client",
  root: true,
  sampled: false,
} as never)

export interface RequestOptions {
  readonly tools?: ReadonlyArray<Tool.Any>
  readonly toolChoice?: unknown
  readonly schema?: Schema.Top
  readonly objectName?: string
  readonly previousResponseId?: string
  readonly incrementalPrompt?: Prompt.RawInput
}

/** Makes requests as `core` hands them to a provider, with a schema as the provider's transformer has it. */
export const requestsWith =
  (jsonSchema: (schema: Schema.Codec<unknown, unknown>) => ProviderModel.ProviderRequest["jsonSchema"]) =>
  (prompt: Prompt.RawInput, options: RequestOptions = {}): ProviderModel.ProviderRequest => ({
    settings: {},
    jsonSchema: options.schema === undefined ? undefined : jsonSchema(options.schema as Schema.Codec<unknown, unknown>),
    options: {
      prompt: Prompt.make(prompt),
      tools: options.tools ?? [],
      toolChoice: (options.toolChoice ?? (options.tools === undefined ? "none" : "auto")) as never,
      responseFormat:
        options.schema === undefined
          ? { type: "text" }
          : { type: "json", objectName: options.objectName ?? "answer", schema: options.schema },
      span,
      previousResponseId: options.previousResponseId,
      incrementalPrompt: options.incrementalPrompt === undefined ? undefined : Prompt.make(options.incrementalPrompt),
    },
  })
