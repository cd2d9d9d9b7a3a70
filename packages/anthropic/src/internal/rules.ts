/** How the errors of Anthropic, and of servers that speak as it does, are read. */
import { commonRules } from "@holdfast/core/provider/CommonErrorRules"
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

const errors = "https://platform.claude.com/docs/en/api/errors"
const limits = "https://docs.claude.com/en/api/rate-limits"

const body = (type: string, message: string, fields: object = {}): unknown => ({
  type: "error",
  error: { type, message, ...fields },
  request_id: "req_1",
})

const anthropicRules: ReadonlyArray<ErrorRule> = [
  {
    id: "anthropic/file-storage",
    reason: "quota",
    when: [{ name: ["storage_quota_exceeded"] }],
    source: "https://platform.claude.com/docs/en/build-with-claude/files",
    cases: [
      {
        status: 400,
        body: body("invalid_request_error", "The organization's file storage quota is exhausted.", {
          details: { error_code: "storage_quota_exceeded" },
        }),
      },
    ],
  },
  {
    id: "anthropic/usage-limits",
    reason: "quota",
    when: [{ message: /reached your specified API usage limits/i }],
    source: "anthropics/claude-code#38038",
    cases: [
      {
        status: 400,
        body: body(
          "invalid_request_error",
          "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
        ),
        headers: { date: "Mon, 30 Nov 2026 12:00:00 GMT" },
        retryAfter: 43_200_000,
      },
      {
        status: 500,
        body: '{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits."}}',
      },
    ],
  },
  {
    id: "anthropic/spend-limit",
    reason: "quota",
    when: [{ limit: /spend_limit_reached$/ }],
    source: limits,
    cases: [
      {
        status: 429,
        body: body("rate_limit_error", "This request would exceed a limit.", {
          details: { error_code: "contract_spend_limit_reached" },
        }),
      },
    ],
  },
  {
    id: "anthropic/credit-balance",
    reason: "billing",
    when: [{ message: /credit balance is too low/i }, { name: ["billing_error"] }],
    source: errors,
    cases: [
      {
        status: 400,
        body: body(
          "invalid_request_error",
          "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
        ),
      },
      { status: 402, body: body("billing_error", "There is an issue with your billing.") },
    ],
  },
  {
    id: "anthropic/context-window",
    reason: "contextWindow",
    when: [
      { message: /prompt is too long(?:: \d+ tokens > \d+ maximum)?/i, status: [undefined, 400, 413, 422, 500] },
      { message: /input length and [`'"]?max_tokens[`'"]? exceed context limit/i },
      { name: ["model_context_window_exceeded"] },
    ],
    source: "continuedev/continue#8454",
    cases: [
      { status: 400, body: body("invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum") },
      {
        status: 400,
        body: body(
          "invalid_request_error",
          "input length and `max_tokens` exceed context limit: 143653 + 64000 > 200000, decrease input length or `max_tokens` and try again",
        ),
      },
      { body: body("invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum") },
    ],
  },
  {
    id: "anthropic/long-context-access",
    reason: "permission",
    when: [
      { message: /long context beta is not (?:yet )?available/i },
      { message: /extra usage is required for long context/i },
    ],
    source: limits,
    cases: [
      {
        status: 400,
        body: body("invalid_request_error", "The long context beta is not yet available for this subscription."),
      },
      { status: 429, body: body("rate_limit_error", "Extra usage is required for long context requests.") },
    ],
  },
  {
    id: "anthropic/request-size",
    reason: "invalidRequest",
    when: [{ name: ["request_too_large"] }],
    source: errors,
    cases: [{ status: 413, body: body("request_too_large", "Request exceeds the maximum size") }],
  },
  {
    id: "anthropic/overloaded",
    reason: "overloaded",
    when: [{ name: ["overloaded_error"] }],
    source: errors,
    cases: [
      { status: 529, body: body("overloaded_error", "Overloaded"), headers: { "x-should-retry": "true" } },
      { body: body("overloaded_error", "Overloaded") },
    ],
  },
  {
    id: "anthropic/rate-limit",
    reason: "rateLimit",
    when: [{ name: ["rate_limit_error"], message: /would exceed (?:the|your) .{0,60}rate limit|acceleration limit/i }],
    source: "FoundationAgents/OpenManus#746",
    cases: [
      {
        status: 429,
        body: body(
          "rate_limit_error",
          "This request would exceed the rate limit for your organization of 20,000 input tokens per minute.",
        ),
        headers: {
          date: "Sat, 28 Nov 2026 12:00:00 GMT",
          "anthropic-ratelimit-input-tokens-remaining": "0",
          "anthropic-ratelimit-input-tokens-reset": "2026-11-28T12:00:41Z",
          "anthropic-ratelimit-requests-remaining": "49",
          "anthropic-ratelimit-requests-reset": "2026-11-28T12:00:01Z",
        },
        retryAfter: 41_000,
      },
    ],
  },
  {
    id: "anthropic/origin",
    reason: "permission",
    when: [{ name: ["authentication_error"], message: /^CORS requests are not allowed/ }],
    source: errors,
    cases: [
      {
        status: 401,
        body: body("authentication_error", "CORS requests are not allowed for this Organization."),
      },
    ],
  },
  {
    id: "anthropic/key",
    reason: "invalidKey",
    when: [{ name: ["authentication_error"] }],
    source: errors,
    cases: [{ status: 401, body: body("authentication_error", "invalid x-api-key") }],
  },
  {
    id: "anthropic/permission",
    reason: "permission",
    when: [{ name: ["permission_error"] }],
    source: errors,
    cases: [
      {
        status: 403,
        body: body("permission_error", "Your API key does not have permission to use the specified resource."),
      },
    ],
  },
  {
    id: "anthropic/model",
    reason: "modelNotFound",
    when: [{ name: ["not_found_error"], message: /^model: / }],
    source: errors,
    cases: [{ status: 404, body: body("not_found_error", "model: claude-sonnet-9") }],
  },
  {
    id: "anthropic/content",
    reason: "contentPolicy",
    when: [{ message: /output blocked by content filtering policy|appears to violate our usage policy/i }],
    source: errors,
    cases: [{ status: 400, body: body("invalid_request_error", "Output blocked by content filtering policy") }],
  },
  {
    id: "anthropic/zai-balance",
    reason: "billing",
    when: [{ name: ["1113", "1309"] }, { message: /^\[(?:1113|1309)\]/ }],
    source: "anthropics/claude-code#9201",
    cases: [
      { status: 429, body: body("1113", "Insufficient balance or no resource package. Please recharge.") },
      {
        status: 429,
        body: body("rate_limit_error", "[1113][Insufficient balance or no resource package. Please recharge.][2026]", {
          code: "1113",
        }),
      },
    ],
  },
  {
    id: "anthropic/zai-plan-limit",
    reason: "quota",
    when: [{ name: ["1304", "1308", "1310"] }, { message: /^\[(?:1304|1308|1310)\]/ }],
    source: "https://docs.bigmodel.cn/cn/api/api-code",
    cases: [
      {
        status: 429,
        body: body("1308", "Usage limit reached for 5 hour. Your limit will reset at 2026-11-28 20:30:00"),
        headers: { date: "Sat, 28 Nov 2026 12:00:00 GMT" },
        retryAfter: 1_800_000,
      },
    ],
    zone: "+08:00",
  },
  {
    id: "anthropic/bedrock-too-long",
    reason: "contextWindow",
    when: [{ message: /input is too long for requested model/i }],
    source: "aws-samples/bedrock-chat#95",
    cases: [{ status: 400, body: { message: "Input is too long for requested model." } }],
  },
  {
    id: "anthropic/bedrock-throttled",
    reason: "rateLimit",
    when: [{ message: /^too many (?:tokens|requests|connections), please wait/i }],
    source: "hyunhwan-bcm/MARRVEL_MCP#225",
    cases: [{ status: 429, body: { message: "Too many tokens, please wait before trying again." } }],
  },
  {
    id: "anthropic/bedrock-tokens-per-day",
    reason: "quota",
    when: [{ message: /^too many tokens per day/i }],
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    cases: [{ status: 429, body: { message: "Too many tokens per day, please wait before trying again." } }],
  },
]

export const rules: ReadonlyArray<ErrorRule> = [...anthropicRules, ...commonRules]
