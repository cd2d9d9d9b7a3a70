import { Anthropic } from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@holdfast/core"
import { Option } from "effect"
import { type AiError } from "effect/ai"

import { fromErrorObject, fromThrown } from "../../src/internal/failure.ts"
import { origin } from "../requests.ts"

const thrown = (cause: unknown, inStream = false) => fromThrown(Anthropic, origin, inStream)(cause)

const apiError = (status: number | undefined, body: unknown, headers: Record<string, string> = {}) =>
  status === undefined
    ? new Anthropic.APIError(undefined, body as object, undefined, new Headers(headers))
    : Anthropic.APIError.generate(status, body as object, undefined, new Headers(headers))

const summary = (error: AiError.AiError) => [error.reason._tag, Failure.classify(error).kind]

const descriptionOf = (error: AiError.AiError) =>
  "description" in error.reason ? (error.reason.description ?? "") : ""

const factsOf = (error: AiError.AiError) => Option.getOrThrow(Failure.facts(error))

describe("statuses", () => {
  const cases: ReadonlyArray<[number, string, string, Failure.Kind]> = [
    [400, "invalid_request_error", "InvalidRequestError", "fatal"],
    [401, "authentication_error", "AuthenticationError", "fatal"],
    [402, "billing_error", "QuotaExhaustedError", "fatal"],
    [403, "permission_error", "AuthenticationError", "fatal"],
    [404, "not_found_error", "InvalidRequestError", "fatal"],
    [408, "timeout_error", "InternalProviderError", "transient"],
    [409, "conflict_error", "InternalProviderError", "transient"],
    [412, "invalid_request_error", "InvalidRequestError", "fatal"],
    [413, "request_too_large", "InvalidRequestError", "fatal"],
    [422, "invalid_request_error", "InvalidRequestError", "fatal"],
    [429, "rate_limit_error", "RateLimitError", "throttled"],
    [429, "billing_error", "QuotaExhaustedError", "fatal"],
    [431, "invalid_request_error", "InvalidRequestError", "fatal"],
    [499, "api_error", "InvalidRequestError", "fatal"],
    [500, "api_error", "InternalProviderError", "transient"],
    [502, "api_error", "InternalProviderError", "transient"],
    [503, "api_error", "InternalProviderError", "transient"],
    [503, "overloaded_error", "InternalProviderError", "overloaded"],
    [504, "timeout_error", "InternalProviderError", "transient"],
    [529, "overloaded_error", "InternalProviderError", "overloaded"],
  ]
  it.each(cases)("%i %s", (status, type, tag, kind) => {
    assert.deepStrictEqual(summary(thrown(apiError(status, { type: "error", error: { type } }))), [tag, kind])
  })

  it("keep the vendor's words, its ids and its hints", () => {
    const error = thrown(
      apiError(
        429,
        { type: "error", error: { message: "Too many for sk-secret", type: "rate_limit_error" }, request_id: "req_2" },
        { "Request-Id": "req_1", "Retry-After": "7", "Set-Cookie": "session" },
      ),
    )
    const { rule, ...facts } = factsOf(error)
    assert.strictEqual(rule?.reason, "rateLimit")
    assert.deepStrictEqual(facts, {
      kind: "throttled",
      message: "Too many for <redacted>",
      provider: "anthropic",
      status: 429,
      type: "rate_limit_error",
      requestId: "req_1",
      retryAfter: 7000,
    })
    assert.notInclude(JSON.stringify(error), "sk-secret")
    assert.notInclude(JSON.stringify(error), "session")
  })

  it("take the request's id from the body where no header has it", () => {
    const error = thrown(apiError(500, { type: "error", error: { type: "api_error" }, request_id: "req_2" }))
    assert.strictEqual(factsOf(error).requestId, "req_2")
  })

  it("tell limits on money from limits on speed", () => {
    const limited = (error_code: string) =>
      thrown(
        apiError(429, { type: "error", error: { type: "rate_limit_error", message: "m", details: { error_code } } }),
      )
    for (const code of ["contract_spend_limit_reached", "enforced_spend_limit_reached"]) {
      assert.deepStrictEqual(summary(limited(code)), ["QuotaExhaustedError", "fatal"])
      assert.strictEqual(factsOf(limited(code)).code, code)
    }
    assert.deepStrictEqual(summary(limited("ramp_limit_exceeded")), ["RateLimitError", "throttled"])
  })

  it("may be told by the vendor to be worth another try", () => {
    const again = (advice: string) => summary(thrown(apiError(400, {}, { "x-should-retry": advice })))[1]
    assert.deepStrictEqual([again("true"), again("false")], ["transient", "fatal"])
  })
})

