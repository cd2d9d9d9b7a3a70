/**
 * One request to a model: what is asked, by which settings, and what its call carries.
 *
 * Applications never make one; `effect/ai`'s `LanguageModel` does. Make one for batches, for tests of a policy, and wherever
 * a `ModelCall` is opened by hand.
 *
 * @since 0.1.0
 */
import { Context, Option, Tracer } from "effect"
import { type LanguageModel, Prompt } from "effect/ai"

import { carrying, newCall } from "./internal/call/context.ts"
import { type CommonSettings, type Mode, type ModelRequest, type ReplyObserver } from "./internal/call/types.ts"
import { type Kind } from "./Operation.ts"

export type { CommonSettings, Mode, ModelRequest } from "./internal/call/types.ts"

/**
 * What a request asks: a prompt, and what `effect/ai` would prepare beside it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Input extends Partial<Omit<LanguageModel.ProviderOptions, "prompt">> {
  readonly prompt: Prompt.RawInput
}

/**
 * A request of a new call.
 *
 * **Details**
 *
 * What the input leaves out is as in a plain `LanguageModel.generateText`: no tools, text as the answer, and a span that
 * nobody records.
 *
 * **Example** (Opening a call by hand)
 *
 * ```ts
 * import { ModelRequest } from "@holdfast/core"
 *
 * const request = ModelRequest.make("generate", "Why do ships float?", { maxOutputTokens: 200 })
 *
 * request.call.attempts // => { begun: 0, extra: 0 }
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  mode: Mode,
  input: Prompt.RawInput | Input,
  settings: CommonSettings = {},
): ModelRequest<"chat"> => {
  const { prompt, ...fields }: Input = isInput(input) ? input : { prompt: input }
  const span = fields.span ?? unrecorded()
  return {
    mode,
    options: {
      tools: [],
      toolChoice: "none",
      responseFormat: { type: "text" },
      previousResponseId: undefined,
      incrementalPrompt: undefined,
      ...fields,
      prompt: Prompt.make(prompt),
      span,
    },
    settings,
    call: newCall("chat", span),
  }
}

/**
 * The same request with one more observer of the replies to its attempts.
 *
 * @since 0.1.0
 * @category combinators
 */
export const observing = <K extends Kind>(request: ModelRequest<K>, observer: ReplyObserver): ModelRequest<K> =>
  carrying(request, { observers: [...request.call.observers, observer] })

const isInput = (input: Prompt.RawInput | Input): input is Input => typeof input === "object" && "prompt" in input

const unrecorded = (): Tracer.Span =>
  Tracer.nativeTracer.span({
    name: "ModelRequest",
    parent: Option.none(),
    annotations: Context.empty(),
    links: [],
    startTime: 0n,
    kind: "client",
    root: true,
    sampled: false,
  })
