import { assert, describe, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import { type AiError } from "effect/ai"
import * as fc from "fast-check"

import * as Failure from "../../src/Failure.ts"
import * as ProviderError from "../../src/provider/ProviderError.ts"
import { origin } from "../scripted.ts"

const fromFault = (fault: Partial<ProviderError.ProviderFault>) =>
  ProviderError.fromFault(origin, { message: "said", ...fault })

const summary = (error: AiError.AiError) => [error.reason._tag, Failure.classify(error).kind]
const said = (error: AiError.AiError) => ("description" in error.reason ? (error.reason.description ?? "") : "")

type Case = readonly [Partial<ProviderError.ProviderFault>, string, Failure.Kind]

describe("a fault", () => {
  const cases: ReadonlyArray<Case> = [
    // Statuses by themselves.
    [{ status: 400 }, "InvalidRequestError", "fatal"],
    [{ status: 401 }, "AuthenticationError", "fatal"],
    [{ status: 402 }, "QuotaExhaustedError", "fatal"],
    [{ status: 403 }, "AuthenticationError", "fatal"],
    [{ status: 404 }, "InvalidRequestError", "fatal"],
    [{ status: 408 }, "InternalProviderError", "transient"],
    [{ status: 409 }, "InternalProviderError", "transient"],
    [{ status: 413 }, "InvalidRequestError", "fatal"],
    [{ status: 422 }, "InvalidRequestError", "fatal"],
    [{ status: 425 }, "InternalProviderError", "transient"],
    [{ status: 429 }, "RateLimitError", "throttled"],
    [{ status: 500 }, "InternalProviderError", "transient"],
    [{ status: 502 }, "InternalProviderError", "transient"],
    [{ status: 503 }, "InternalProviderError", "transient"],
    [{ status: 504 }, "InternalProviderError", "transient"],
    [{ status: 529 }, "InternalProviderError", "overloaded"],
    [{ status: 307 }, "InvalidResponseError", "transient"],
    // The vendor's names beside a status.
    [{ status: 429, code: "insufficient_quota" }, "QuotaExhaustedError", "fatal"],
    [{ status: 400, type: "billing_error" }, "QuotaExhaustedError", "fatal"],
    [{ status: 429, quotaExhausted: true }, "QuotaExhaustedError", "fatal"],
    [{ status: 400, message: "Your credit balance is too low" }, "QuotaExhaustedError", "fatal"],
    [{ status: 400, code: "content_policy_violation" }, "ContentPolicyError", "fatal"],
    [{ status: 400, type: "invalid_prompt" }, "ContentPolicyError", "fatal"],
    [{ status: 503, message: "The model is overloaded" }, "InternalProviderError", "overloaded"],
    [{ status: 503, code: "server_is_overloaded" }, "InternalProviderError", "overloaded"],
    [{ status: 500, message: "The model is overloaded" }, "InternalProviderError", "transient"],
    [{ status: 400, code: "invalid_api_key" }, "AuthenticationError", "fatal"],
    // Error events inside of a stream, which have no status.
    [{ type: "overloaded_error" }, "InternalProviderError", "overloaded"],
    [{ type: "rate_limit_error" }, "RateLimitError", "throttled"],
    [{ code: "RESOURCE_EXHAUSTED" }, "RateLimitError", "throttled"],
    [{ code: "insufficient_quota" }, "QuotaExhaustedError", "fatal"],
    [{ type: "authentication_error" }, "AuthenticationError", "fatal"],
    [{ type: "permission_error" }, "AuthenticationError", "fatal"],
    [{ type: "invalid_request_error" }, "InvalidRequestError", "fatal"],
    [{ type: "api_error" }, "InternalProviderError", "transient"],
    [{ message: "overloaded" }, "InternalProviderError", "overloaded"],
    [{}, "InternalProviderError", "transient"],
  ]

  it.each(cases)("%o is %s and %s", (fault, tag, kind) => {
    assert.deepStrictEqual(summary(fromFault(fault)), [tag, kind])
  })

  it("is retried or not as the provider advises", () => {
    const advised = (status: number, advice: string, code?: string) =>
      summary(fromFault({ status, code, headers: { "x-should-retry": advice } }))[1]
    assert.strictEqual(advised(500, "false"), "fatal")
    assert.strictEqual(advised(429, "false"), "fatal")
    assert.strictEqual(advised(400, "true"), "transient")
    assert.strictEqual(advised(429, "true"), "throttled")
    assert.strictEqual(advised(429, "true", "insufficient_quota"), "fatal")
    assert.strictEqual(advised(500, "maybe"), "transient")
  })

  it("stays what it was for people when the provider advises against a retry", () => {
    const headers = { "x-should-retry": "false" }
    assert.strictEqual(summary(fromFault({ status: 500, headers }))[0], "InternalProviderError")
    assert.strictEqual(summary(fromFault({ status: 429, headers }))[0], "RateLimitError")
  })

  const tooLong: ReadonlyArray<readonly [Partial<ProviderError.ProviderFault>, boolean]> = [
    [{ status: 400, code: "context_length_exceeded" }, true],
    [{ type: "model_context_window_exceeded" }, true],
    [{ status: 400, message: "This model's maximum context length is 8192 tokens" }, true],
    [{ status: 413, message: "prompt is too long: 300000 tokens" }, true],
    [{ status: 400, message: "The input token count exceeds the maximum number of tokens allowed" }, true],
    [{ status: 500, message: "context window cache failed" }, false],
    [{ status: 400, message: "no such field" }, false],
  ]

  it.each(tooLong)("%o exceeds the context window: %s", (fault, exceeded) => {
    assert.strictEqual(Failure.isContextWindowExceeded(fromFault(fault)), exceeded)
  })

  it("keeps the status, the vendor's names, the field and the safe headers", () => {
    const error = fromFault({
      status: 400,
      type: "t",
      code: "c",
      parameter: "input",
      headers: { "x-request-id": "req_1", "set-cookie": "secret" },
    })
    assert.deepInclude(Option.getOrThrow(Failure.facts(error)), {
      status: 400,
      type: "t",
      code: "c",
      requestId: "req_1",
      message: "said",
    })
    assert.strictEqual(error.reason._tag === "InvalidRequestError" && error.reason.parameter, "input")
    assert.deepStrictEqual("http" in error.reason && error.reason.http?.response, {
      status: 400,
      headers: { "x-request-id": "req_1" },
    })
    assert.notInclude(JSON.stringify(error), "secret")
    assert.deepStrictEqual([error.module, error.method], ["AcmeClient", "test"])
  })

  it("was paid for when it came inside of a stream", () => {
    assert.isTrue(Failure.classify(fromFault({ inStream: true })).billed)
    assert.isFalse(Failure.classify(fromFault({})).billed)
  })

  it("takes its hint from the headers, or else from the body", () => {
    const hint = (fault: Partial<ProviderError.ProviderFault>) => {
      const { retryAfter } = Failure.classify(fromFault({ status: 429, ...fault }))
      return retryAfter && Duration.toMillis(retryAfter)
    }
    assert.isUndefined(hint({}))
    assert.strictEqual(hint({ retryAfter: Duration.seconds(9) }), 9_000)
    assert.strictEqual(hint({ retryAfter: Duration.seconds(9), headers: { "retry-after": "2" } }), 2_000)
    assert.deepStrictEqual(fromFault({ status: 429, headers: { "retry-after": "2" } }).retryAfter, Duration.seconds(2))
  })
})

describe("what an error says", () => {
  it("is bounded", () => {
    assert.isAtMost(said(fromFault({ status: 400, message: "x".repeat(1_000_000) })).length, 1_001)
  })

  it("never holds the key, wherever the text is cut", () => {
    for (let before = 950; before <= 1_010; before++) {
      const message = `${"x".repeat(before)}sk-secret and more`
      const text = JSON.stringify(fromFault({ status: 400, message }))
      assert.notInclude(text, "sk-s", String(before))
    }
  })

  it("never holds the key, wherever a page is cut", () => {
    for (const padding of [0, 19_900]) {
      for (let before = 150; before <= 210; before++) {
        const page = `<html>${" ".repeat(padding)}<body>${"x".repeat(before)}sk-secret and more</body></html>`
        assert.notInclude(JSON.stringify(fromFault({ status: 502, message: page })), "sk-s", `${padding} ${before}`)
      }
    }
    for (let before = 19_970; before <= 20_000; before++) {
      const page = `<html>${" ".repeat(before - 6)}sk-secret and more`
      assert.notInclude(JSON.stringify(fromFault({ status: 502, message: page })), "sk-", String(before))
    }
  })

  it("is the gist of a proxy's page", () => {
    const page =
      "<!DOCTYPE html><html><head><style>a{}</style><script>b()</script><title>502</title></head><body><h1>Bad\nGateway</h1></body></html>"
    assert.strictEqual(said(fromFault({ status: 502, message: page })), "an HTML page: 502 Bad Gateway")
    assert.strictEqual(said(fromFault({ status: 400, message: "a <b> c" })), "a <b> c")
  })

  it.each(["<", "< ", "<style", "<style>", "<script>a<", " "])("is read in no time from a page of %j", (piece) => {
    const page = `<html>${piece.repeat(2 ** 20 / piece.length)}`
    const millis = [1, 2, 3].map(() => {
      const began = performance.now()
      fromFault({ status: 502, message: page })
      return performance.now() - began
    })
    assert.isBelow(Math.min(...millis), 50)
  })
})

describe("a broken connection", () => {
  it("is transient, and says what happened down its causes", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
    const error = ProviderError.fromTransport(origin, new TypeError("fetch failed", { cause: refused }))
    assert.deepStrictEqual(summary(error), ["NetworkError", "transient"])
    assert.strictEqual(said(error), "acme: fetch failed: connect ECONNREFUSED (ECONNREFUSED)")
  })

  it("may have many causes at once, none, or not even be an error", () => {
    const told = (cause: unknown) => said(ProviderError.fromTransport(origin, cause))
    assert.strictEqual(told(new AggregateError([new Error("first"), new Error("second")], "all")), "acme: all: first")
    assert.strictEqual(told(new Error("")), "acme: Error")
    assert.strictEqual(told("words"), "acme: words")
    const circle = new Error("again")
    circle.cause = circle
    assert.strictEqual(told(circle), "acme: again")
    assert.notInclude(told(new Error("for sk-secret")), "sk-secret")
  })

  it("is told from other errors of an SDK", () => {
    const aborted = Object.assign(new Error("aborted"), { name: "AbortError" })
    const broken = [
      aborted,
      new TypeError("terminated"),
      new TypeError("fetch failed"),
      new TypeError("x", { cause: new Error("y") }),
    ]
    for (const cause of broken) assert.isTrue(ProviderError.isBrokenConnection(cause), String(cause))
    for (const cause of [new TypeError("x is not a function"), new Error("fetch failed"), "fetch failed", undefined]) {
      assert.isFalse(ProviderError.isBrokenConnection(cause), String(cause))
    }
  })
})

