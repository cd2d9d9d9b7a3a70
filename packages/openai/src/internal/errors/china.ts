/** DeepSeek, Moonshot, Alibaba, MiniMax, SiliconFlow. */
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

const deepseek = "https://api-docs.deepseek.com/quick_start/error_codes"
const moonshot = "https://platform.moonshot.ai/docs/api/chat#error-handling"
const alibaba = "https://help.aliyun.com/en/model-studio/error-code"
const minimax = "https://platform.minimax.io/docs/api-reference/errorcode"

export const deepseekRules: ReadonlyArray<ErrorRule> = [
  {
    id: "deepseek/balance",
    reason: "billing",
    when: [{ message: /^insufficient balance$/i }],
    source: deepseek,
    cases: [
      {
        status: 402,
        body: {
          error: { message: "Insufficient Balance", type: "unknown_error", param: null, code: "invalid_request_error" },
        },
      },
    ],
  },
  {
    id: "deepseek/content",
    reason: "contentPolicy",
    when: [{ message: /^content exists risk/i }],
    source: "666ghj/BettaFish#108",
    cases: [{ status: 400, body: { error: { message: "Content Exists Risk", type: "invalid_request_error" } } }],
  },
  {
    id: "deepseek/key",
    reason: "invalidKey",
    when: [{ status: [401], message: /^authentication fails/i }],
    source: deepseek,
    cases: [
      {
        status: 401,
        body: {
          error: {
            message: "Authentication Fails, Your api key: ****abcd is invalid",
            type: "authentication_error",
            param: null,
            code: "invalid_request_error",
          },
        },
      },
    ],
  },
]

export const moonshotRules: ReadonlyArray<ErrorRule> = [
  {
    id: "moonshot/quota",
    reason: "billing",
    when: [{ name: ["exceeded_current_quota_error"] }],
    source: "MoonshotAI/kimi-code#1857",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message:
              "Your account org-1 <ak-1> is suspended due to insufficient balance, please recharge your account or check your plan and billing details",
            type: "exceeded_current_quota_error",
          },
        },
      },
      {
        status: 403,
        body: {
          error: {
            message:
              "Your account xx is not active, organization xx exceeded current quota, please check your plan and billing details",
            type: "exceeded_current_quota_error",
          },
        },
      },
    ],
  },
  {
    id: "moonshot/overloaded",
    reason: "overloaded",
    when: [{ name: ["engine_overloaded_error"] }],
    source: "MoonshotAI/kimi-code#3176",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message: "The engine is currently overloaded, please try again later",
            type: "engine_overloaded_error",
          },
        },
      },
    ],
  },
  {
    id: "moonshot/rate-limit",
    reason: "rateLimit",
    when: [{ name: ["rate_limit_reached_error"] }],
    source: "MoonshotAI/Kimi-K2#34",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message:
              "Your account org-1 <ak-1> request reached organization max RPM: 3, please try again after 1 seconds",
            type: "rate_limit_reached_error",
          },
        },
        retryAfter: 1000,
      },
    ],
  },
  {
    id: "moonshot/token-limit",
    reason: "contextWindow",
    when: [{ message: /exceeded model token limit: ?\d+/i }],
    source: "MoonshotAI/kimi-cli#2011",
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)",
            type: "invalid_request_error",
          },
        },
      },
    ],
  },
  {
    id: "moonshot/content",
    reason: "contentPolicy",
    when: [{ name: ["content_filter"], message: /considered high risk/i }],
    source: moonshot,
    cases: [
      {
        status: 400,
        body: {
          error: { message: "The request was rejected because it was considered high risk", type: "content_filter" },
        },
      },
    ],
  },
  {
    id: "moonshot/model",
    reason: "modelNotFound",
    when: [{ name: ["resource_not_found_error"] }],
    source: moonshot,
    cases: [
      {
        status: 404,
        body: {
          error: { message: "Not found the model kimi-9 or Permission denied", type: "resource_not_found_error" },
        },
      },
    ],
  },
]

