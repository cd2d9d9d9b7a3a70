import { type ErrorRule } from "../../../provider/ErrorRule.ts"
import { error, openaiErrors } from "./sources.ts"

/** Refusals for what was asked. */
export const content: ReadonlyArray<ErrorRule> = [
  {
    id: "common/content-policy",
    reason: "contentPolicy",
    when: [
      {
        name: [
          "content_policy_violation",
          "content_filter",
          "content_filtered",
          "moderation_blocked",
          "invalid_prompt",
          "sensitive_words_detected",
          "safety_check_failed",
        ],
      },
      {
        message: /usage polic(?:y|ies)|content management policy|flagged (?:by|as)\b|Content Exists Risk/i,
        status: [undefined, 400, 403, 422],
      },
    ],
    source: openaiErrors,
    cases: [
      {
        status: 400,
        body: error("Your request was rejected by the safety system.", { code: "content_policy_violation" }),
      },
      { status: 400, body: error("Content Exists Risk", { type: "invalid_request_error" }) },
      { status: 403, body: error("Input was flagged by moderation") },
    ],
  },
]
