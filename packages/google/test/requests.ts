import { type Origin } from "@holdfast/core/provider/ProviderError"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { type Schema, Tracer } from "effect"
import { Prompt, type Tool } from "effect/ai"

import { toCodecGoogle } from "../src/internal/structuredOutput.ts"

/** Where the errors of tests happen. */
export const origin: Origin = {
  module: "GoogleClient",
  method: "test",
  provider: "gcp.gemini",
  url: "https://generativelanguage.googleapis.com/v1beta/models/test",
  scrub: (text) => text.replaceAll("secret-key", "<redacted>"),
}

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

/** A request as `core` hands it to a provider. */
export const request = (
  prompt: Prompt.RawInput,
  options: {
    readonly tools?: ReadonlyArray<Tool.Any>
    readonly toolChoice?: unknown
    readonly schema?: Schema.Top
    readonly objectName?: string
  } = {},
): ProviderModel.ProviderRequest => ({
  jsonSchema:
    options.schema === undefined
      ? undefined
      : toCodecGoogle(options.schema as Schema.Codec<unknown, unknown>).jsonSchema,
  options: {
    prompt: Prompt.make(prompt),
    tools: options.tools ?? [],
    toolChoice: (options.toolChoice ?? (options.tools === undefined ? "none" : "auto")) as never,
    responseFormat:
      options.schema === undefined
        ? { type: "text" }
        : { type: "json", objectName: options.objectName ?? "answer", schema: options.schema },
    span,
    previousResponseId: undefined,
    incrementalPrompt: undefined,
  },
})
