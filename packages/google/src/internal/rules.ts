/** How the errors of Google are read. */
import { commonRules } from "@holdfast/core/provider/CommonErrorRules"
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

const errors = "https://ai.google.dev/gemini-api/docs/generate-content/api-errors"
const limits = "https://ai.google.dev/gemini-api/docs/rate-limits"

const body = (code: number, status: string, message: string, details: ReadonlyArray<object> = []): unknown => ({
  error: { code, message, status, ...(details.length > 0 && { details }) },
})

const info = (reason: string, metadata: object = {}) => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  domain: "googleapis.com",
  metadata,
})
const retry = (retryDelay: string) => ({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay })
const quota = (quotaId: string, quotaValue?: string) => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [{ quotaId, ...(quotaValue !== undefined && { quotaValue }) }],
})

const exceeded =
  "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."

const googleRules: ReadonlyArray<ErrorRule> = [
  {
    id: "google/file-storage",
    reason: "quota",
    when: [{ name: ["RESOURCE_EXHAUSTED"], message: /storage quota/i }],
    source: "https://ai.google.dev/gemini-api/docs/files",
    cases: [
      {
        status: 429,
        body: body(429, "RESOURCE_EXHAUSTED", "You have exceeded your file storage quota: 20 GB per project."),
      },
    ],
  },
  {
    id: "google/quota-of-a-day",
    reason: "quota",
    when: [{ name: ["RESOURCE_EXHAUSTED"], limit: /Per(?:Day|Month)|=0(?:$| )/ }, { name: ["QUOTA_EXHAUSTED"] }],
    source: limits,
    cases: [
      {
        status: 429,
        body: body(429, "RESOURCE_EXHAUSTED", exceeded, [
          quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "50"),
          retry("20s"),
        ]),
      },
      {
        status: 429,
        body: body(
          429,
          "RESOURCE_EXHAUSTED",
          "You have exhausted your capacity on this model. Your quota will reset after 9h40m33s.",
          [info("QUOTA_EXHAUSTED"), retry("34833.9s")],
        ),
        retryAfter: 34_833_900,
      },
      {
        status: 429,
        body: body(429, "RESOURCE_EXHAUSTED", exceeded, [quota("GenerateContentFreeTierTokensPerMinute", "0")]),
      },
      {
        status: 429,
        body: body(429, "RESOURCE_EXHAUSTED", "Quota exceeded", [
          info("RATE_LIMIT_EXCEEDED", { quota_limit: "Gemini25ProRequestsPerDay" }),
        ]),
      },
    ],
  },
  {
    id: "google/quota-of-nothing",
    reason: "quota",
    when: [{ name: ["RESOURCE_EXHAUSTED"], message: /\blimit: 0\b/ }],
    source: limits,
    cases: [
      {
        status: 429,
        body: body(429, "RESOURCE_EXHAUSTED", "* Quota exceeded for metric: free_tier_requests, limit: 0"),
      },
    ],
  },
  {
    id: "google/credits",
    reason: "billing",
    when: [
      {
        message:
          /credits are depleted|spending (?:cap|limit)|billing (?:account )?(?:is |has been )?(?:disabled|not enabled)/i,
      },
      { status: [402] },
    ],
    source: "https://ai.google.dev/gemini-api/docs/generate-content/api-errors",
    cases: [
      { status: 402, body: body(402, "RESOURCE_EXHAUSTED", "You have used up your prepaid balance.") },
      { status: 429, body: body(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.") },
      { status: 429, body: body(429, "RESOURCE_EXHAUSTED", "Your project has exceeded its monthly spending cap.") },
    ],
  },
  {
    id: "google/rate-limit",
    reason: "rateLimit",
    when: [{ name: ["RESOURCE_EXHAUSTED"] }],
    source: limits,
    cases: [
      {
        status: 429,
        body: body(429, "RESOURCE_EXHAUSTED", exceeded, [
          quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
          retry("34.4s"),
        ]),
        retryAfter: 34_400,
      },
      { status: 429, body: body(429, "RESOURCE_EXHAUSTED", `${exceeded}\nPlease retry in 900.2ms.`), retryAfter: 901 },
      { status: 429, body: body(429, "RESOURCE_EXHAUSTED", "Please retry in 4m59s."), retryAfter: 299_000 },
      { status: 429, body: body(429, "RESOURCE_EXHAUSTED", "Please retry in 9h40m33s."), retryAfter: 34_833_000 },
      { status: 429, body: [body(429, "RESOURCE_EXHAUSTED", "slow down")] },
    ],
  },
  {
    id: "google/key",
    reason: "invalidKey",
    when: [
      { name: ["API_KEY_INVALID", "API_KEY_EXPIRED"] },
      { message: /^API key (?:not valid|expired)/i },
      { name: ["UNAUTHENTICATED"] },
    ],
    source: "https://ai.google.dev/gemini-api/docs/api-key",
    cases: [
      {
        status: 400,
        body: body(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
          info("API_KEY_INVALID"),
        ]),
      },
      { status: 400, body: body(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.") },
      { status: 401, body: body(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.") },
    ],
  },
  {
    id: "google/region",
    reason: "region",
    when: [{ name: ["FAILED_PRECONDITION"], message: /location is not supported/i }],
    source: "google-gemini/gemini-cli#24641",
    cases: [{ status: 400, body: body(400, "FAILED_PRECONDITION", "User location is not supported for the API use.") }],
  },
  {
    id: "google/token-count",
    reason: "contextWindow",
    when: [
      { message: /input token count.{0,40}exceeds the maximum number of tokens/i },
      { message: /exceeds the limit of \d+ tokens|exceeds the maximum (?:input )?token/i },
    ],
    source: "google-gemini/gemini-cli#27197",
    cases: [
      {
        status: 400,
        body: body(
          400,
          "INVALID_ARGUMENT",
          "The input token count (81881) exceeds the maximum number of tokens allowed (65536).",
        ),
      },
    ],
  },
  {
    id: "google/capacity",
    reason: "overloaded",
    when: [
      { name: ["MODEL_CAPACITY_EXHAUSTED"] },
      { status: [undefined, 429, 503], message: /overloaded|no capacity|high demand/i },
    ],
    source: "google-gemini/gemini-cli#23520",
    cases: [
      {
        status: 503,
        body: body(503, "UNAVAILABLE", "No capacity available for model gemini-3-pro-high on the server", [
          info("MODEL_CAPACITY_EXHAUSTED"),
          retry("40s"),
        ]),
        retryAfter: 40_000,
      },
      { status: 503, body: body(503, "UNAVAILABLE", "The model is overloaded. Please try again later.") },
      {
        status: 503,
        body: body(
          503,
          "UNAVAILABLE",
          "This model is currently experiencing high demand. Spikes in demand are usually temporary.",
        ),
      },
    ],
  },
  {
    id: "google/model",
    reason: "modelNotFound",
    when: [{ name: ["NOT_FOUND"], message: /models\/\S{1,100} is not found|publisher model/i }],
    source: errors,
    cases: [
      {
        status: 404,
        body: body(
          404,
          "NOT_FOUND",
          "models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.",
        ),
      },
    ],
  },
  {
    id: "google/permission",
    reason: "permission",
    when: [{ name: ["PERMISSION_DENIED"] }],
    source: errors,
    cases: [
      {
        status: 403,
        body: body(403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key."),
      },
    ],
  },
  {
    id: "google/deadline",
    reason: "timeout",
    when: [{ name: ["DEADLINE_EXCEEDED"] }],
    source: errors,
    cases: [{ status: 504, body: body(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.") }],
  },
  {
    id: "google/internal",
    reason: "serverError",
    when: [{ name: ["INTERNAL", "UNAVAILABLE", "UNKNOWN"], status: [undefined, 500, 501, 502, 503] }],
    source: errors,
    cases: [
      { status: 500, body: body(500, "INTERNAL", "An internal error has occurred. Please retry or report it.") },
      { status: 503, body: body(503, "UNAVAILABLE", "The service is currently unavailable.") },
    ],
  },
  {
    id: "google/aborted",
    reason: "conflict",
    when: [{ name: ["ABORTED"], status: [undefined, 409] }],
    source: errors,
    cases: [{ status: 409, body: body(409, "ABORTED", "The operation was aborted.") }],
  },
  {
    id: "google/invalid-argument",
    reason: "invalidRequest",
    when: [{ name: ["INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"], status: [undefined, 400] }],
    source: errors,
    cases: [
      {
        status: 400,
        body: body(
          400,
          "INVALID_ARGUMENT",
          "Please ensure that function call turn comes immediately after a user turn.",
        ),
      },
    ],
  },
]

export const rules: ReadonlyArray<ErrorRule> = [...googleRules, ...commonRules]
