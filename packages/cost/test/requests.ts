/**
 * Requests as the seam gets them.
 */
import { type ModelCall, ModelRequest } from "@holdfast/core"
import { type LanguageModel, type Prompt } from "effect/ai"

/** A request with this prompt. */
export const request = (
  prompt: Prompt.RawInput,
  fields?: Partial<LanguageModel.ProviderOptions>,
): ModelCall.ModelRequest<"chat"> => ModelRequest.make("generate", { ...fields, prompt })
