import { count, defined } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { type Rest } from "@holdfast/core/provider/Rest"
import { Effect } from "effect"
import { type AiError } from "effect/ai"

import { type ResponsesBody } from "../transport.ts"

const path = "/responses/input_tokens"

/** Has the tokens of a request counted. Of its fields the endpoint takes those that the prompt is made of. */
export const counted =
  (rest: Rest) =>
  (body: ResponsesBody): Effect.Effect<number, AiError.AiError> =>
    Effect.flatMap(rest.json({ method: "POST", path, body: promptOf(body) }), (answer) => {
      const tokens = count(answer, "input_tokens")
      return tokens === undefined
        ? Effect.fail(malformed(rest.origin(path), "a count without a number", false))
        : Effect.succeed(tokens)
    })

const promptOf = (body: ResponsesBody) =>
  defined({
    model: body.model,
    input: body.input,
    instructions: body.instructions,
    conversation: body.conversation,
    previous_response_id: body.previous_response_id,
    parallel_tool_calls: body.parallel_tool_calls,
    reasoning: body.reasoning,
    text: body.text,
    tool_choice: body.tool_choice,
    tools: body.tools,
    truncation: body.truncation,
  })
