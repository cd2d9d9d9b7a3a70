import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Schema } from "effect"
import { AiError } from "effect/ai"

import { StreamTruncated } from "../src/CommitPoint.ts"
import { DeadlineExceeded } from "../src/Deadline.ts"
import * as Failure from "../src/Failure.ts"
import * as PolicyError from "../src/PolicyError.ts"
import { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import { errors } from "./scripted.ts"

const foreign = (reason: AiError.AiErrorReason) => AiError.make({ module: "foreign", method: "generateText", reason })

const http = (status: number) => ({ response: { status, headers: {} } })
const deadline = (bound: DeadlineExceeded["bound"]) =>
  new DeadlineExceeded({ provider: "p", model: "m", bound, duration: Duration.seconds(1) })

describe("errors of foreign models", () => {
  const cases: ReadonlyArray<readonly [AiError.AiErrorReason, Failure.Kind]> = [
    [new AiError.RateLimitError({}), "throttled"],
    [new AiError.QuotaExhaustedError({}), "fatal"],
    [new AiError.AuthenticationError({ kind: "InvalidKey" }), "fatal"],
    [new AiError.ContentPolicyError({ description: "d" }), "fatal"],
    [new AiError.InvalidRequestError({}), "fatal"],
    [new AiError.InternalProviderError({ description: "d" }), "transient"],
    [new AiError.InternalProviderError({ description: "d", http: http(529) }), "overloaded"],
    [new AiError.InternalProviderError({ description: "d", http: http(501) }), "transient"],
    [new AiError.UnknownError({}), "fatal"],
    [new AiError.UnknownError({ http: http(408) }), "transient"],
    [new AiError.UnknownError({ http: http(409) }), "transient"],
    [new AiError.UnknownError({ http: http(404) }), "fatal"],
    [new AiError.UnknownError({ http: http(200) }), "fatal"],
    [new AiError.NetworkError({ reason: "TransportError", method: "POST", url: "u" }), "transient"],
    [new AiError.NetworkError({ reason: "InvalidUrlError", method: "POST", url: "u" }), "fatal"],
    [new AiError.InvalidResponseError({ description: "d" }), "fatal"],
    [new AiError.InvalidOutputError({ description: "d" }), "undecodable"],
    [new AiError.StructuredOutputError({ description: "d", responseText: "t" }), "undecodable"],
    [new AiError.ToolNotFoundError({ toolName: "t", availableTools: [] }), "undecodable"],
    [new AiError.UnsupportedSchemaError({ description: "d" }), "fatal"],
  ]

  it.each(cases)("are classified by their reason (%s)", (reason, kind) => {
    assert.strictEqual(Failure.classify(foreign(reason)).kind, kind)
  })

  it("keep their own hint", () => {
    const error = foreign(new AiError.RateLimitError({ retryAfter: Duration.seconds(3) }))
    assert.deepStrictEqual(Failure.classify(error).retryAfter, Duration.seconds(3))
  })

  it("were paid for when the model had answered", () => {
    assert.isTrue(Failure.classify(foreign(new AiError.InvalidOutputError({ description: "d" }))).billed)
    assert.isFalse(Failure.classify(foreign(new AiError.RateLimitError({}))).billed)
  })

  it("with metadata that are not facts are still classified by their reason", () => {
    const error = foreign(new AiError.RateLimitError({ metadata: { holdfast: { kind: "odd" } } }))
    assert.strictEqual(Failure.classify(error).kind, "throttled")
    assert.isTrue(Option.isNone(Failure.facts(error)))
  })
})

describe("errors of Holdfast's providers", () => {
  it("are classified by the facts that they carry", () => {
    const metadata = { holdfast: { kind: "overloaded", provider: "p", retryAfter: 1_500, billed: true } } as const
    const error = foreign(new AiError.InvalidRequestError({ metadata }))
    assert.deepStrictEqual(Failure.classify(error), {
      kind: "overloaded",
      retryAfter: Duration.millis(1_500),
      billed: true,
    })
  })

  it.effect("keep their facts over a wire", () =>
    Effect.gen(function* () {
      const codec = Schema.toCodecJson(AiError.AiError)
      for (const error of [
        errors.throttled("2 seconds"),
        errors.overloaded,
        errors.contextWindow,
        errors.undecodable,
      ]) {
        const sent = JSON.stringify(yield* Schema.encodeEffect(codec)(error))
        const received = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(sent))
        assert.deepStrictEqual(Failure.classify(received), Failure.classify(error))
        assert.deepStrictEqual(Failure.facts(received), Failure.facts(error))
      }
    }),
  )
})

