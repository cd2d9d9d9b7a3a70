import { assert, describe, it } from "@effect/vitest"

import * as Failure from "../../src/Failure.ts"
import { fromThrown } from "../../src/provider/StainlessError.ts"
import { origin } from "../scripted.ts"

class ConnectionError extends Error {}
class AbortError extends Error {}
class ApiError extends Error {
  readonly status: unknown
  readonly error: unknown
  readonly headers = new Headers({ "X-Request-Id": "req_1" })

  constructor(status: unknown, error: unknown, message = "") {
    super(message)
    this.status = status
    this.error = error
  }
}

const sdk = { APIError: ApiError, APIConnectionError: ConnectionError, APIUserAbortError: AbortError }

const read = (cause: unknown, inStream = false) => {
  const answers: Array<unknown> = []
  const error = fromThrown(({ headers, ...answer }) => {
    answers.push(answer)
    return { message: "what it says", headers }
  })(
    sdk,
    origin,
    inStream,
  )(cause)
  return { answers, tag: error.reason._tag, classified: Failure.classify(error) }
}

describe("what an SDK threw", () => {
  it("may be an answer with a status", () => {
    const { answers, tag } = read(new ApiError(429, { code: "slow_down" }))
    assert.deepStrictEqual([answers, tag], [[{ body: { code: "slow_down" }, plain: undefined }], "RateLimitError"])
  })

  it("may be an answer that is no JSON, whose message repeats the status", () => {
    const { answers, tag } = read(new ApiError(502, undefined, "502 bad gateway"))
    assert.deepStrictEqual([answers, tag], [[{ body: undefined, plain: "bad gateway" }], "InternalProviderError"])
  })

  it("is inside a stream where it has no status", () => {
    assert.isTrue(read(new ApiError(undefined, {})).classified.billed)
    assert.isFalse(read(new ApiError(503, {})).classified.billed)
  })

  it("may be a connection that broke, before the headers and after", () => {
    for (const cause of [
      new ConnectionError("no", { cause: new Error("ECONNREFUSED") }),
      new ConnectionError("no"),
      new AbortError("aborted"),
      new TypeError("terminated"),
    ]) {
      const { answers, tag } = read(cause, true)
      assert.deepStrictEqual([answers, tag], [[], "NetworkError"])
    }
  })

  it("may be anything", () => {
    assert.strictEqual(read(new SyntaxError("not JSON")).tag, "InvalidResponseError")
  })
})
