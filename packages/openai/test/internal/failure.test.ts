import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@holdfast/core"
import { headersOf } from "@holdfast/core/provider/SdkStream"
import { Option } from "effect"
import { type AiError } from "effect/ai"
import { OpenAI } from "openai"

import { fromErrorObject, fromThrown } from "../../src/internal/failure.ts"
import { origin } from "../requests.ts"

const thrown = (cause: unknown, inStream = false) => fromThrown(OpenAI, origin, inStream)(cause)

const apiError = (status: number | undefined, body: unknown, headers: Record<string, string> = {}) =>
  status === undefined
    ? new OpenAI.APIError(undefined, body as object, undefined, new Headers(headers))
    : OpenAI.APIError.generate(status, body as object, undefined, new Headers(headers))

const summary = (error: AiError.AiError) => [error.reason._tag, Failure.classify(error).kind]

const descriptionOf = (error: AiError.AiError) =>
  "description" in error.reason ? (error.reason.description ?? "") : ""

describe("statuses", () => {
  const cases: ReadonlyArray<[number, unknown, string, Failure.Kind]> = [
    [400, { type: "invalid_request_error", param: "input" }, "InvalidRequestError", "fatal"],
    [400, { code: "context_length_exceeded" }, "InvalidRequestError", "fatal"],
    [400, { code: "content_policy_violation" }, "ContentPolicyError", "fatal"],
    [401, { code: "invalid_api_key" }, "AuthenticationError", "fatal"],
    [402, { type: "insufficient_quota" }, "QuotaExhaustedError", "fatal"],
    [403, {}, "AuthenticationError", "fatal"],
    [404, { code: "model_not_found" }, "InvalidRequestError", "fatal"],
    [408, {}, "InternalProviderError", "transient"],
    [409, {}, "InternalProviderError", "transient"],
    [413, {}, "InvalidRequestError", "fatal"],
    [422, {}, "InvalidRequestError", "fatal"],
    [429, { code: "rate_limit_exceeded" }, "RateLimitError", "throttled"],
    [429, { code: "insufficient_quota" }, "QuotaExhaustedError", "fatal"],
    [500, {}, "InternalProviderError", "transient"],
    [502, {}, "InternalProviderError", "transient"],
    [503, { code: "server_is_overloaded" }, "InternalProviderError", "overloaded"],
    [503, {}, "InternalProviderError", "transient"],
    [504, {}, "InternalProviderError", "transient"],
    [529, {}, "InternalProviderError", "overloaded"],
  ]
  it.each(cases)("%i %o", (status, error, tag, kind) => {
    assert.deepStrictEqual(summary(thrown(apiError(status, { error }))), [tag, kind])
  })

  it("keep the vendor's words, its ids and its hints", () => {
    const error = thrown(
      apiError(
        429,
        { error: { message: "Limit reached for sk-secret", type: "requests", code: "rate_limit_exceeded" } },
        { "X-Request-Id": "req_1", "Retry-After": "7", "Set-Cookie": "session" },
      ),
    )
    const { rule, ...facts } = Option.getOrThrow(Failure.facts(error))
    assert.strictEqual(rule?.reason, "rateLimit")
    assert.deepStrictEqual(facts, {
      kind: "throttled",
      message: "Limit reached for <redacted>",
      provider: "openai",
      status: 429,
      type: "requests",
      code: "rate_limit_exceeded",
      requestId: "req_1",
      retryAfter: 7000,
    })
    assert.notInclude(JSON.stringify(error), "sk-secret")
    assert.notInclude(JSON.stringify(error), "session")
  })
})

