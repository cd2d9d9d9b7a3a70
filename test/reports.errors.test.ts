/**
 * Refusals and hints as users of other tools have reported them, and as vendors document them.
 */
import { assert, layer } from "@effect/vitest"
import { Emulator } from "@holdfast/testing"
import { Effect } from "effect"

import { type Dialect, outcome, refused } from "./support/reported.ts"

interface Refusal {
  readonly name: string
  readonly dialect?: Dialect
  readonly status: number
  readonly error?: object
  /** The body, if it is not `error` by itself. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly says: string
}

const limited = { type: "requests", code: "rate_limit_exceeded" }
const reset = "x-ratelimit-reset-requests"

const refusals: ReadonlyArray<Refusal> = [
  {
    name: "crmne/ruby_llm#850: a reset in minutes, of the limit that was hit",
    status: 429,
    error: { message: "Rate limit reached", ...limited },
    headers: {
      "x-ratelimit-remaining-requests": "0",
      [reset]: "6m0s",
      "x-ratelimit-remaining-tokens": "100",
      "x-ratelimit-reset-tokens": "7.66s",
    },
    says: "RateLimit throttled 360000",
  },
  {
    name: "anthropics/anthropic-sdk-typescript#357: a date, against that of the answer",
    dialect: "anthropic",
    status: 429,
    body: { type: "error", error: { type: "rate_limit_error", message: "slow down" } },
    headers: {
      "anthropic-ratelimit-requests-remaining": "0",
      "anthropic-ratelimit-requests-reset": "2024-03-26T20:00:00Z",
      "anthropic-ratelimit-tokens-remaining": "16000",
      "anthropic-ratelimit-tokens-reset": "2024-03-26T20:00:00Z",
      date: "Tue, 26 Mar 2024 19:59:59 GMT",
    },
    says: "RateLimit throttled 1000",
  },
  {
    name: "HKUDS/nanobot#2763: seconds in a field",
    status: 429,
    error: { message: "limited", retry_after: 20 },
    says: "RateLimit throttled 20000",
  },
  {
    name: "HKUDS/nanobot#2763: seconds in a field, as a text, at Anthropic",
    dialect: "anthropic",
    status: 429,
    body: { error: { type: "rate_limit_error", message: "limited", retry_after: "20" } },
    says: "RateLimit throttled 20000",
  },
  {
    name: "HKUDS/nanobot#2763: seconds in words",
    status: 429,
    error: { message: "Rate limited, try again in 20s" },
    says: "RateLimit throttled 20000",
  },
  {
    name: "HKUDS/nanobot#2763: seconds in other words",
    status: 429,
    error: { message: "Too many requests. Please retry after 20 seconds." },
    says: "RateLimit throttled 20000",
  },
  {
    name: "dcdpr/jp#1061: nanoseconds of Gemini",
    dialect: "google",
    status: 429,
    error: {
      code: 429,
      status: "RESOURCE_EXHAUSTED",
      message: "x",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "45.837906927s" }],
    },
    says: "RateLimit throttled 45838",
  },
  {
    name: "Tracer-Cloud/opensre#3171: milliseconds in words",
    status: 429,
    error: { message: "Rate limit reached for gpt-4 on tokens per min (TPM). Please try again in 94ms.", ...limited },
    says: "RateLimit throttled 94",
  },
  {
    name: "can1357/oh-my-pi#7003: days in milliseconds",
    dialect: "anthropic",
    status: 429,
    body: { type: "error", error: { type: "rate_limit_error", message: "x" } },
    headers: { "retry-after-ms": "302539000" },
    says: "RateLimit throttled 302539000",
  },
  {
    name: "github/copilot-cli#2696: hours in words",
    status: 429,
    error: { message: "Sorry, you've hit a rate limit. Please try again in 58 hours." },
    says: "RateLimit throttled 208800000",
  },
  {
    name: "pollinations/pollinations#6260: Azure's busy hours",
    status: 429,
    error: { code: "429", message: "The system is currently experiencing high demand. Please retry after 20 seconds." },
    says: "RateLimit overloaded 20000",
  },
  {
    name: "ollama/ollama#15934: busy servers of Ollama's cloud",
    status: 503,
    error: { message: "Server overloaded, please retry shortly (ref: aaa65c70)" },
    says: "InternalProvider overloaded",
  },
  {
    name: "deepseek-ai/DeepSeek-V2#30: a refused content, as FastAPI writes it",
    status: 400,
    body: { detail: "Content Exists Risk" },
    says: "ContentPolicy fatal",
  },
  {
    name: "Aider-AI/aider#4495: free credits of a gateway that are withheld",
    status: 403,
    error: { message: "Free credits temporarily have restricted access due to abuse.", type: "rate_limit_exceeded" },
    says: "QuotaExhausted fatal",
  },
  {
    name: "jasonacox/TinyLLM#17: Azure's words within those of a proxy",
    status: 429,
    error: {
      message:
        "litellm.RateLimitError: AzureException RateLimitError - Error code: 429 - {'error': {'code': '429', 'message': 'Requests have exceeded token rate limit of your current AIServices S0 pricing tier. Please retry after 86400 seconds.'}}",
      type: "throttling_error",
      code: "429",
    },
    says: "RateLimit throttled 86400000",
  },
  {
    name: "cline/cline#4971: a request that is larger than the limit of a minute",
    status: 413,
    error: {
      message:
        "Request too large for model `moonshotai/kimi-k2-instruct` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 10000, Requested 15088, please reduce your message size and try again.",
      type: "tokens",
      code: "rate_limit_exceeded",
    },
    says: "QuotaExhausted fatal",
  },
  {
    name: "RooCodeInc/Roo-Code#5729: more output than the model has",
    status: 400,
    error: {
      message:
        "max_tokens must be less than or equal to 16384, the maximum value for max_tokens is less than the context_window for this model",
    },
    says: "InvalidRequest fatal",
  },
  {
    name: "openclaw/openclaw#85921: the context window of an endpoint",
    status: 400,
    error: {
      code: 400,
      message: "This endpoint's maximum context length is 262144 tokens. However, you requested about 284283.",
    },
    says: "ContextWindow fatal",
  },
  {
    name: "cline/cline#9660: Anthropic's words through a proxy",
    status: 400,
    error: { message: "prompt is too long: 228307 tokens > 200000 maximum [failed to stream chunk]" },
    says: "ContextWindow fatal",
  },
  {
    name: "CocoRoF/geny-executor: a monthly limit of spending",
    dialect: "anthropic",
    status: 429,
    body: {
      error: {
        type: "rate_limit_error",
        message: "You've hit your monthly spend limit · raise it at claude.ai/settings/usage",
      },
    },
    says: "QuotaExhausted fatal",
  },
  ...[
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
  ].flatMap((code): ReadonlyArray<Refusal> =>
    (["openai-chat", "openai-responses"] as const).map((dialect) => ({
      name: `${code} of OpenAI, at ${dialect}`,
      dialect,
      status: 429,
      error: { message: "x", type: "rate_limit_error", code },
      says: "QuotaExhausted fatal",
    })),
  ),
  {
    name: "OpenRouter: running requests that fill the budget",
    status: 402,
    error: { code: 402, message: "x", metadata: { limit_source: "openrouter_in_flight_budget" } },
    headers: { "retry-after": "3" },
    says: "RateLimit throttled 3000",
  },
  {
    name: "OpenRouter: the budget of a workspace",
    status: 403,
    error: {
      code: 403,
      message: "x",
      metadata: { limit_source: "openrouter_workspace_budget", resets_at: "2026-11-29T00:00:00Z" },
    },
    headers: { date: "Sat, 28 Nov 2026 12:00:00 GMT" },
    says: "QuotaExhausted fatal 43200000",
  },
  {
    name: "Gemini: prepaid credits, with their own status",
    dialect: "google",
    status: 402,
    error: { code: 402, status: "RESOURCE_EXHAUSTED", message: "x" },
    says: "QuotaExhausted fatal",
  },
  {
    name: "Alibaba: the tokens of a minute, in the words of a quota",
    status: 429,
    error: {
      message:
        "You exceeded your current quota, please check your plan and billing details. For more information, read the docs: https://help.aliyun.com/",
      type: "insufficient_quota",
      code: "insufficient_quota",
    },
    says: "RateLimit throttled",
  },
  {
    name: "Bedrock: a use case that was not told",
    status: 404,
    body: { message: "Model use case details have not been submitted for this account." },
    says: "Authentication fatal",
  },
  {
    name: "MiniMax: its codes with status 200",
    status: 200,
    body: { base_resp: { status_code: 1004, status_msg: "not authorized" } },
    says: "Authentication fatal",
  },
  {
    name: "MiniMax: a timeout with status 200",
    status: 200,
    body: { base_resp: { status_code: 1001, status_msg: "request timeout" } },
    says: "InternalProvider transient",
  },
  {
    name: "OpenAI: a ramp that is too steep",
    status: 429,
    error: { message: "x", type: "rate_limit_error", code: "slow_down" },
    says: "RateLimit throttled",
  },
  {
    name: "OpenAI: busy servers",
    status: 503,
    error: { message: "x", type: "service_unavailable_error", code: "server_is_overloaded" },
    says: "InternalProvider overloaded",
  },
  {
    name: "CoreWeave: too many at once",
    status: 429,
    error: { message: "Concurrency limit reached for requests" },
    says: "RateLimit throttled",
  },
]

layer(Emulator.layer(), { excludeTestServices: true })("refusals and their hints", (the) => {
  the.effect.each(refusals)("$name", ({ body, dialect = "openai-chat", error, headers, says, status }) =>
    Effect.gen(function* () {
      const reply = refused(status, body ?? { error }, headers)
      for (const mode of ["generate", "stream"] as const) {
        assert.strictEqual(yield* outcome(dialect, reply, mode), says, mode)
      }
    }),
  )
})