describe("bodies", () => {
  it("say what is wrong in many ways", () => {
    const said = (body: unknown) => descriptionOf(fromErrorObject(origin, body, false))
    assert.strictEqual(said({ type: "error", error: { message: "a" } }), "a")
    assert.strictEqual(said({ error: "a" }), "a")
    assert.strictEqual(said("a"), "a")
    assert.strictEqual(said({ message: "a" }), "a")
    assert.strictEqual(said({ detail: [{ msg: "a" }] }), '[{"msg":"a"}]')
    assert.strictEqual(said({ error: { message: "" } }), "no details")
    assert.strictEqual(said({ error: { message: null } }), "no details")
    assert.strictEqual(said(null), "no details")
    assert.isAtMost(said({ error: { message: "x".repeat(5000) } }).length, 1001)
  })

  it("of proxies are told in short", () => {
    const page = "<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
    const error = Anthropic.APIError.generate(502, undefined, page, new Headers())
    assert.deepStrictEqual(summary(thrown(error)), ["InternalProviderError", "transient"])
    assert.strictEqual(descriptionOf(thrown(error)), "an HTML page: 502 Bad Gateway")
  })

  it("may say that a prompt is too long", () => {
    const message = "prompt is too long: 210000 tokens > 200000 maximum"
    const error = thrown(apiError(400, { type: "error", error: { type: "invalid_request_error", message } }))
    assert.isTrue(Failure.isContextWindowExceeded(error))
  })
})

describe("what the SDK throws", () => {
  it("inside a stream has no status", () => {
    const types: ReadonlyArray<[string, string, Failure.Kind]> = [
      ["overloaded_error", "InternalProviderError", "overloaded"],
      ["api_error", "InternalProviderError", "transient"],
      ["timeout_error", "InternalProviderError", "transient"],
      ["rate_limit_error", "RateLimitError", "throttled"],
      ["billing_error", "QuotaExhaustedError", "fatal"],
      ["invalid_request_error", "InvalidRequestError", "fatal"],
      ["authentication_error", "AuthenticationError", "fatal"],
      ["something_new", "InternalProviderError", "transient"],
    ]
    for (const [type, tag, kind] of types) {
      const error = thrown(apiError(undefined, { type: "error", error: { type } }, { "request-id": "req_1" }), true)
      assert.deepStrictEqual(summary(error), [tag, kind])
      const facts = factsOf(error)
      assert.deepStrictEqual([facts.billed, facts.requestId, facts.status], [true, "req_1", undefined])
    }
    assert.deepStrictEqual(summary(thrown(apiError(undefined, "gibberish"), true)), [
      "InternalProviderError",
      "transient",
    ])
  })

  it("may be a broken connection", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
    const causes = [
      new Anthropic.APIConnectionError({ message: "Connection error.", cause: refused }),
      new Anthropic.APIConnectionTimeoutError(),
      new Anthropic.APIUserAbortError(),
      new TypeError("terminated", { cause: refused }),
      new DOMException("aborted", "AbortError"),
    ]
    for (const cause of causes) assert.deepStrictEqual(summary(thrown(cause)), ["NetworkError", "transient"])
    assert.include(descriptionOf(thrown(causes[0])), "ECONNREFUSED")
  })

  it("may be an answer that is no answer", () => {
    const causes = [new SyntaxError("Unexpected token"), new Error("odd"), new Anthropic.AnthropicError("odd"), "odd"]
    for (const cause of causes) {
      assert.deepStrictEqual(summary(thrown(cause, true)), ["InvalidResponseError", "transient"])
    }
  })
})
