import { Effect } from "effect"
import { AiError, type LanguageModel } from "effect/ai"

import { isTooDeep } from "../../provider/Bounds.ts"

// Far more than vendors read, and far less than a stack holds.
const deepest = 1_000

/**
 * The failure for a prompt whose tools were given, or gave back, what is nested so deeply that writing it as JSON would end
 * the process's stack, or what holds itself.
 */
export const tooDeep = ({
  prompt,
}: LanguageModel.ProviderOptions): Effect.Effect<never, AiError.AiError> | undefined => {
  for (const [at, { content }] of prompt.content.entries()) {
    if (typeof content === "string") continue
    for (const part of content) {
      const value = part.type === "tool-call" ? part.params : part.type === "tool-result" ? part.result : undefined
      if (isTooDeep(value, deepest)) return Effect.fail(failure(`prompt[${at}]`, part.type))
    }
  }
  return undefined
}

const failure = (parameter: string, type: string): AiError.AiError =>
  AiError.make({
    module: "holdfast",
    method: "request",
    reason: new AiError.InvalidRequestError({
      parameter,
      description: `its ${type} is nested more than ${deepest} levels deep; make it flatter`,
    }),
  })
