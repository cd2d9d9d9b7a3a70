import { type ErrorRule } from "../../../provider/ErrorRule.ts"
import { anthropicErrors, error } from "./sources.ts"

/** Quotas, balances, limits on spending. */
export const money: ReadonlyArray<ErrorRule> = [
  {
    id: "common/quota-names",
    reason: "quota",
    when: [
      {
        name: [
          "insufficient_quota",
          "quota_exceeded",
          "usage_limit_reached",
          "monthly_limit_exceeded",
          "spend_limit_exceeded",
          "organization_spend_limit_exceeded",
          "project_spend_limit_exceeded",
          "organization_usage_limit_exceeded",
        ],
      },
    ],
    source: "https://help.openai.com/en/articles/5955604-troubleshooting-api-rate-limits-and-429-errors",
    cases: [
      {
        status: 429,
        body: error("You exceeded your current quota, please check your plan and billing details.", {
          type: "insufficient_quota",
          code: "insufficient_quota",
        }),
      },
      {
        status: 429,
        body: error("The project has reached its spend limit.", { code: "project_spend_limit_exceeded" }),
      },
      {
        status: 429,
        body: error("The organization has reached its usage limit.", { code: "organization_usage_limit_exceeded" }),
      },
    ],
  },
  {
    id: "common/billing-names",
    reason: "billing",
    when: [
      {
        name: [
          "billing_error",
          "billing_not_active",
          "billing_hard_limit_reached",
          "insufficient_balance",
          "insufficient_credits",
          "insufficient_credit",
          "credit_balance_exhausted",
          "payment_required",
        ],
      },
    ],
    source: anthropicErrors,
    cases: [
      { status: 402, body: error("Your payment method failed.", { type: "billing_error" }) },
      { status: 429, body: error("Your account is not active.", { code: "billing_not_active" }) },
    ],
  },
  {
    id: "common/balance-words",
    reason: "billing",
    when: [
      {
        message:
          /credit balance is too low|insufficient (?:account )?(?:balance|credits?|funds)|out of credits|credits are depleted|(?:please|need to) (?:recharge|top up)|余额不足|欠费/i,
      },
    ],
    source: "anomalyco/opencode#24462",
    cases: [
      { status: 400, body: error("Your credit balance is too low to access the API.") },
      { status: 402, body: error("Insufficient Balance") },
      { status: 429, body: error("余额不足或无可用资源包,请充值。") },
      { status: 500, body: error("upstream: account has insufficient credits") },
    ],
  },
  {
    id: "common/spending-limit",
    reason: "billing",
    when: [
      {
        message:
          /(?:monthly|account|organization|project|your) (?:monthly )?(?:spend(?:ing)?|usage|billing) (?:limit|cap)\b|spending (?:limit|cap) (?:reached|exceeded)|hard limit (?:has been )?reached/i,
      },
    ],
    source: "continuedev/continue#10373",
    cases: [
      {
        status: 429,
        body: error(
          "Your team t-1 has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.",
        ),
      },
      { status: 400, body: error("Billing hard limit has been reached") },
    ],
  },
]
