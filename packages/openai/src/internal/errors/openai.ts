/** OpenAI itself, and what Microsoft and GitHub make of it. */
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

const azure = "https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter"
const github = "https://docs.github.com/en/github-models/use-github-models/prototyping-with-ai-models"

export const openaiRules: ReadonlyArray<ErrorRule> = [
  {
    id: "openai/context-window",
    reason: "contextWindow",
    when: [{ name: ["context_length_exceeded"] }],
    source: "ChatGPTNextWeb/NextChat#625",
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "Your input exceeds the context window of this model. Please adjust your input and try again.",
            type: "invalid_request_error",
            param: "input",
            code: "context_length_exceeded",
          },
        },
      },
      {
        body: {
          error: { message: "Your input exceeds the context window of this model.", code: "context_length_exceeded" },
        },
      },
    ],
  },
  {
    id: "openai/request-too-large",
    reason: "requestTooLarge",
    when: [{ message: /^request too large for/i }],
    source: "openai/codex#38366",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message:
              "Request too large for gpt-5.6-luna in organization org-1 on tokens per min (TPM): Limit 200000, Requested 208334. The input or output tokens must be reduced in order to run successfully. Visit https://platform.openai.com/account/rate-limits to learn more.",
            type: "tokens",
            param: null,
            code: "rate_limit_exceeded",
          },
        },
        headers: { "retry-after": "12", "x-ratelimit-reset-tokens": "2.5s" },
        retryAfter: 12_000,
      },
    ],
  },
  {
    id: "openai/quota",
    reason: "quota",
    when: [
      { name: ["insufficient_quota"] },
      { message: /^you exceeded your current quota/i, status: [undefined, 402, 403, 429] },
      { message: /exceeded your file storage quota/i },
    ],
    source: "https://help.openai.com/en/articles/5955604-troubleshooting-api-rate-limits-and-429-errors",
    cases: [
      {
        status: 400,
        body: { error: { message: "You've exceeded your file storage quota.", type: "invalid_request_error" } },
      },
      {
        status: 429,
        body: {
          error: {
            message: "You exceeded your current quota, please check your plan and billing details.",
            type: "insufficient_quota",
            param: null,
            code: "insufficient_quota",
          },
        },
      },
    ],
  },
  {
    id: "openai/rate-limit",
    reason: "rateLimit",
    when: [{ name: ["rate_limit_exceeded"], status: [undefined, 429], message: /^rate limit reached/i }],
    source: "https://platform.openai.com/docs/guides/rate-limits",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message:
              "Rate limit reached for gpt-5 in organization org-1 on tokens per min (TPM): Limit 30000, Used 29000, Requested 1949. Please try again in 1.898s. Visit https://platform.openai.com/account/rate-limits to learn more.",
            type: "tokens",
            code: "rate_limit_exceeded",
          },
        },
        retryAfter: 1898,
      },
      {
        status: 429,
        body: {
          error: {
            message:
              "Rate limit reached for gpt-5 on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.",
            type: "requests",
            code: "rate_limit_exceeded",
          },
        },
        retryAfter: 432_000,
      },
    ],
  },
  {
    id: "openai/engine-overloaded",
    reason: "overloaded",
    when: [
      {
        message:
          /^(?:the engine is currently overloaded|that model is currently overloaded|selected model is at capacity)/i,
      },
    ],
    source: "openai/codex#19446",
    cases: [
      {
        status: 503,
        body: {
          error: { message: "The engine is currently overloaded, please try again later", type: "server_error" },
        },
      },
      {
        body: {
          error: { message: "Selected model is at capacity. Please try a different model.", type: "server_error" },
        },
      },
    ],
  },
  {
    id: "openai/region",
    reason: "region",
    when: [{ name: ["unsupported_country_region_territory"] }],
    source: "songquanpeng/one-api#1692",
    cases: [
      {
        status: 403,
        body: {
          error: {
            message: "Country, region, or territory not supported",
            type: "request_forbidden",
            param: null,
            code: "unsupported_country_region_territory",
          },
        },
      },
    ],
  },
  {
    id: "openai/organization",
    reason: "permission",
    when: [
      {
        status: [401, 403],
        message:
          /must be a member of an organization|must be verified to|insufficient permissions for this operation|project .{1,80} does not have access to model|\bIP (?:address )?(?:is )?not authorized|does not match the configured IP allowlist/i,
      },
    ],
    source: "https://developers.openai.com/docs/guides/error-codes",
    cases: [
      {
        status: 401,
        body: {
          error: { message: "You must be a member of an organization to use the API", type: "invalid_request_error" },
        },
      },
      {
        status: 403,
        body: {
          error: { message: "Your organization must be verified to stream this model.", type: "invalid_request_error" },
        },
      },
      {
        status: 401,
        body: { error: { message: "IP not authorized", type: "invalid_request_error" } },
      },
    ],
  },
]

