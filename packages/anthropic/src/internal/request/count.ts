import { count, defined } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { type Rest } from "@holdfast/core/provider/Rest"
import { Effect } from "effect"
import { type AiError } from "effect/ai"

import { type MessagesBody } from "../transport.ts"

const path = "/v1/messages/count_tokens"

/** Has the tokens of a request counted. Of its fields the endpoint takes those that the prompt is made of, and refuses others. */
export const counted = (
  rest: Rest,
  message: MessagesBody,
  betas: ReadonlyArray<string> = [],
): Effect.Effect<number, AiError.AiError> => {
  const headers = betas.length === 0 ? undefined : { "anthropic-beta": betas.join(",") }
  return Effect.flatMap(rest.json({ method: "POST", path, body: promptOf(message), headers }), (answer) => {
    const tokens = count(answer, "input_tokens")
    return tokens === undefined
      ? Effect.fail(malformed(rest.origin(path), "a count without a number", false))
      : Effect.succeed(tokens)
  })
}

const promptOf = (message: MessagesBody) =>
  defined({
    model: message.model,
    messages: message.messages,
    system: message.system,
    tools: message.tools,
    tool_choice: message.tool_choice,
    thinking: message.thinking,
    output_config: message.output_config,
    cache_control: message.cache_control,
    speed: message.speed,
  })
