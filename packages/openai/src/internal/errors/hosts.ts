/** xAI, Mistral, Groq. */
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

const xai = "https://docs.x.ai/docs/key-information/debugging"
const mistral = "https://docs.mistral.ai/api"
const groq = "https://console.groq.com/docs/errors"

export const xaiRules: ReadonlyArray<ErrorRule> = [
  {
    id: "xai/prompt-length",
    reason: "contextWindow",
    when: [{ message: /maximum prompt length is \d+/i }, { message: /\[input_too_large\]/i }],
    source: "earendil-works/pi#9805",
    cases: [
      {
        status: 400,
        body: {
          code: "Client specified an invalid argument",
          error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        },
      },
      {
        status: 400,
        body: { code: "invalid-argument", error: "[input_too_large] the input is larger than the model takes" },
      },
    ],
  },
  {
    id: "xai/credits",
    reason: "billing",
    when: [
      { message: /either used all available credits or reached its monthly spending limit/i },
      { message: /run out of credits or need a Grok subscription/i },
    ],
    source: "continuedev/continue#10373",
    cases: [
      {
        status: 429,
        body: {
          code: "Some resource has been exhausted",
          error:
            "Your team t-1 has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.",
        },
      },
      {
        status: 403,
        body: {
          code: "permission-denied",
          error: "You have run out of credits or need a Grok subscription. Add credits at https://grok.com/",
        },
      },
    ],
  },
  {
    id: "xai/key",
    reason: "invalidKey",
    when: [{ status: [400, 401], message: /^incorrect API key provided/i }],
    source: xai,
    cases: [
      {
        status: 400,
        body: {
          code: "Client specified an invalid argument",
          error: "Incorrect API key provided: xa***ab. You can obtain an API key from https://console.x.ai.",
        },
      },
    ],
  },
  {
    id: "xai/content",
    reason: "contentPolicy",
    when: [{ status: [400, 403], message: /content violates usage guidelines|failed check: SAFETY/i }],
    source: xai,
    cases: [
      {
        status: 403,
        body: {
          code: "The caller does not have permission to execute the specified operation",
          error: "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO",
        },
      },
    ],
  },
]

export const mistralRules: ReadonlyArray<ErrorRule> = [
  {
    id: "mistral/prompt-tokens",
    reason: "contextWindow",
    when: [{ message: /prompt contains \d+ tokens.{0,60}too large for model/i }],
    source: mistral,
    cases: [
      {
        status: 400,
        body: {
          object: "error",
          message:
            "Prompt contains 159060 tokens and 0 draft tokens, too large for model with 131072 maximum context length",
          type: "invalid_request_prompt",
          param: null,
          code: "3051",
        },
      },
    ],
  },
  {
    id: "mistral/capacity",
    reason: "overloaded",
    when: [{ name: ["service_tier_capacity_exceeded", "3505"] }, { message: /service tier capacity exceeded/i }],
    source: "continuedev/continue#6185",
    cases: [
      {
        status: 429,
        body: {
          object: "error",
          message: "Service tier capacity exceeded for this model.",
          type: "service_tier_capacity_exceeded",
          param: null,
          code: "3505",
        },
      },
      {
        status: 429,
        body: {
          object: "error",
          message: "Service tier capacity exceeded for this model.",
          type: "invalid_request_error",
          param: null,
          code: null,
        },
      },
    ],
  },
  {
    id: "mistral/rate-limit",
    reason: "rateLimit",
    when: [{ status: [undefined, 429], name: ["rate_limited", "1300"] }],
    source: "raycast/extensions#31107",
    cases: [
      {
        status: 429,
        body: {
          object: "error",
          message: "Rate limit exceeded",
          type: "rate_limited",
          param: null,
          code: "1300",
          raw_status_code: 429,
        },
      },
    ],
  },
  {
    id: "mistral/model",
    reason: "modelNotFound",
    when: [{ name: ["invalid_model", "1500"] }],
    source: mistral,
    cases: [
      {
        status: 400,
        body: {
          object: "error",
          message: "Invalid model: mistral-9",
          type: "invalid_model",
          param: null,
          code: "1500",
        },
      },
    ],
  },
  {
    id: "mistral/validation",
    reason: "invalidRequest",
    when: [{ name: ["invalid_request_prompt", "invalid_request_message_order", "invalid_request_invalid_args"] }],
    source: mistral,
    cases: [
      {
        status: 400,
        body: {
          object: "error",
          message: "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
          type: "invalid_request_message_order",
          param: null,
          code: "3230",
        },
      },
    ],
  },
]

export const groqRules: ReadonlyArray<ErrorRule> = [
  {
    id: "groq/request-too-large",
    reason: "requestTooLarge",
    when: [{ status: [413, 429], message: /^request too large for model/i }],
    source: "assafelovic/gpt-researcher#985",
    cases: [
      {
        status: 413,
        body: {
          error: {
            message:
              "Request too large for model `llama-3.1-70b-versatile` in organization `org_1` on tokens per minute (TPM): Limit 6000, Requested 14368, please reduce your message size and try again. Visit https://console.groq.com/docs/rate-limits for more information.",
            type: "tokens",
            code: "rate_limit_exceeded",
          },
        },
      },
    ],
  },
  {
    id: "groq/message-length",
    reason: "contextWindow",
    when: [{ message: /^please reduce the length of the messages or completion/i, status: [undefined, 400, 413] }],
    source: groq,
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "Please reduce the length of the messages or completion.",
            type: "invalid_request_error",
            param: "messages",
          },
        },
      },
    ],
  },
  {
    id: "groq/rate-limit",
    reason: "rateLimit",
    when: [{ status: [429], message: /^rate limit reached for model `/i }],
    source: "elizaOS/eliza#4040",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message:
              "Rate limit reached for model `llama-3.1-8b-instant` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing",
            type: "tokens",
            code: "rate_limit_exceeded",
          },
        },
        retryAfter: 4770,
      },
    ],
  },
  {
    id: "groq/flex-capacity",
    reason: "overloaded",
    when: [{ status: [498] }, { name: ["capacity_exceeded"] }],
    source: "https://console.groq.com/docs/flex-processing",
    cases: [
      {
        status: 498,
        body: {
          error: { message: "Flex tier capacity exceeded.", type: "internal_server_error", code: "capacity_exceeded" },
        },
      },
    ],
  },
  {
    id: "groq/organization-restricted",
    reason: "permission",
    when: [{ name: ["organization_restricted"] }],
    source: groq,
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "Organization has been restricted. Please reach out to support if you believe this was in error.",
            type: "invalid_request_error",
            code: "organization_restricted",
          },
        },
      },
    ],
  },
]