export const azureRules: ReadonlyArray<ErrorRule> = [
  {
    id: "azure/content-filter",
    reason: "contentPolicy",
    when: [
      { name: ["ResponsibleAIPolicyViolation"] },
      { name: ["content_filter"], message: /content management policy/i },
    ],
    source: azure,
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
            type: null,
            param: "prompt",
            code: "content_filter",
            status: 400,
            innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: {} },
          },
        },
      },
    ],
  },
  {
    id: "azure/deployment",
    reason: "modelNotFound",
    when: [{ name: ["DeploymentNotFound"] }],
    source: "OpenBMB/AgentVerse#140",
    cases: [
      {
        status: 404,
        body: {
          error: {
            code: "DeploymentNotFound",
            message:
              "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
          },
        },
      },
    ],
  },
  {
    id: "azure/call-rate",
    reason: "rateLimit",
    when: [{ status: [429], message: /exceeded (?:the )?(?:call rate|token rate|rate) limit of your current/i }],
    source: "weaviate/weaviate#3095",
    cases: [
      {
        status: 429,
        body: {
          error: {
            code: "429",
            message:
              "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 27 seconds.",
          },
        },
        retryAfter: 27_000,
      },
    ],
  },
  {
    id: "azure/no-access",
    reason: "invalidKey",
    when: [{ status: [401], message: /invalid subscription key|Access token is missing, invalid/i }],
    source: "https://learn.microsoft.com/azure/ai-foundry/openai/reference",
    cases: [
      {
        status: 401,
        body: {
          error: {
            code: "401",
            message:
              "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription.",
          },
        },
      },
    ],
  },
]

export const githubRules: ReadonlyArray<ErrorRule> = [
  {
    id: "github/tokens-limit",
    reason: "contextWindow",
    when: [
      { name: ["tokens_limit_reached"] },
      { message: /^request body too large for .{1,80} model\. max size: \d+ tokens/i },
    ],
    source: "Aider-AI/aider#2296",
    cases: [
      {
        status: 413,
        body: {
          error: {
            code: "tokens_limit_reached",
            message: "Request body too large for gpt-4o model. Max size: 8000 tokens.",
            details: "Request body too large for gpt-4o model. Max size: 8000 tokens.",
          },
        },
      },
    ],
  },
  {
    id: "github/rate-limit-by-day",
    reason: "quota",
    when: [{ name: ["RateLimitReached"], message: /ByDay exceeded/ }],
    source: github,
    cases: [
      {
        status: 429,
        body: {
          error: {
            code: "RateLimitReached",
            message:
              "Rate limit of 50 per 86400s exceeded for UserByModelByDay exceeded. Please wait 43200 seconds before retrying.",
          },
        },
        retryAfter: 43_200_000,
      },
    ],
  },
  {
    id: "github/rate-limit",
    reason: "rateLimit",
    when: [{ name: ["RateLimitReached"] }],
    source: github,
    cases: [
      {
        status: 429,
        body: {
          error: {
            code: "RateLimitReached",
            message:
              "Rate limit of 15 per 60s exceeded for UserByModelByMinute. Please wait 34 seconds before retrying.",
          },
        },
        retryAfter: 34_000,
      },
    ],
  },
  {
    id: "github/unknown-model",
    reason: "modelNotFound",
    when: [{ name: ["unknown_model", "unavailable_model"] }],
    source: github,
    cases: [{ status: 400, body: { error: { code: "unknown_model", message: "Unknown model: gpt-9" } } }],
  },
]
