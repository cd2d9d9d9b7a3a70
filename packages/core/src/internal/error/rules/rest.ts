import { type ErrorRule } from "../../../provider/ErrorRule.ts"
import { anthropicErrors, error, googleErrors, openaiErrors } from "./sources.ts"

/** Time, conflicts, failures, mistakes. */
export const rest: ReadonlyArray<ErrorRule> = [
  {
    id: "common/timeout",
    reason: "timeout",
    when: [
      { name: ["timeout_error", "request_timeout", "DEADLINE_EXCEEDED"] },
      {
        status: [undefined, 408, 500, 502, 503, 504, 524],
        message: /timed? ?out|deadline (?:has )?expired|deadline exceeded/i,
      },
    ],
    source: anthropicErrors,
    cases: [
      { status: 504, body: error("The request timed out", { type: "timeout_error" }) },
      { status: 504, body: error("upstream request timeout") },
      { status: 408, body: error("Request timed out") },
    ],
  },
  {
    id: "common/conflict",
    reason: "conflict",
    when: [{ name: ["conflict_error", "ABORTED"] }],
    source: anthropicErrors,
    cases: [{ status: 409, body: error("The operation conflicts with another", { type: "conflict_error" }) }],
  },
  {
    id: "common/server-error-names",
    reason: "serverError",
    when: [
      {
        name: [
          "server_error",
          "api_error",
          "internal_error",
          "internal_server_error",
          "INTERNAL",
          "UNAVAILABLE",
          "UNKNOWN",
          "unavailable_error",
        ],
        status: [undefined, 500, 502, 503, 504, 520],
      },
      {
        status: [undefined, 500, 502, 503],
        message:
          /^(?:internal server error|an internal (?:server )?error|the server had an error|bad gateway|service (?:temporarily )?unavailable)/i,
      },
    ],
    source: googleErrors,
    cases: [
      { status: 500, body: error("The server had an error while processing your request.", { type: "server_error" }) },
      { status: 503, body: error("The service is currently unavailable.", { type: "UNAVAILABLE" }) },
      { status: 500, body: error("Internal server error") },
    ],
  },
  {
    id: "common/invalid-request-names",
    reason: "invalidRequest",
    when: [
      {
        name: [
          "invalid_request_error",
          "not_found_error",
          "request_too_large",
          "INVALID_ARGUMENT",
          "FAILED_PRECONDITION",
          "NOT_FOUND",
          "OUT_OF_RANGE",
          "string_above_max_length",
          "invalid_image",
          "unsupported_parameter",
          "unsupported_value",
          "invalid_value",
          "BadRequestError",
        ],
        status: [undefined, 400, 404, 405, 412, 413, 415, 422, 431],
      },
      { name: ["UNIMPLEMENTED"], status: [undefined, 400, 404] },
    ],
    source: openaiErrors,
    cases: [
      {
        status: 400,
        body: error("Unsupported value: 'temperature'", { type: "invalid_request_error", code: "unsupported_value" }),
      },
      { status: 413, body: error("Request exceeds the maximum size", { type: "request_too_large" }) },
      { body: error("messages: at least one message is required", { type: "invalid_request_error" }) },
    ],
  },
]
