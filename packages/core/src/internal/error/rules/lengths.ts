import { type ErrorRule } from "../../../provider/ErrorRule.ts"
import { error } from "./sources.ts"

/** Statuses with which servers say that a prompt is too long. */
const lengthStatuses = [undefined, 400, 403, 404, 413, 422, 500, 502, 503]

/** Prompts that are too long. */
export const lengths: ReadonlyArray<ErrorRule> = [
  {
    id: "common/context-names",
    reason: "contextWindow",
    when: [{ name: ["context_length_exceeded", "model_context_window_exceeded", "context_window_exceeded"] }],
    source: "ChatGPTNextWeb/NextChat#625",
    cases: [
      { status: 400, body: error("Please reduce your prompt.", { code: "context_length_exceeded" }) },
      { body: error("Too long.", { type: "model_context_window_exceeded" }) },
    ],
  },
  {
    id: "common/context-words",
    reason: "contextWindow",
    when: [
      {
        status: lengthStatuses,
        message:
          /maximum context length|exceeds? (?:the |its )?(?:model'?s? |maximum |max )*context (?:window|length|limit|size)|context (?:window|length|limit|size) (?:has been |was |is )?exceeded|exceeds? the available context size|larger than the (?:model'?s? )?context/i,
      },
      { status: lengthStatuses, message: /(?:prompt|input) (?:is )?too long/i },
      { status: lengthStatuses, message: /input length and [`'"]?max_tokens[`'"]? exceed context limit/i },
      {
        status: lengthStatuses,
        message:
          /exceeds the (?:maximum|limit on the) number of (?:input )?tokens|input tokens exceed the configured limit/i,
      },
    ],
    source: "earendil-works/pi#9805",
    cases: [
      {
        status: 400,
        body: error(
          "This model's maximum context length is 131072 tokens. However, you requested 131134 tokens (122942 in the messages, 8192 in the completion). Please reduce the length of the messages or completion.",
        ),
      },
      { status: 400, body: error("prompt is too long: 213462 tokens > 200000 maximum") },
      {
        status: 400,
        body: error(
          "input length and `max_tokens` exceed context limit: 174167 + 64000 > 200000, decrease input length or `max_tokens` and try again",
        ),
      },
      {
        status: 400,
        body: error("The input token count (1196265) exceeds the maximum number of tokens allowed (1048575)."),
      },
      {
        status: 400,
        body: error("Your input exceeds the context window of this model. Please adjust your input and try again."),
      },
      { status: 400, body: error("Input tokens exceed the configured limit of 272000 tokens.") },
      { status: 413, body: error("Prompt exceeds maximum context length") },
      { status: 422, body: error("Input is too long for requested model.") },
      { status: 500, body: error("Context size has been exceeded") },
      { body: error("prompt too long; exceeded max context length by 12 tokens") },
    ],
  },
  {
    id: "common/request-too-large-for-limit",
    reason: "requestTooLarge",
    when: [
      { message: /request too large/i, name: ["rate_limit_exceeded", "tokens", "requests"] },
      { message: /request too large\b.{0,300}\blimit:? ?\d/i },
      { message: /(?:input or output|prompt) tokens must be reduced in order to run/i },
    ],
    source: "Aider-AI/aider#1880",
    cases: [
      {
        status: 429,
        body: error(
          "Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 36278. The input or output tokens must be reduced in order to run successfully.",
          { type: "tokens", code: "rate_limit_exceeded" },
        ),
      },
      {
        status: 413,
        body: error(
          "Request too large for model `llama-3.1-70b-versatile` on tokens per minute (TPM): Limit 6000, Requested 14368, please reduce your message size and try again.",
        ),
      },
    ],
  },
]
