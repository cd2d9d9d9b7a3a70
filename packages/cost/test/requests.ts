/**
 * Requests as the seam gets them.
 */

import { type ModelCall } from "@holdfast/core"
import { Context, Option, Tracer } from "effect"
import { type LanguageModel, Prompt } from "effect/ai"

const span = Tracer.nativeTracer.span({
  name: "test",
  parent: Option.none(),
  annotations: Context.empty(),
  links: [],
  startTime: 0n,
  kind: "client",
  root: true,
  sampled: false,
})

/** A request with this prompt. */
export const request = (
  prompt: Prompt.RawInput,
  fields?: Partial<LanguageModel.ProviderOptions>,
): ModelCall.ModelRequest => ({
  mode: "generate",
  options: {
    prompt: Prompt.make(prompt),
    tools: [],
    toolChoice: "none",
    responseFormat: { type: "text" },
    span,
    previousResponseId: undefined,
    incrementalPrompt: undefined,
    ...fields,
  },
})
