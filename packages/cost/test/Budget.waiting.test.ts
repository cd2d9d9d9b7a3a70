import { assert, describe, it } from "@effect/vitest"
import { Deadline } from "@holdfast/core"
import { Effect, Exit, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"

import { answer, chunk, delta, errorOf, finish, script, silent, wait } from "../../core/test/scripted.ts"
import { stepped } from "../../core/test/ticks.ts"
import * as Budget from "../src/Budget.ts"
import { acme, caller, ledgerInMemory, money, real, worst } from "./budgeted.ts"

const answered = ({ exit }: { readonly exit: Exit.Exit<unknown, unknown> }) => Exit.isSuccess(exit)
const day = (name: string) => ({ account: JSON.stringify([name, "day"]), since: 0 })
const slow = script(wait("1 second"), chunk(delta("a")), chunk(finish()))

describe("who waits", () => {
  it.effect("is let in when a call turns out cheaper than its worst case", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const call = yield* caller(
        acme(slow).model.pipe(Budget.enforce({ name: "x", daily: money(43n), wait: "1 minute" })),
        ledger,
      )
      const first = yield* Effect.forkChild(call())
      const second = yield* Effect.forkChild(call())
      yield* TestClock.adjust("1 second")
      assert.isTrue(answered(yield* Fiber.join(first)))
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.isTrue(answered(yield* Fiber.join(second)))
      assert.deepInclude(yield* ledger.total(day("x")), { spent: money(26n), reserved: money(0n) })
    }),
  )

  it.effect("is served in the order of arrival, and nobody who comes later goes first", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const order: Array<number> = []
      const call = yield* caller(
        acme(slow).model.pipe(
          Budget.enforce({
            name: "x",
            daily: money(500n),
            rolling: { limit: money(100_000n), window: "1 hour" },
            wait: "1 hour",
          }),
        ),
        ledger,
      )
      // Room for 16 at once, and then for one for each that ends.
      const fibers = yield* Effect.forEach(
        Array.from({ length: 25 }, (_, index) => index),
        (index) => Effect.forkChild(Effect.tap(call(), () => Effect.sync(() => order.push(index)))),
      )
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        order,
        order.toSorted((one, other) => one - other),
      )
    }),
  )

  it.effect("is refused at once when no call under way can make room", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const call = yield* caller(
        acme(slow).model.pipe(Budget.enforce({ name: "x", daily: money(42n), wait: "1 hour" })),
        ledger,
      )
      const first = yield* Effect.forkChild(call())
      const second = yield* Effect.forkChild(call())
      yield* TestClock.adjust("1 second")
      assert.isTrue(answered(yield* Fiber.join(first)))
      assert.deepInclude(errorOf((yield* Fiber.join(second)).exit), {
        _tag: "BudgetExceeded",
        spent: money(13n),
        reserved: money(0n),
      })
    }),
  )

  it.effect("is refused after the longest wait, wherever in the line", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const call = yield* caller(
        acme(silent).model.pipe(Budget.enforce({ name: "x", daily: money(40n), wait: "10 seconds" })),
        ledger,
      )
      const running = yield* Effect.forkChild(call())
      const waiting = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(call()))
      yield* TestClock.adjust("9 seconds")
      assert.isTrue(waiting.every((fiber) => fiber.pollUnsafe() === undefined))
      yield* TestClock.adjust("1 second")
      for (const fiber of waiting) {
        assert.deepInclude(errorOf((yield* Fiber.join(fiber)).exit), { _tag: "BudgetExceeded", reserved: money(30n) })
      }
      yield* Fiber.interrupt(running)
    }),
  )

  it.effect("leaves the line when it is interrupted or its deadline passes, and the next one is first", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const model = acme(slow)
      const stack = model.model.pipe(Budget.enforce({ name: "x", daily: money(56n), wait: "1 hour" }))
      const call = yield* caller(stack, ledger)
      const hasty = yield* caller(stack.pipe(Deadline.total("500 millis")), ledger)
      const running = yield* Effect.forkChild(call())
      yield* Effect.yieldNow
      const interrupted = yield* Effect.forkChild(call())
      const late = yield* Effect.forkChild(hasty())
      const last = yield* Effect.forkChild(call())
      yield* Effect.yieldNow
      yield* Fiber.interrupt(interrupted)
      yield* TestClock.adjust("500 millis")
      assert.deepInclude(errorOf((yield* Fiber.join(late)).exit), { _tag: "DeadlineExceeded" })
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(answered(yield* Fiber.join(last)))
      assert.isTrue(answered(yield* Fiber.join(running)))
      assert.deepInclude(yield* ledger.total(day("x")), { spent: money(26n), reserved: money(0n) })
    }),
  )

  it.effect("for one tenant is in nobody else's way", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const stack = acme(slow).model.pipe(
        Budget.enforce({ name: "x", daily: money(43n), per: Budget.perTenant, wait: "1 hour" }),
      )
      const call = yield* caller(stack, ledger)
      const first = yield* Effect.forkChild(call("generate", { tenant: "a" }))
      const second = yield* Effect.forkChild(call("generate", { tenant: "a" }))
      const other = yield* Effect.forkChild(call("generate", { tenant: "b" }))
      yield* TestClock.adjust("1 second")
      assert.isTrue(answered(yield* Fiber.join(first)))
      assert.isTrue(answered(yield* Fiber.join(other)))
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.isTrue(answered(yield* Fiber.join(second)))
    }),
  )
})

