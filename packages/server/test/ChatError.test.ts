import { assert, describe, it } from "@effect/vitest"
import { Breaker, CommitPoint, Deadline, Fallback, PolicyError } from "@holdfast/core"
import { Budget, Money } from "@holdfast/cost"
import { ChatError } from "@holdfast/server"
import { DateTime, Duration, Option, Schema } from "effect"

const source = { provider: "acme", model: "acme-1" }
const money = Money.fromInputUnsafe("1 USD")

const budget = new Budget.BudgetExceeded({
  ...source,
  budget: "team",
  window: "day",
  limit: money,
  spent: money,
  reserved: Money.zero,
  requested: money,
  resetsAt: DateTime.makeUnsafe(60_000),
})

const failed = new Fallback.AllModelsFailed({
  trail: [
    {
      ...source,
      reason: "RateLimitError",
      kind: "throttled",
      message: "key sk-secret of org-1 is out of luck",
      retryAfter: Duration.seconds(9),
    },
  ],
})

interface Case {
  readonly error: PolicyError.PolicyError
  readonly status: number
  readonly retryable: boolean
  readonly hint?: number
}

const cases: ReadonlyArray<Case> = [
  { error: budget, status: 402, retryable: false, hint: 20_000 },
  { error: failed, status: 503, retryable: true, hint: 9_000 },
  {
    error: new Breaker.CircuitOpen({ ...source, retryAfter: Duration.seconds(3) }),
    status: 503,
    retryable: true,
    hint: 3_000,
  },
  {
    error: new Deadline.DeadlineExceeded({ ...source, bound: "total", duration: Duration.seconds(3) }),
    status: 504,
    retryable: false,
  },
  { error: new CommitPoint.StreamTruncated({ ...source, deliveredParts: 2 }), status: 502, retryable: true },
]

const decode = Schema.decodeUnknownSync(ChatError.WireError)

describe("an error on the wire", () => {
  it.each(cases)(
    "$error._tag has its status and its hint, and is decoded on the other side",
    ({ error, hint, retryable, status }) => {
      // Also where `effect/ai` has folded it.
      for (const raised of [error, PolicyError.toAiError(error)]) {
        const sent = JSON.stringify(ChatError.toWire(ChatError.fromUnknown(raised, 40_000)))
        assert.notInclude(sent, "sk-secret")
        const wire = decode(JSON.parse(sent))
        assert.deepInclude(wire, { code: error._tag, status, retryable })
        assert.strictEqual(wire.retryAfter, hint)
        const back = Option.getOrThrow(ChatError.toPolicyError(wire))
        assert.strictEqual(back._tag, error._tag)
        if (error !== failed) assert.deepEqual(back, error)
      }
    },
  )
})
