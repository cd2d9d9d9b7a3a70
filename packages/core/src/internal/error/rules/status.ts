import { type ErrorRule, type Reason } from "../../../provider/ErrorRule.ts"

const rfc = "https://www.rfc-editor.org/rfc/rfc9110#section-15"

const status = (code: number, reason: Reason, source = rfc): ErrorRule => ({
  id: `http/${code}`,
  reason,
  when: [{ status: [code] }],
  source,
  cases: [{ status: code, body: { error: { message: "words that nobody knows" } } }],
  statusOnly: true,
})

const from = (low: number, high: number): ReadonlyArray<number> =>
  Array.from({ length: high - low }, (_, index) => low + index)

/** Nothing is known of the error. */
export const unknown: ErrorRule = {
  id: "http/none",
  reason: "serverError",
  when: [{}],
  source: rfc,
  cases: [{ body: { error: { message: "words that nobody knows" } } }],
  statusOnly: true,
}

/** What a status says where the words are not known, in the order in which they are asked. The last ones know nothing. */
export const statusRules: ReadonlyArray<ErrorRule> = [
  status(401, "invalidKey"),
  status(402, "billing"),
  status(403, "permission"),
  status(408, "timeout"),
  status(409, "conflict"),
  status(425, "serverError", "https://www.rfc-editor.org/rfc/rfc8470#section-5.2"),
  status(429, "rateLimit", "https://www.rfc-editor.org/rfc/rfc6585#section-4"),
  status(504, "timeout"),
  status(529, "overloaded", "https://platform.claude.com/docs/en/api/errors"),
  {
    id: "http/4xx",
    reason: "invalidRequest",
    when: [{ status: from(400, 500) }],
    source: `${rfc}.5`,
    cases: [
      { status: 400, body: { error: { message: "words that nobody knows" } } },
      { status: 418, body: "" },
    ],
    statusOnly: true,
  },
  {
    id: "http/5xx",
    reason: "serverError",
    when: [{ status: from(500, 600) }],
    source: `${rfc}.6`,
    cases: [
      { status: 500, body: { error: { message: "words that nobody knows" } } },
      { status: 599, body: "" },
    ],
    statusOnly: true,
  },
  unknown,
]