describe("errors of our own", () => {
  it("say about the model what they know", () => {
    const truncated = new StreamTruncated({ provider: "p", model: "m", deliveredParts: 0 })
    assert.strictEqual(Failure.classify(truncated).kind, "transient")
    assert.strictEqual(Failure.classify(deadline("firstPart")).kind, "transient")
    assert.strictEqual(Failure.classify(deadline("betweenParts")).kind, "transient")
  })

  it("say nothing about the model when they refuse or when time is up", () => {
    const option = new UnsupportedOption({ provider: "p", model: "m", option: "o", explanation: "e" })
    for (const error of [option, deadline("total"), new Error("x"), undefined, "x"]) {
      assert.deepStrictEqual(Failure.classify(error), { kind: "ignored", retryAfter: undefined, billed: false })
    }
  })
})

describe("predicates", () => {
  it("say after what asking again may help", () => {
    for (const error of [errors.transient, errors.throttled(), errors.overloaded, errors.broken]) {
      assert.isTrue(Failure.isRetryable(error))
    }
    for (const error of [errors.badRequest, errors.quota, errors.undecodable, new Error("x")]) {
      assert.isFalse(Failure.isRetryable(error))
    }
  })

  it("know a prompt that is too long, a refusal and an answer that does not fit", () => {
    assert.isTrue(Failure.isContextWindowExceeded(errors.contextWindow))
    assert.isFalse(Failure.isContextWindowExceeded(errors.badRequest))
    assert.isTrue(Failure.isContentPolicy(errors.contentPolicy))
    assert.isFalse(Failure.isContentPolicy(errors.quota))
    assert.isFalse(Failure.isContentPolicy("x"))
    assert.isTrue(Failure.isUndecodable(errors.undecodable))
    assert.isFalse(Failure.isUndecodable(errors.broken))
  })
})

describe("statuses", () => {
  const cases: ReadonlyArray<readonly [number | undefined, Failure.Kind | undefined]> = [
    [undefined, undefined],
    [200, undefined],
    [302, undefined],
    [400, "fatal"],
    [404, "fatal"],
    [408, "transient"],
    [409, "transient"],
    [425, "transient"],
    [429, "throttled"],
    [499, "fatal"],
    [500, "transient"],
    [503, "transient"],
    [529, "overloaded"],
    [599, "transient"],
  ]
  it.each(cases)("%s mean %s", (status, kind) => {
    assert.strictEqual(Failure.kindOfStatus(status), kind)
  })
})

describe("names and words", () => {
  it("of an error are its tag or that of its reason", () => {
    assert.strictEqual(Failure.tagOf(errors.quota), "QuotaExhaustedError")
    assert.strictEqual(Failure.tagOf(deadline("total")), "DeadlineExceeded")
    assert.strictEqual(Failure.tagOf(new Error("x")), "Unknown")
    assert.strictEqual(Failure.tagOf(undefined), "Unknown")
  })

  it("of an error are the vendor's where there are any", () => {
    assert.strictEqual(Failure.messageOf(errors.quota), "pay first")
    assert.include(Failure.messageOf(errors.broken), "socket hang up")
    assert.include(Failure.messageOf(deadline("total")), "m of p did not finish")
    assert.strictEqual(Failure.messageOf("x"), "x")
  })

  it("are found for any value", () => {
    const getter = Object.defineProperty({}, "toString", { value: undefined })
    for (const value of [undefined, null, 1n, Symbol("x"), Object.create(null), getter, { message: 7 }, () => 1]) {
      assert.isString(Failure.messageOf(value))
      assert.isString(Failure.tagOf(value))
      assert.isString(PolicyError.toAiError(value).message)
    }
  })
})
