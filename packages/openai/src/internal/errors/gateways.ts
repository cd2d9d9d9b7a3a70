/** Gateways, which have errors of their own and pass on those of others. */
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

const openrouter = "https://openrouter.ai/docs/errors"
const openrouterLimits = "https://openrouter.ai/docs/use-cases/limits"
const bedrock = "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html"
const litellm = "https://docs.litellm.ai/docs/proxy/users"

export const openrouterRules: ReadonlyArray<ErrorRule> = [
  {
    id: "openrouter/free-models-per-day",
    reason: "quota",
    when: [{ message: /free-models-per-day/i }],
    source: "Gitlawb/openclaude#936",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message:
              "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
            code: 429,
            metadata: {
              headers: {
                "X-RateLimit-Limit": "50",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": String(Date.UTC(2026, 10, 29)),
              },
              provider_name: null,
            },
          },
          user_id: "user_1",
        },
        headers: { date: "Sat, 28 Nov 2026 12:00:00 GMT" },
        retryAfter: 43_200_000,
      },
      {
        status: 429,
        body: {
          error: {
            message: "Rate limit exceeded: free-models-per-day-high-balance.",
            type: "rate_limit_error",
            code: "429",
          },
        },
      },
    ],
  },
  {
    id: "openrouter/free-models-per-minute",
    reason: "rateLimit",
    when: [{ message: /free-models-per-min/i }],
    source: openrouter,
    cases: [
      {
        status: 429,
        body: {
          error: {
            message: "Rate limit exceeded: free-models-per-min.",
            code: 429,
            metadata: {
              headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(Date.UTC(2026, 10, 28, 12, 0, 30)) },
            },
          },
        },
        headers: { date: "Sat, 28 Nov 2026 12:00:00 GMT" },
        retryAfter: 30_000,
      },
    ],
  },
  {
    id: "openrouter/in-flight-budget",
    reason: "rateLimit",
    when: [{ limit: /^openrouter_in_flight_budget$/ }, { name: ["in_flight_budget_exhausted"] }],
    source: openrouterLimits,
    cases: [
      {
        status: 402,
        body: {
          error: {
            code: 402,
            message: "Your running requests fill your in-flight spending budget.",
            metadata: { limit_source: "openrouter_in_flight_budget" },
          },
        },
        headers: { "retry-after": "3" },
        retryAfter: 3000,
      },
    ],
  },
  {
    id: "openrouter/budget",
    reason: "quota",
    when: [{ limit: /^openrouter_(?:guardrail_budget|workspace_budget|key_limit)$/ }],
    source: openrouterLimits,
    cases: [
      {
        status: 403,
        body: {
          error: {
            code: 403,
            message: "Budget limit exceeded",
            metadata: { limit_source: "openrouter_workspace_budget", resets_at: "2026-11-29T00:00:00Z" },
          },
        },
        headers: { date: "Sat, 28 Nov 2026 12:00:00 GMT" },
        retryAfter: 43_200_000,
      },
    ],
  },
  {
    id: "openrouter/credits",
    reason: "billing",
    when: [
      {
        status: [undefined, 402],
        message:
          /^insufficient credits|more credits, or fewer max_tokens|prompt tokens limit exceeded|key limit exceeded/i,
      },
      { status: [403], message: /^key limit exceeded/i },
    ],
    source: "continuedev/continue#10962",
    cases: [
      {
        status: 402,
        body: {
          error: {
            message:
              "This request requires more credits, or fewer max_tokens. You requested up to 4096 tokens, but can only afford 222.",
            code: 402,
          },
        },
      },
      { status: 402, body: { error: { message: "Prompt tokens limit exceeded: 69120 > 36608.", code: 402 } } },
      { status: 403, body: { error: { message: "Key limit exceeded (monthly limit).", code: 403 } } },
    ],
  },
  {
    id: "openrouter/no-provider",
    reason: "modelNotFound",
    when: [{ message: /^no allowed providers are available|^no endpoints found/i }],
    source: "farion1231/cc-switch#995",
    cases: [
      {
        status: 404,
        body: {
          error: {
            message: "No allowed providers are available for the selected model.",
            code: 404,
            metadata: { available_providers: ["z-ai"], requested_providers: ["anthropic"] },
          },
        },
      },
      { status: 404, body: { error: { message: "No endpoints found that support tool use.", code: 404 } } },
    ],
  },
  {
    id: "openrouter/moderation",
    reason: "contentPolicy",
    when: [{ status: [undefined, 403], message: /requires moderation|was flagged/i }],
    source: openrouter,
    cases: [
      {
        status: 403,
        body: {
          error: {
            code: 403,
            message:
              'acme/model-1 requires moderation on Acme. Your input was flagged for "violence". No credits were charged.',
            metadata: { reasons: ["violence"], provider_name: "Acme" },
          },
        },
      },
    ],
  },
  {
    id: "openrouter/upstream-rate-limit",
    reason: "rateLimit",
    when: [{ message: /is temporarily rate-limited upstream/i }],
    source: "continuedev/continue#10442",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message: "Provider returned error",
            code: 429,
            metadata: {
              raw: "qwen/qwen3-coder:free is temporarily rate-limited upstream. Please retry shortly, or add your own key to accumulate your rate limits",
              provider_name: "Chutes",
            },
          },
        },
      },
    ],
  },
]