export const alibabaRules: ReadonlyArray<ErrorRule> = [
  {
    id: "alibaba/arrears",
    reason: "billing",
    when: [{ name: ["Arrearage"] }],
    source: alibaba,
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "Access denied, please make sure your account is in good standing.",
            type: "Arrearage",
            param: null,
            code: "Arrearage",
          },
        },
      },
    ],
  },
  {
    id: "alibaba/free-quota",
    reason: "quota",
    when: [
      { name: ["AllocationQuota.FreeTierOnly", "CommodityNotPurchased", "PrepaidBillOverdue", "PostpaidBillOverdue"] },
      { message: /free (?:allocated quota exceeded|tier .{0,60}exhausted)/i },
    ],
    source: alibaba,
    cases: [
      {
        status: 403,
        body: {
          error: {
            message:
              "The free tier of the model has been exhausted. If you wish to continue access the model on a paid basis, please disable the free tier only mode.",
            type: "AllocationQuota.FreeTierOnly",
            code: "AllocationQuota.FreeTierOnly",
          },
        },
      },
      {
        status: 429,
        body: { error: { message: "Free allocated quota exceeded.", code: "Throttling.AllocationQuota" } },
      },
    ],
  },
  {
    // In the words of OpenAI, but of the tokens of this minute.
    id: "alibaba/tokens-per-minute",
    reason: "rateLimit",
    when: [
      {
        name: ["insufficient_quota"],
        message: /^allocated quota exceeded|(?:aliyun|alibabacloud)\.com/i,
        status: [429],
      },
    ],
    source: "https://www.alibabacloud.com/help/en/model-studio/rate-limit",
    cases: [
      {
        status: 429,
        body: {
          error: {
            message: "Allocated quota exceeded, please increase your quota limit.",
            type: "insufficient_quota",
            code: "insufficient_quota",
          },
        },
      },
      {
        status: 429,
        body: {
          error: {
            message:
              "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://help.aliyun.com/zh/dashscope/developer-reference/metering-and-billing.",
            type: "insufficient_quota",
            code: "insufficient_quota",
          },
        },
      },
    ],
  },
  {
    id: "alibaba/throttling",
    reason: "rateLimit",
    when: [
      {
        name: [
          "Throttling",
          "Throttling.RateQuota",
          "Throttling.AllocationQuota",
          "Throttling.BurstRate",
          "LimitRequests",
          "limit_requests",
        ],
      },
    ],
    source: "https://help.aliyun.com/en/model-studio/error-code-start",
    cases: [
      {
        status: 429,
        body: {
          error: { message: "Requests rate limit exceeded, please try again later.", code: "Throttling.RateQuota" },
        },
      },
      {
        status: 429,
        body: {
          error: {
            message: "You exceeded your current requests list.",
            type: "limit_requests",
            param: null,
            code: "limit_requests",
          },
        },
      },
    ],
  },
  {
    id: "alibaba/input-length",
    reason: "contextWindow",
    when: [{ message: /range of input length should be/i }],
    source: "https://www.alibabacloud.com/help/es/model-studio/coding-plan-faq",
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]",
            type: "invalid_request_error",
            param: null,
            code: "invalid_parameter_error",
          },
        },
      },
    ],
  },
  {
    id: "alibaba/inspection",
    reason: "contentPolicy",
    when: [
      { name: ["DataInspectionFailed", "data_inspection_failed"] },
      { message: /data may contain inappropriate content/i },
    ],
    source: alibaba,
    cases: [
      {
        status: 400,
        body: {
          error: {
            message: "Input data may contain inappropriate content.",
            type: "data_inspection_failed",
            code: "data_inspection_failed",
          },
        },
      },
    ],
  },
  {
    id: "alibaba/key",
    reason: "invalidKey",
    when: [{ name: ["InvalidApiKey"] }],
    source: "https://help.aliyun.com/en/model-studio/error-code-start",
    cases: [{ status: 401, body: { code: "InvalidApiKey", message: "Invalid API-key provided.", request_id: "r-1" } }],
  },
  {
    id: "alibaba/model",
    reason: "modelNotFound",
    when: [{ name: ["Model.AccessDenied", "ModelNotFound", "Model.NotFound", "model_not_supported"] }],
    source: "https://help.aliyun.com/en/model-studio/error-code-start",
    cases: [{ status: 403, body: { code: "Model.AccessDenied", message: "Model access denied.", request_id: "r-1" } }],
  },
]

export const otherRules: ReadonlyArray<ErrorRule> = [
  {
    id: "minimax/balance",
    reason: "billing",
    when: [{ message: /insufficient balance \(1008\)/i }],
    source: minimax,
    cases: [
      { status: 500, body: { error: { type: "insufficient_balance_error", message: "insufficient balance (1008)" } } },
    ],
  },
  {
    id: "minimax/key",
    reason: "invalidKey",
    when: [{ message: /\((?:1004|2049)\)$/ }],
    source: "MiniMax-AI/MiniMax-M2.5#18",
    cases: [
      { status: 200, body: { base_resp: { status_code: 2049, status_msg: "invalid api key" } } },
      { status: 200, body: { base_resp: { status_code: 1004, status_msg: "not authorized" } } },
      {
        status: 200,
        body: { id: "1", choices: null, base_resp: { status_code: 1004, status_msg: "login fail: no Authorization" } },
      },
    ],
  },
  {
    id: "minimax/rate",
    reason: "rateLimit",
    when: [{ message: /rate limit.*\(1002\)/i }],
    source: minimax,
    cases: [{ status: 200, body: { base_resp: { status_code: 1002, status_msg: "rate limit exceeded" } } }],
  },
  {
    id: "minimax/context",
    reason: "contextWindow",
    when: [{ message: /context window exceeds limit \(2013\)/i }],
    source: minimax,
    cases: [
      {
        status: 400,
        body: { error: { type: "bad_request_error", message: "invalid params, context window exceeds limit (2013)" } },
      },
    ],
  },
  {
    id: "siliconflow/prompt-tokens",
    reason: "contextWindow",
    when: [{ message: /number of input tokens \(\d+\) has exceeded max_prompt_tokens/i }],
    source: "leookun/cursor-byok#129",
    cases: [
      {
        status: 400,
        body: {
          code: 20015,
          message: "number of input tokens (204703) has exceeded max_prompt_tokens (202752) limit.",
          data: null,
        },
      },
    ],
  },
]