describe("bodies", () => {
  it("say what is wrong in many ways", () => {
    const said = (error: unknown) => descriptionOf(fromErrorObject(origin, error, false))
    assert.strictEqual(said({ message: "a" }), "a")
    assert.strictEqual(said("a"), "a")
    assert.strictEqual(said({ detail: [{ msg: "a" }] }), "a")
    const quoting = {
      type: "string_type",
      loc: ["body", "messages", 0],
      msg: "Input should be text",
      input: "my prompt",
    }
    assert.strictEqual(said({ detail: [quoting, { msg: "b" }] }), "body.messages.0: Input should be text; b")
    assert.strictEqual(said({ error: "a" }), "a")
    assert.strictEqual(said({ message: { a: 1 } }), '{"a":1}')
    assert.strictEqual(said({ message: "" }), "no details")
    assert.strictEqual(said(null), "no details")
    assert.isAtMost(said({ message: "x".repeat(5000) }).length, 1001)
  })

  it("of proxies are told in short", () => {
    const page =
      "<!DOCTYPE html><html><head><style>a{}</style><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
    const error = OpenAI.APIError.generate(502, undefined, page, new Headers())
    assert.deepStrictEqual(summary(thrown(error)), ["InternalProviderError", "transient"])
    assert.strictEqual(descriptionOf(thrown(error)), "an HTML page: 502 Bad Gateway")
  })

  it("may say when to come back", () => {
    const after = (message: string) =>
      Option.getOrThrow(Failure.facts(fromErrorObject(origin, { code: 429, message }, true))).retryAfter
    assert.strictEqual(after("Please try again in 20s. Visit"), 20_000)
    assert.strictEqual(after("Please try again in 1.5s."), 1500)
    assert.strictEqual(after("Please try again in 342ms."), 342)
    assert.strictEqual(after("Please try again in 6m0s."), 360_000)
    assert.strictEqual(after("Please try again in 7m32.5s."), 452_500)
    assert.strictEqual(after("Please try again in 1h2m."), 3_720_000)
    assert.isUndefined(after("Please try again in a while"))
  })

  it("may hold the status of the model behind the server", () => {
    assert.deepStrictEqual(summary(fromErrorObject(origin, { code: 429, message: "x" }, true)), [
      "RateLimitError",
      "throttled",
    ])
    assert.deepStrictEqual(summary(fromErrorObject(origin, { code: "502" }, true)), [
      "InternalProviderError",
      "transient",
    ])
    assert.deepStrictEqual(summary(fromErrorObject(origin, { code: 1000 }, true)), [
      "InternalProviderError",
      "transient",
    ])
  })
})

describe("what the SDK throws", () => {
  it("inside a stream has no status", () => {
    const error = thrown(
      apiError(undefined, { code: "server_error", message: "oops" }, { "x-request-id": "req_1" }),
      true,
    )
    assert.deepStrictEqual(summary(error), ["InternalProviderError", "transient"])
    const facts = Option.getOrThrow(Failure.facts(error))
    assert.deepStrictEqual([facts.billed, facts.requestId, facts.status], [true, "req_1", undefined])
  })

  it("may be a broken connection", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
    const causes = [
      new OpenAI.APIConnectionError({ message: "Connection error.", cause: refused }),
      new OpenAI.APIConnectionTimeoutError(),
      new OpenAI.APIUserAbortError(),
      new TypeError("terminated", { cause: refused }),
      new DOMException("aborted", "AbortError"),
    ]
    for (const cause of causes) assert.deepStrictEqual(summary(thrown(cause)), ["NetworkError", "transient"])
    assert.include(descriptionOf(thrown(causes[0])), "ECONNREFUSED")
  })

  it("may be an answer that is no answer", () => {
    assert.deepStrictEqual(summary(thrown(new SyntaxError("Unexpected token"), true)), [
      "InvalidResponseError",
      "transient",
    ])
    assert.deepStrictEqual(summary(thrown(new Error("odd"))), ["InvalidResponseError", "transient"])
    const sdk = new TypeError("Cannot use 'in' operator to search for 'object' in undefined")
    assert.deepStrictEqual(summary(thrown(sdk)), ["InvalidResponseError", "transient"])
    assert.deepStrictEqual(summary(thrown("odd")), ["InvalidResponseError", "transient"])
  })

  it("may lack headers", () => {
    assert.deepStrictEqual(headersOf(undefined), {})
  })
})