export const litellmRules: ReadonlyArray<ErrorRule> = [
  {
    id: "litellm/budget",
    reason: "quota",
    when: [
      { name: ["budget_exceeded"] },
      { message: /budget has been exceeded|ExceededBudget|exceeded budget for|crossed budget|over budget\b/i },
    ],
    source: "BerriAI/litellm#14144",
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "Budget has been exceeded! Current cost: 76.16, Max budget: 10.0",
            type: "budget_exceeded",
            param: null,
            code: "400",
          },
        },
      },
      {
        status: 429,
        body: {
          error: {
            message: "LiteLLM User: engineer-1, exceeded budget for model=claude-opus-4-8",
            type: "budget_exceeded",
            param: null,
            code: "429",
          },
        },
      },
      {
        status: 429,
        body: {
          error: {
            message:
              "No deployments available - crossed budget: Exceeded budget for deployment model_name: x: 0.363 >= 1d",
            code: "429",
          },
        },
      },
    ],
  },
  {
    id: "litellm/no-deployments",
    reason: "overloaded",
    when: [{ message: /no deployments available for selected model/i }],
    source: litellm,
    cases: [
      {
        status: 429,
        body: {
          error: {
            message:
              "No deployments available for selected model, Try again in 60 seconds. Passed model=gpt-5. pre-call-checks=False",
            type: "None",
            param: "None",
            code: "429",
          },
        },
        retryAfter: 60_000,
      },
    ],
  },
  {
    id: "litellm/context-window",
    reason: "contextWindow",
    when: [{ message: /ContextWindowExceededError/ }],
    source: "https://docs.litellm.ai/docs/exception_mapping",
    cases: [
      {
        status: 400,
        body: {
          error: {
            message:
              "litellm.ContextWindowExceededError: litellm.BadRequestError: AnthropicException - prompt is too long",
            type: null,
            param: null,
            code: "400",
          },
        },
      },
    ],
  },
  {
    id: "litellm/content-policy",
    reason: "contentPolicy",
    when: [{ message: /ContentPolicyViolationError/ }],
    source: "https://docs.litellm.ai/docs/exception_mapping",
    cases: [
      {
        status: 400,
        body: { error: { message: "litellm.ContentPolicyViolationError: AzureException - filtered", code: "400" } },
      },
    ],
  },
  {
    id: "litellm/key",
    reason: "invalidKey",
    when: [
      { name: ["auth_error", "token_not_found_in_db", "expired_key"] },
      { message: /^authentication error, .{0,40}(?:invalid proxy server token|invalid token)/i },
    ],
    source: litellm,
    cases: [
      {
        status: 401,
        body: {
          error: {
            message: "Authentication Error, Invalid proxy server token passed. Received API Key = sk-...1234",
            type: "token_not_found_in_db",
            param: "key",
            code: "401",
          },
        },
      },
    ],
  },
]

