/** Those who host the models of others: Together, Fireworks, Cerebras. */
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

const together = "https://docs.together.ai/docs/error-codes"
const fireworks = "https://docs.fireworks.ai/guides/inference-error-codes"

export const togetherRules: ReadonlyArray<ErrorRule> = [
  {
    id: "together/context-length",
    reason: "contextWindow",
    when: [
      {
        status: [400, 403, 422],
        message: /input token count \+ max_tokens parameter must be less than/i,
      },
    ],
    source: together,
    cases: [
      {
        status: 403,
        body: {
          error: {
            message:
              "Input token count + max_tokens parameter must be less than the context length of the model being queried.",
            type: "invalid_request_error",
          },
        },
      },
    ],
  },
  {
    id: "together/model-not-available",
    reason: "modelNotFound",
    when: [{ name: ["model_not_available"] }],
    source: together,
    cases: [
      {
        status: 400,
        body: {
          error: {
            message:
              "Unable to access non-serverless model llama-9. Please visit https://api.together.ai/models to create and start a dedicated endpoint.",
            type: "invalid_request_error",
            code: "model_not_available",
          },
        },
      },
    ],
  },
  {
    id: "together/engine-overloaded",
    reason: "overloaded",
    when: [{ status: [503], message: /engine (?:is )?overloaded|seeing high amounts of traffic/i }],
    source: together,
    cases: [
      {
        status: 503,
        body: { error: { message: "Our servers are seeing high amounts of traffic", type: "service_unavailable" } },
      },
    ],
  },
]

export const fireworksRules: ReadonlyArray<ErrorRule> = [
  {
    id: "fireworks/suspended",
    reason: "billing",
    when: [{ status: [402, 403, 412, 429], message: /^account .{1,100} is suspended/i }],
    source: "pollinations/pollinations#12136",
    cases: [
      {
        status: 412,
        body: {
          error: {
            message:
              "Account acme is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices. Please go to https://fireworks.ai/account/billing for more information.",
            param: null,
            code: "PRECONDITION_FAILED",
            type: "error",
          },
        },
      },
    ],
  },
  {
    id: "fireworks/prompt-too-long",
    reason: "contextWindow",
    when: [{ message: /^the prompt is too long: \d+, model maximum context length: \d+/i }],
    source: fireworks,
    cases: [
      {
        status: 400,
        body: {
          error: {
            object: "error",
            type: "invalid_request_error",
            code: "invalid_request_error",
            message: "The prompt is too long: 208310, model maximum context length: 131071",
          },
        },
      },
    ],
  },
  {
    id: "fireworks/model",
    reason: "modelNotFound",
    when: [{ status: [404], message: /model not found, inaccessible, and\/or not deployed/i }],
    source: fireworks,
    cases: [
      {
        status: 404,
        body: {
          error: { object: "error", code: "NOT_FOUND", message: "Model not found, inaccessible, and/or not deployed" },
        },
      },
    ],
  },
]

export const cerebrasRules: ReadonlyArray<ErrorRule> = [
  {
    id: "cerebras/quota",
    reason: "rateLimit",
    when: [
      { name: ["token_quota_exceeded", "request_quota_exceeded", "too_many_tokens_error", "too_many_requests_error"] },
      { message: /^tokens per minute limit exceeded/i },
    ],
    source: "continuedev/continue#9800",
    cases: [
      {
        status: 429,
        body: {
          message: "Tokens per minute limit exceeded - too many tokens processed.",
          type: "too_many_tokens_error",
          param: "quota",
          code: "token_quota_exceeded",
        },
      },
    ],
  },
]
