import { assert, describe, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import { type AiError } from "effect/ai"

import * as Failure from "../../src/Failure.ts"
import { commonRules } from "../../src/provider/CommonErrorRules.ts"
import { type Case, type Reason } from "../../src/provider/ErrorRule.ts"
import * as ProviderError from "../../src/provider/ProviderError.ts"
import { origin } from "../scripted.ts"

const now = Date.UTC(2026, 10, 28, 12)

/** As a provider reads a body of the form that most servers have. */
const errorOf = ({ body, headers, status }: Case): AiError.AiError => {
  const { error } = (typeof body === "string" ? { error: { message: body } } : body) as {
    readonly error: { readonly message: string; readonly type?: string; readonly code?: string | number }
  }
  const code = error.code === undefined ? undefined : String(error.code)
  return ProviderError.fromFault({ ...origin, now: () => now }, { ...error, code, headers, status })
}

describe("every rule", () => {
  for (const { cases, id, reason, source } of commonRules) {
    it(`${id} is the one that reads its own cases`, () => {
      assert.match(source, /^(?:https:\/\/\S+|[\w.-]+\/[\w.-]+#\d+)$/)
      assert.isNotEmpty(cases)
      for (const example of cases) {
        const facts = Option.getOrThrow(Failure.facts(errorOf(example)))
        assert.deepStrictEqual(facts.rule, { id, reason, source }, JSON.stringify(example))
        assert.strictEqual(facts.retryAfter, example.retryAfter, JSON.stringify(example))
      }
    })
  }

  it("has a name of its own", () => {
    const ids = commonRules.map(({ id }) => id)
    assert.deepStrictEqual(ids, [...new Set(ids)])
  })

  it("takes no longer than the length of a hostile message", () => {
    const hostile = ["model ", "request too large limit:", "try again in 1 ", "an HTML page: ", "rate", " ", "1", "{"]
    for (const piece of hostile) {
      const message = piece.repeat(Math.ceil(20_000 / piece.length))
      const began = performance.now()
      errorOf({ status: 418, body: message })
      assert.isBelow(performance.now() - began, 2_000, piece)
    }
  })
})

describe("a reason", () => {
  const expected: Readonly<Record<Reason, readonly [AiError.AiErrorReason["_tag"], Failure.Kind]>> = {
    contextWindow: ["InvalidRequestError", "fatal"],
    requestTooLarge: ["QuotaExhaustedError", "fatal"],
    quota: ["QuotaExhaustedError", "fatal"],
    billing: ["QuotaExhaustedError", "fatal"],
    invalidKey: ["AuthenticationError", "fatal"],
    permission: ["AuthenticationError", "fatal"],
    region: ["AuthenticationError", "fatal"],
    modelNotFound: ["InvalidRequestError", "fatal"],
    contentPolicy: ["ContentPolicyError", "fatal"],
    rateLimit: ["RateLimitError", "throttled"],
    overloaded: ["InternalProviderError", "overloaded"],
    timeout: ["InternalProviderError", "transient"],
    conflict: ["InternalProviderError", "transient"],
    serverError: ["InternalProviderError", "transient"],
    unusableModel: ["InvalidRequestError", "fatal"],
    invalidRequest: ["InvalidRequestError", "fatal"],
  }

  for (const { cases, id, reason } of commonRules) {
    it(`${reason} means the same by ${id} as by all others`, () => {
      for (const example of cases) {
        const error = errorOf(example)
        const [tag, kind] = expected[reason]
        const throttled = reason === "overloaded" && example.status === 429
        assert.deepStrictEqual(
          [error.reason._tag, Failure.classify(error).kind],
          [throttled ? "RateLimitError" : tag, kind],
        )
        assert.strictEqual(Failure.isContextWindowExceeded(error), reason === "contextWindow")
      }
    })
  }
})

describe("a hint", () => {
  const date = "Sat, 28 Nov 2026 12:00:00 GMT"
  const cases: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, number | undefined]> = [
    ["no hint", {}, undefined],
    ["", { "retry-after": "7" }, 7_000],
    ["", { "retry-after-ms": "1500" }, 1_500],
    ["", { "retry-after": "120ms" }, 120],
    ["", { "retry-after": "6m0s" }, 360_000],
    ["", { "retry-after": "0" }, undefined],
    ["", { "retry-after": "-5" }, undefined],
    ["", { "retry-after": "Sat, 28 Nov 2026 12:00:30 GMT", date }, 30_000],
    ["", { "retry-after": "Sat, 28 Nov 2026 11:59:59 GMT", date }, undefined],
    ["", { "retry-after": "2026-11-28T12:01:00Z" }, 60_000],
    ["", { "retry-after": String(now / 1000 + 90) }, 90_000],
    ["", { "retry-after": String(now + 90) }, 90],
    ["", { "retry-after": "999999999" }, undefined],
    // A limit of which something is left does not hold anyone up.
    [
      "",
      {
        "x-ratelimit-remaining-requests": "4999",
        "x-ratelimit-reset-requests": "8.64s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1m12s",
      },
      72_000,
    ],
    ["", { "x-ratelimit-remaining-tokens": "12", "x-ratelimit-reset-tokens": "6m0s" }, undefined],
    ["", { "x-ratelimit-reset-tokens": "120ms" }, 120],
    ["", { "x-ratelimit-reset": "30" }, 30_000],
    ["", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1000 + 60) }, 60_000],
    ["", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now + 60_000) }, 60_000],
    ["", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now - 60_000) }, undefined],
    ["", { "ratelimit-remaining": "0", "ratelimit-reset": "12" }, 12_000],
    [
      "",
      { "anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2026-11-28T12:00:05Z" },
      5_000,
    ],
    ["", { "retry-after": "3", "x-ratelimit-reset": "30" }, 3_000],
    ["Please try again in 1.898s", {}, 1_898],
    ["Please try again in 1.898s", { "x-ratelimit-reset": "30" }, 1_898],
    ["Please try again in 1.898s", { "retry-after": "4" }, 4_000],
    ["retry in 900.2ms", {}, 901],
    ["retry in 4m59s", {}, 299_000],
    ["retry in 9h40m33s", {}, 34_833_000],
    ["try again in 5 minutes", {}, 300_000],
    ["try again in 1 hour and 20 minutes", {}, 4_800_000],
    ["Please wait 43200 seconds before retrying", {}, 43_200_000],
    ["Please retry after 10 seconds", {}, 10_000],
    ["try again after 1 seconds", {}, 1_000],
    ["Please wait 1 second", {}, 1_000],
    ["Your limit will reset at 2026-11-28 13:00:00", {}, 3_600_000],
    ["resets at 2026-11-28T12:30:00Z", {}, 1_800_000],
    ["reset at 2026-11-28 11:00:00", {}, undefined],
    ["X-RateLimit-Reset: 1795871100000", {}, 1_795_871_100_000 - now > 0 ? 1_795_871_100_000 - now : undefined],
    ["try again in 0s", {}, undefined],
    ["try again in a while", {}, undefined],
  ]

  it.each(cases)("in %o and %o is %s milliseconds", (message, headers, hint) => {
    const error = errorOf({ status: 429, headers, body: { error: { message } } })
    const { kind, retryAfter } = Failure.classify(error)
    assert.deepStrictEqual([kind, retryAfter && Duration.toMillis(retryAfter)], ["throttled", hint])
  })
})