export const bedrockRules: ReadonlyArray<ErrorRule> = [
  {
    id: "bedrock/input-too-long",
    reason: "contextWindow",
    when: [
      { message: /input is too long for requested model/i },
      { message: /too many input tokens|exceeds? (?:the )?maximum input (?:length|tokens)/i },
    ],
    source: "aws-samples/assessment-generator#2",
    cases: [
      { status: 400, body: { message: "Input is too long for requested model.", __type: "ValidationException" } },
      {
        status: 400,
        body: {
          error: {
            message: "The model returned the following errors: Input is too long for requested model.",
            type: "invalid_request_error",
          },
        },
      },
    ],
  },
  {
    id: "bedrock/tokens-per-day",
    reason: "quota",
    when: [{ message: /too many tokens per day/i }],
    source: bedrock,
    cases: [{ status: 429, body: { message: "Too many tokens per day, please wait before trying again." } }],
  },
  {
    id: "bedrock/throttled",
    reason: "rateLimit",
    when: [
      { name: ["ThrottlingException", "throttling_error"] },
      { message: /^too many (?:tokens|requests|connections), please wait/i },
    ],
    source: "https://www.repost.aws/ja/knowledge-center/bedrock-throttling-error",
    cases: [
      { status: 429, body: { message: "Too many tokens, please wait before trying again." } },
      { status: 400, body: { error: { message: "Rate exceeded", type: "ThrottlingException" } } },
    ],
  },
  {
    id: "bedrock/not-ready",
    reason: "overloaded",
    when: [
      { name: ["ModelNotReadyException", "ServiceUnavailableException", "ModelTimeoutException"] },
      { message: /bedrock is unable to process your request/i },
    ],
    source: bedrock,
    cases: [
      { status: 503, body: { message: "Bedrock is unable to process your request." } },
      {
        status: 429,
        body: { error: { message: "The model is not ready for inference", type: "ModelNotReadyException" } },
      },
    ],
  },
  {
    id: "bedrock/access",
    reason: "permission",
    when: [
      { name: ["AccessDeniedException", "FTUFormNotFilled"] },
      { message: /you don't have access to the model with the specified model ID/i },
      { message: /^model use case details have not been submitted for this account/i },
    ],
    source: bedrock,
    cases: [
      { status: 403, body: { message: "You don't have access to the model with the specified model ID." } },
      { status: 404, body: { message: "Model use case details have not been submitted for this account." } },
    ],
  },
  {
    id: "bedrock/output-limit",
    reason: "invalidRequest",
    when: [{ message: /^the maximum tokens you requested exceeds? the model limit/i }],
    source: "charmbracelet/crush#946",
    cases: [{ status: 400, body: { message: "The maximum tokens you requested exceeds the model limit of 32768" } }],
  },
]

export const vercelRules: ReadonlyArray<ErrorRule> = [
  {
    id: "vercel/gateway-credits",
    reason: "billing",
    when: [
      { message: /AI Gateway requires a valid credit card|free credits temporarily have restricted access/i },
      { status: [402, 403], message: /insufficient funds/i },
    ],
    source: "arlanrakh/talk-to-girlfriend-ai#6",
    cases: [
      {
        status: 403,
        body: {
          error: {
            message: "AI Gateway requires a valid credit card on file to service requests.",
            type: "customer_verification_required",
          },
        },
      },
      {
        status: 402,
        body: {
          error: {
            message: "Insufficient funds. Please add credits to your account to continue.",
            type: "insufficient_funds",
          },
        },
      },
    ],
  },
]
