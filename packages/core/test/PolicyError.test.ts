import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Schema } from "effect"
import { AiError } from "effect/ai"

import { StreamTruncated } from "../src/CommitPoint.ts"
import { DeadlineExceeded } from "../src/Deadline.ts"
import * as Failure from "../src/Failure.ts"
import { AllModelsFailed } from "../src/Fallback.ts"
import { withoutStack } from "../src/internal/error/withoutStack.ts"
import * as PolicyError from "../src/PolicyError.ts"
import { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import { errors } from "./scripted.ts"

const truncated = new StreamTruncated({ provider: "p", model: "m", deliveredParts: 2 })
const deadline = new DeadlineExceeded({ provider: "p", model: "m", bound: "total", duration: Duration.seconds(3) })
const option = new UnsupportedOption({ provider: "p", model: "m", option: "topK", explanation: "drop it" })
const allFailed = new AllModelsFailed({
  trail: [
    { provider: "p", model: "m", reason: "R", kind: "throttled", message: "slow", retryAfter: Duration.seconds(4) },
    { provider: "q", model: "n", reason: "S", kind: "fatal", message: "no" },
  ],
})

const cases = [
  ["StreamTruncated", truncated, StreamTruncated, "InternalProviderError"],
  ["DeadlineExceeded", deadline, DeadlineExceeded, "InternalProviderError"],
  ["UnsupportedOption", option, UnsupportedOption, "InvalidRequestError"],
  ["AllModelsFailed", allFailed, AllModelsFailed, "InternalProviderError"],
] as const

const codec = Schema.toCodecJson(AiError.AiError)

describe.each(cases)("%s", (_, error, schema, reason) => {
  it("folds into the closest reason, under its own name, with its message", () => {
    const folded = PolicyError.toAiError(error)
    assert.strictEqual(folded.reason._tag, reason)
    assert.strictEqual(folded.method, error._tag)
    assert.include(folded.message, error.message)
  })

  it("captures no stack, because refusals are many just when there is most to do", () => {
    const folded = PolicyError.toAiError(error)
    assert.notInclude(folded.stack ?? "", "\n    at ")
    assert.notInclude(folded.reason.stack ?? "", "\n    at ")
  })

  it("is found again as the very object within a process", () => {
    assert.strictEqual(PolicyError.unfold(PolicyError.toAiError(error)), error)
    assert.strictEqual(Failure.tagOf(PolicyError.toAiError(error)), error._tag)
    assert.deepStrictEqual(Failure.classify(PolicyError.toAiError(error)), Failure.classify(error))
  })

  it("is recovered from an AiError", () => {
    const found = PolicyError.fromAiError(schema as typeof StreamTruncated)(PolicyError.toAiError(error))
    assert.deepStrictEqual(Option.getOrThrow(found) as unknown, error)
  })

  it.effect("is recovered from an AiError that went over a wire as JSON", () =>
    Effect.gen(function* () {
      const sent = JSON.stringify(yield* Schema.encodeEffect(codec)(PolicyError.toAiError(error)))
      const received = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(sent))
      const found = PolicyError.fromAiError(schema as typeof StreamTruncated)(received)
      assert.deepStrictEqual(Option.getOrThrow(found) as unknown, error)
    }),
  )

  it("is not taken for another policy's error", () => {
    for (const [, , other] of cases) {
      if ((other as unknown) === schema) continue
      const found = PolicyError.fromAiError(other as typeof StreamTruncated)(PolicyError.toAiError(error))
      assert.isTrue(Option.isNone(found))
    }
  })
})

describe("folding", () => {
  it("leaves an AiError as it is", () => {
    assert.strictEqual(PolicyError.toAiError(errors.badKey), errors.badKey)
    assert.strictEqual(PolicyError.unfold(errors.badKey), errors.badKey)
    assert.strictEqual(PolicyError.unfold("other"), "other")
  })

  it("makes an unknown error of what a foreign policy fails with", () => {
    for (const [error, told] of [
      [{ _tag: "Mine" }, "Mine"],
      ["words", "words"],
    ] as const) {
      const folded = PolicyError.toAiError(error)
      assert.strictEqual(folded.reason._tag, "UnknownError")
      assert.include(folded.message, told)
    }
  })

  it("keeps the tag of an error that cannot be encoded", () => {
    class Opaque {
      readonly _tag = "Opaque"
      readonly [PolicyError.TypeId] = "refusal" as const
      toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
        return new AiError.InternalProviderError({ description: "opaque", metadata })
      }
    }
    const folded = PolicyError.toAiError(new Opaque())
    assert.deepStrictEqual("metadata" in folded.reason && folded.reason.metadata["holdfast"], { _tag: "Opaque" })
  })

  it("recovers nothing from a reason that cannot carry it, nor from the provider's own facts", () => {
    assert.isTrue(Option.isNone(PolicyError.fromAiError(StreamTruncated)(errors.broken)))
    assert.isTrue(Option.isNone(PolicyError.fromAiError(StreamTruncated)(errors.badKey)))
  })

  it("tells our own errors from all others", () => {
    assert.isTrue(PolicyError.isPolicyError(truncated))
    for (const other of [errors.badKey, new Error("x"), undefined, "x"])
      assert.isFalse(PolicyError.isPolicyError(other))
  })
})

describe("an error made without a stack", () => {
  it("has none, and leaves the limit as it was", () => {
    const before = Error.stackTraceLimit
    const error = withoutStack(() => new Error("refused"))
    assert.notInclude(error.stack ?? "", "at ")
    assert.strictEqual(Error.stackTraceLimit, before)
  })

  it("leaves the limit as it was also when it cannot be made", () => {
    const before = Error.stackTraceLimit
    assert.throws(() =>
      withoutStack(() => {
        throw new Error("a bug")
      }),
    )
    assert.strictEqual(Error.stackTraceLimit, before)
  })
})
