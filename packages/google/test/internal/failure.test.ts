import { assert, describe, it } from "@effect/vitest"
import { ApiError } from "@google/genai/web"
import { Failure } from "@holdfast/core"
import { Option } from "effect"
import { type AiError } from "effect/ai"

import { fromErrorObject, fromThrown } from "../../src/internal/failure.ts"
import { Exchange } from "../../src/internal/http/exchange.ts"
import { origin } from "../requests.ts"

const exchanged = (fields: Partial<Pick<Exchange, "sent" | "status" | "headers">> = {}): Exchange =>
  Object.assign(new Exchange({ headers: undefined, fetch: undefined }), { sent: true, ...fields })

const thrown = (cause: unknown, exchange: Exchange | undefined = exchanged(), inStream = false) =>
  fromThrown({ ApiError }, origin, exchange, inStream)(cause)

const apiError = (status: number, error: unknown) => new ApiError({ status, message: JSON.stringify({ error }) })

const summary = (error: AiError.AiError) => [error.reason._tag, Failure.classify(error).kind]

const factsOf = (error: AiError.AiError) => Option.getOrThrow(Failure.facts(error))

const quota = (...ids: ReadonlyArray<string>) => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: ids.map((quotaId) => ({ quotaId })),
})
const retryInfo = (retryDelay: string) => ({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay })
const errorInfo = (reason: string, metadata = {}) => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  metadata,
})

describe("statuses", () => {
  const cases: ReadonlyArray<[number, object, string, Failure.Kind]> = [
    [400, { status: "INVALID_ARGUMENT" }, "InvalidRequestError", "fatal"],
    [400, { status: "FAILED_PRECONDITION" }, "InvalidRequestError", "fatal"],
    [400, { status: "INVALID_ARGUMENT", details: [errorInfo("API_KEY_INVALID")] }, "AuthenticationError", "fatal"],
    [400, { message: "API key expired. Please renew the API key." }, "AuthenticationError", "fatal"],
    [401, { status: "UNAUTHENTICATED" }, "AuthenticationError", "fatal"],
    [402, {}, "QuotaExhaustedError", "fatal"],
    [403, { status: "PERMISSION_DENIED" }, "AuthenticationError", "fatal"],
    [404, { status: "NOT_FOUND" }, "InvalidRequestError", "fatal"],
    [408, {}, "InternalProviderError", "transient"],
    [409, { status: "ABORTED" }, "InternalProviderError", "transient"],
    [413, {}, "InvalidRequestError", "fatal"],
    [429, { status: "RESOURCE_EXHAUSTED" }, "RateLimitError", "throttled"],
    [499, { status: "CANCELLED" }, "InvalidRequestError", "fatal"],
    [500, { status: "INTERNAL" }, "InternalProviderError", "transient"],
    [501, { status: "UNIMPLEMENTED" }, "InternalProviderError", "transient"],
    [502, {}, "InternalProviderError", "transient"],
    [503, { status: "UNAVAILABLE", message: "The model is overloaded." }, "InternalProviderError", "overloaded"],
    [503, { status: "UNAVAILABLE" }, "InternalProviderError", "transient"],
    [504, { status: "DEADLINE_EXCEEDED" }, "InternalProviderError", "transient"],
  ]
  it.each(cases)("%i %o", (status, error, tag, kind) => {
    assert.deepStrictEqual(summary(thrown(apiError(status, { code: status, ...error }))), [tag, kind])
  })

  it("keep the vendor's words, its ids and its hints", () => {
    const body = {
      code: 429,
      message: "Slow down, secret-key",
      status: "RESOURCE_EXHAUSTED",
      details: [quota("GenerateRequestsPerMinutePerProjectPerModel"), retryInfo("34.4s")],
    }
    const error = thrown(
      apiError(429, body),
      exchanged({ status: 429, headers: { "x-goog-request-id": "req_1", "set-cookie": "session" } }),
    )
    const { rule, ...facts } = factsOf(error)
    assert.strictEqual(rule?.reason, "rateLimit")
    assert.deepStrictEqual(facts, {
      kind: "throttled",
      message: "Slow down, <redacted>",
      provider: "gcp.gemini",
      status: 429,
      type: "RESOURCE_EXHAUSTED",
      requestId: "req_1",
      retryAfter: 34_400,
    })
    assert.notInclude(JSON.stringify(error), "secret-key")
    assert.notInclude(JSON.stringify(error), "session")
  })

  it("name the field that is wrong", () => {
    const details = [
      { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field: "generation_config.top_k" }] },
    ]
    const { reason } = thrown(apiError(400, { code: 400, status: "INVALID_ARGUMENT", details }))
    assert.strictEqual(reason._tag === "InvalidRequestError" ? reason.parameter : "", "generation_config.top_k")
  })

  it("say that the prompt is too long", () => {
    const message = "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576)."
    assert.isTrue(Failure.isContextWindowExceeded(thrown(apiError(400, { message, status: "INVALID_ARGUMENT" }))))
  })
})