describe("ten thousand calls at once", () => {
  const calls = 10_000
  const limit = 60_000n

  const all = (wanted: Budget.Settings) =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const model = acme(answer("a"))
      const call = yield* caller(
        model.model.pipe(Budget.enforce({ name: "x", daily: money(limit), ...wanted })),
        ledger,
      )
      let most = 0n
      const watched = Effect.tap(call(), () =>
        Effect.map(ledger.total(day("x")), ({ reserved, spent }) => {
          if (spent + reserved > most) most = spent + reserved
        }),
      )
      const outcomes = yield* Effect.forEach(Array.from({ length: calls }), () => watched, { concurrency: "unbounded" })
      const total = yield* ledger.total(day("x"))
      return { total, most, answered: outcomes.filter(answered).length, sent: model.requests.length }
    })

  it.effect("never spend more than the limit, and what they may wait for is used", () =>
    Effect.gen(function* () {
      const { answered: count, most, sent, total } = yield* all({ wait: "1 hour" })
      assert.isTrue(most <= limit)
      assert.strictEqual(total.reserved, money(0n))
      assert.strictEqual(total.spent, money(BigInt(count) * real))
      assert.strictEqual(sent, count)
      // A call costs 43 % of its worst case here. What is left is less than one worst case.
      assert.isTrue(limit - total.spent < worst)
    }),
  )

  it.effect("never spend more than the limit when nobody waits", () =>
    Effect.gen(function* () {
      const { answered: count, most, sent, total } = yield* all({})
      assert.isTrue(most <= limit && total.spent <= limit)
      assert.deepInclude(total, { spent: money(BigInt(count) * real), reserved: money(0n) })
      assert.strictEqual(sent, count)
    }),
  )
})

it.effect("at least 95 % of a budget is used where a call costs 30 % of its worst case", () =>
  Effect.gen(function* () {
    const ledger = yield* ledgerInMemory
    // Up to 17 more tokens of answer make it 43 at worst, of which 13 are 30 %.
    const stack = acme(slow).model.pipe(
      Budget.enforce({ name: "x", daily: money(1_000n), wait: "1 day", request: () => ({ maxOutputTokens: 17 }) }),
    )
    const call = yield* caller(stack, ledger)
    const fibers = yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.forkChild(call()))
    yield* TestClock.adjust("10 minutes")
    const outcomes = yield* Effect.forEach(fibers, Fiber.join)
    const { reserved, spent } = yield* ledger.total(day("x"))
    assert.strictEqual(reserved, money(0n))
    assert.isTrue(spent >= 950n && spent <= 1_000n)
    assert.strictEqual(spent, money(BigInt(outcomes.filter(answered).length) * real))
  }),
)

describe("interrupted at any moment", () => {
  // Every step of so many operations is a moment. Each run ends by itself, or is interrupted after so many steps.
  const run = (operations: number, ticks: number) =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const played = script(wait(2), chunk(delta("a")), wait(2), chunk(finish()))
      const stack = acme(played).model.pipe(
        Budget.enforce({ name: "x", daily: money(43n), wait: "1 minute" }),
        Budget.enforce({ name: "y", daily: money(75n), wait: "1 minute" }),
      )
      const call = yield* caller(stack, ledger)
      const both = Effect.all([call("stream"), call("stream")], { concurrency: "unbounded" })
      const { over } = yield* stepped(both, { budget: operations, ticks })
      assert.deepStrictEqual(yield* ledger.outstanding, [])
      for (const name of ["x", "y"]) assert.strictEqual((yield* ledger.total(day(name))).reserved, money(0n))
      return over
    })

  it.effect("a call leaves no reservation", () =>
    Effect.gen(function* () {
      for (const operations of [3, 5, 8, 13]) {
        let ticks = 0
        while (!(yield* Effect.scoped(run(operations, ticks)))) ticks++
        assert.isAbove(ticks, 10)
      }
    }),
  )

  it.effect("hundreds of calls at random leave no reservation", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const played = script(wait("1 second"), chunk(delta("a")), wait("1 second"), chunk(delta("b")), chunk(finish()))
      const call = yield* caller(
        acme(played).model.pipe(
          Budget.enforce({
            name: "x",
            daily: money(100_000n),
            rolling: { limit: money(600n), window: "1 minute" },
            wait: "1 minute",
          }),
        ),
        ledger,
      )
      const fibers = yield* Effect.forEach(Array.from({ length: 300 }), () => Effect.forkChild(call("stream")))
      for (let turn = 0; turn < 50; turn++) {
        yield* TestClock.adjust(yield* Random.nextIntBetween(0, 500))
        for (let some = 0; some < 4; some++) {
          fibers[yield* Random.nextIntBetween(0, fibers.length - 1)]?.interruptUnsafe()
        }
      }
      yield* TestClock.adjust("1 hour")
      yield* Effect.forEach(fibers, Fiber.await)
      assert.deepStrictEqual(yield* ledger.outstanding, [])
      assert.strictEqual((yield* ledger.total(day("x"))).reserved, money(0n))
    }),
  )
})
