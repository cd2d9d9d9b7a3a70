/** Z.AI, also called Zhipu and BigModel. Its business codes stand beside statuses that say little. */
import { type ErrorRule } from "@holdfast/core/provider/ErrorRule"

const bigmodel = "https://docs.bigmodel.cn/cn/api/api-code"

// Statuses beside which the business codes come; other vendors use the same numbers for other things.
const zaiStatuses = [undefined, 400, 401, 403, 404, 429, 434, 500]

const zaiRule = ({
  codes,
  source = bigmodel,
  status = zaiStatuses,
  ...rule
}: Pick<ErrorRule, "id" | "reason" | "cases"> & {
  readonly codes: ReadonlyArray<string>
  readonly source?: string
  readonly status?: ReadonlyArray<number | undefined>
}): ErrorRule => ({
  ...rule,
  source,
  // Their Anthropic-compatible endpoint puts the code into the type, or into the message.
  when: [
    { name: codes, status },
    { message: new RegExp(`^\\[(?:${codes.join("|")})\\]`), status },
  ],
  // Times without a zone are those of Beijing.
  zone: "+08:00",
})

export const zaiRules: ReadonlyArray<ErrorRule> = [
  zaiRule({
    id: "zai/balance",
    reason: "billing",
    codes: ["1113", "1309"],
    cases: [
      {
        status: 429,
        body: { error: { code: "1113", message: "Insufficient balance or no resource package. Please recharge." } },
      },
      {
        status: 429,
        body: { error: { type: "1113", message: "Insufficient balance or no resource package. Please recharge." } },
      },
      {
        status: 429,
        body: {
          error: {
            type: "rate_limit_error",
            code: "1113",
            message: "[1113][Insufficient balance or no resource package. Please recharge.][20260922232915]",
          },
        },
      },
      { status: 429, body: { error: { code: "1113", message: "余额不足或无可用资源包,请充值。" } } },
    ],
    source: "zai-org/feedback#789",
  }),
  zaiRule({
    id: "zai/prompt-too-long",
    reason: "contextWindow",
    codes: ["1261"],
    cases: [
      { status: 400, body: { error: { code: "1261", message: "Prompt too long" } } },
      { status: 400, body: { error: { code: "1261", message: "Prompt 超长" } } },
    ],
    source: "earendil-works/pi#9805",
  }),
  zaiRule({
    id: "zai/plan-limit",
    reason: "quota",
    codes: ["1304", "1308", "1310"],
    cases: [
      {
        status: 429,
        body: { error: { code: "1308", message: "已达到 5 小时的使用上限。您的限额将在 2026-11-28 21:00:00 重置。" } },
        headers: { date: "Sat, 28 Nov 2026 12:00:00 GMT" },
        retryAfter: 3_600_000,
      },
      {
        status: 429,
        body: {
          error: {
            code: "1308",
            message: "Usage limit reached for 5 hour. Your limit will reset at 2026-11-28 20:30:00",
          },
        },
        headers: { date: "Sat, 28 Nov 2026 12:00:00 GMT" },
        retryAfter: 1_800_000,
      },
    ],
    source: "dirge-code/dirge#818",
  }),
  zaiRule({
    id: "zai/rate-limit",
    reason: "rateLimit",
    codes: ["1302", "1303"],
    cases: [
      {
        status: 429,
        body: {
          error: {
            code: "1302",
            message:
              "High concurrency usage of this API, please reduce concurrency or contact customer service to increase limits",
          },
        },
      },
    ],
    source: "kaitranntt/ccs#402",
  }),
  zaiRule({
    id: "zai/overloaded",
    reason: "overloaded",
    codes: ["1305", "1312"],
    cases: [
      { status: 429, body: { error: { code: "1305", message: "The API has triggered a traffic limit." } } },
      { status: 429, body: { error: { code: "1312", message: "该模型当前访问量过大，请您稍后再试" } } },
    ],
  }),
  zaiRule({
    id: "zai/content",
    reason: "contentPolicy",
    codes: ["1301"],
    cases: [
      {
        status: 400,
        body: {
          error: {
            code: "1301",
            message: "System detected potentially unsafe or sensitive content in input or generation.",
          },
        },
      },
    ],
  }),
  zaiRule({
    id: "zai/key",
    reason: "invalidKey",
    codes: ["1000", "1001", "1002", "1003", "1004"],
    status: [401],
    cases: [
      {
        status: 401,
        body: {
          error: {
            code: "1002",
            message: "Authorization Token is invalid, please confirm that it is correctly passed.",
          },
        },
      },
    ],
  }),
  zaiRule({
    id: "zai/account",
    reason: "permission",
    codes: ["1110", "1111", "1112", "1121", "1220", "1311", "1313"],
    cases: [
      { status: 429, body: { error: { code: "1112", message: "Your account has been locked." } } },
      {
        status: 429,
        body: { error: { code: "1311", message: "The current subscription plan does not include access to GLM-5" } },
      },
    ],
  }),
  zaiRule({
    id: "zai/model",
    reason: "modelNotFound",
    codes: ["1211", "1221", "1222"],
    cases: [
      { status: 400, body: { error: { code: "1211", message: "Model does not exist, please check the model code." } } },
    ],
  }),
  zaiRule({
    id: "zai/parameters",
    reason: "invalidRequest",
    codes: ["1210", "1212", "1213", "1214", "1215"],
    cases: [{ status: 400, body: { error: { code: "1214", message: "Invalid parameter: messages" } } }],
  }),
]