describe("an exhausted quota", () => {
  const exhausted = (error: object) => thrown(apiError(429, { code: 429, status: "RESOURCE_EXHAUSTED", ...error }))
  const general = "You exceeded your current quota, please check your plan and billing details."

  it("is one of more than minutes", () => {
    const day = quota(
      "GenerateRequestsPerMinutePerProjectPerModel",
      "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    )
    const cases = [
      exhausted({ message: general, details: [day, retryInfo("20s")] }),
      exhausted({ details: [errorInfo("RATE_LIMIT_EXCEEDED", { quota_limit: "Gemini25ProRequestsPerDay" })] }),
      exhausted({ details: [errorInfo("QUOTA_EXHAUSTED")] }),
      exhausted({ details: [{ ...quota(), violations: [{ quotaId: "PerMinute", quotaValue: "0" }] }] }),
      exhausted({ message: "* Quota exceeded for metric: free_tier_requests, limit: 0" }),
      exhausted({ message: "Your prepayment credits are depleted." }),
      exhausted({ message: "Your project has exceeded its monthly spending cap." }),
    ]
    for (const error of cases) {
      assert.deepStrictEqual(summary(error), ["QuotaExhaustedError", "fatal"])
      // A wait of seconds does not mend it, whatever is said.
      assert.isUndefined(factsOf(error).retryAfter)
    }
  })

  it("is not one of a minute, although the words are the same", () => {
    const minute = quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
    const error = exhausted({ message: `${general}\nPlease retry in 12.5s.`, details: [minute] })
    assert.deepStrictEqual(summary(error), ["RateLimitError", "throttled"])
    assert.strictEqual(factsOf(error).retryAfter, 12_500)
    assert.isUndefined(factsOf(exhausted({ details: [retryInfo("soon")] })).retryAfter)
  })
})

describe("what the SDK throws", () => {
  it("inside a stream has been paid for", () => {
    const body = { error: { code: 503, status: "UNAVAILABLE", message: "The model is overloaded." } }
    const cause = new ApiError({ status: 503, message: `got status: UNAVAILABLE. ${JSON.stringify(body)}` })
    const error = thrown(cause, exchanged({ status: 200 }), true)
    assert.deepStrictEqual(summary(error), ["InternalProviderError", "overloaded"])
    assert.deepStrictEqual([factsOf(error).billed, factsOf(error).type], [true, "UNAVAILABLE"])
  })

  it("may hold an error in an error, or in a list", () => {
    const inner = JSON.stringify({ error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "slow down" } })
    const wrapped = thrown(apiError(429, { message: inner, code: 429, status: "Too Many Requests" }))
    assert.deepStrictEqual([factsOf(wrapped).message, factsOf(wrapped).type], ["slow down", "RESOURCE_EXHAUSTED"])
    const listed = thrown(new ApiError({ status: 429, message: `[${inner}]` }))
    assert.strictEqual(factsOf(listed).message, "slow down")
  })

  it("may be anything", () => {
    const said = (message: string) => factsOf(thrown(new ApiError({ status: 500, message }))).message
    assert.strictEqual(said("plain"), "plain")
    assert.strictEqual(said('{"half'), '{"half')
    assert.strictEqual(said('{"error":"text"}'), "text")
    assert.strictEqual(said('{"error":{}}'), "no details")
    assert.strictEqual(said("[]"), "[]")
    const page = "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
    assert.strictEqual(
      factsOf(thrown(apiError(502, { message: page, code: 502, status: "Bad Gateway" }))).message,
      "an HTML page: 502 Bad Gateway",
    )
  })

  it("may be a broken connection", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
    const causes = [
      new TypeError("fetch failed", { cause: refused }),
      new TypeError("terminated"),
      new DOMException("This operation was aborted", "AbortError"),
    ]
    for (const cause of causes) assert.deepStrictEqual(summary(thrown(cause)), ["NetworkError", "transient"])
  })

  it("may be an answer that is no answer", () => {
    const causes = [new SyntaxError("Unexpected end of JSON input"), new Error("Incomplete JSON segment"), "odd"]
    for (const cause of causes) {
      assert.deepStrictEqual(summary(thrown(cause, exchanged({ status: 200 }), true)), [
        "InvalidResponseError",
        "transient",
      ])
    }
    assert.deepStrictEqual(summary(thrown(new Error("{}"), exchanged({ status: 302 }))), [
      "InvalidResponseError",
      "transient",
    ])
    const unreadable = thrown(new SyntaxError("x"), exchanged({ status: 503, headers: { "retry-after": "7" } }))
    assert.deepStrictEqual(summary(unreadable), ["InternalProviderError", "transient"])
    assert.strictEqual(factsOf(unreadable).retryAfter, 7000)
  })

  it("may be its own refusal, before anything was sent", () => {
    const error = thrown(new Error("audioTimestamp parameter is only supported in ..."), exchanged({ sent: false }))
    assert.deepStrictEqual(summary(error), ["InvalidRequestError", "fatal"])
    // Of calls that are not Holdfast's nothing is known.
    const used = fromThrown({ ApiError }, origin, undefined, false)(new Error("x"))
    assert.deepStrictEqual(summary(used), ["InvalidResponseError", "transient"])
  })
})

describe("an error of status 200", () => {
  it("has the status that it names", () => {
    const error = fromErrorObject(origin, { code: 503, status: "UNAVAILABLE", message: "overloaded" })
    assert.deepStrictEqual(summary(error), ["InternalProviderError", "overloaded"])
    assert.deepStrictEqual(summary(fromErrorObject(origin, { code: 7 })), ["InternalProviderError", "transient"])
    assert.deepStrictEqual(summary(fromErrorObject(origin, "odd")), ["InternalProviderError", "transient"])
  })
})