describe("an answer that is none", () => {
  it("is transient, and paid for inside of a stream", () => {
    const error = ProviderError.malformed(origin, "half a frame", true)
    assert.deepStrictEqual(summary(error), ["InvalidResponseError", "transient"])
    assert.isTrue(Failure.classify(error).billed)
    assert.isFalse(Failure.classify(ProviderError.malformed(origin, "no JSON", false)).billed)
  })

  it("that was given and paid is undecodable", () => {
    const error = ProviderError.undecodable(origin, "no JSON")
    assert.deepStrictEqual(summary(error), ["InvalidOutputError", "undecodable"])
    assert.isTrue(Failure.classify(error).billed)
  })
})

describe("what an SDK threw that is none of its own errors", () => {
  it("is a broken connection, an answer that is not JSON, or whatever it says", () => {
    const thrown = (cause: unknown) => ProviderError.fromUnknown(origin, cause, false)
    const broken = thrown(new TypeError("terminated"))
    assert.deepStrictEqual(summary(broken), ["NetworkError", "transient"])
    for (const [cause, text] of [
      [new SyntaxError("Unexpected token"), "the answer is not JSON"],
      [new RangeError("an event exceeds"), "an event exceeds"],
      ["x", "the SDK threw something that is not an Error"],
    ] as const) {
      assert.deepStrictEqual(summary(thrown(cause)), ["InvalidResponseError", "transient"])
      assert.include(said(thrown(cause)), text)
    }
  })
})

describe("any fault", () => {
  const optional = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined })

  it("becomes an error without a key, of some size, that policies can read", () => {
    fc.assert(
      fc.property(
        fc.record({
          message: fc.oneof(
            fc.string(),
            fc.string().map((text) => `${text}sk-secret${text}`),
          ),
          status: optional(fc.integer({ min: 100, max: 599 })),
          type: optional(fc.string()),
          code: optional(fc.string()),
          headers: optional(fc.dictionary(fc.constantFrom("retry-after", "x-should-retry", "date", "x"), fc.string())),
          inStream: optional(fc.boolean()),
        }),
        (fault) => {
          const error = ProviderError.fromFault(origin, fault)
          const { kind, retryAfter } = Failure.classify(error)
          assert.notStrictEqual(kind, "ignored")
          assert.isTrue(Option.isSome(Failure.facts(error)))
          assert.isTrue(retryAfter === undefined || Duration.isFinite(retryAfter))
          assert.notInclude(JSON.stringify(error), "sk-secret")
        },
      ),
      { numRuns: 1_000, seed: 3 },
    )
  })
})
