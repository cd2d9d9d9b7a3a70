import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Random, Scheduler } from "effect"
import { TestClock } from "effect/testing"

import { chunk, delta, finish, metadata, script } from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import { acme, caller, ledgerInMemory, money } from "./budgeted.ts"

const wanted = 100_000
const together = 500
/** Turns of the scheduler until a call that may do three operations in each is over. */
const longest = 60

describe("a hundred thousand calls that are given up, each at a moment of its own", () => {
  it.effect(
    "leave no reservation",
    () =>
      Effect.gen(function* () {
        const ledger = yield* ledgerInMemory
        const model = acme(script(chunk(metadata), chunk(delta("a")), chunk(delta("b")), chunk(finish())))
        // Room for about half of those who come at once; the others wait for them.
        const limits = { rolling: { limit: money(8_000n), window: "1 minute" }, wait: "1 minute" } as const
        const call = yield* caller(model.model.pipe(Budget.enforce({ name: "x", ...limits })), ledger)
        const rushed = Effect.flatMap(Random.nextIntBetween(3, 12), (operations) =>
          Effect.forkChild(Effect.provideService(call("stream"), Scheduler.MaxOpsBeforeYield, operations)),
        )
        let interrupted = 0
        let begun = 0
        const settled = () => model.requests.filter(({ isClosed }) => isClosed).length
        while (interrupted < wanted) {
          const fibers = yield* Effect.replicateEffect(rushed, together)
          begun += together
          const moments = yield* Effect.forEach(fibers, () => Random.nextIntBetween(0, longest - 1))
          for (let turn = 0; turn < longest; turn++) {
            for (const [index, fiber] of fibers.entries()) if (moments[index] === turn) fiber.interruptUnsafe()
            yield* Effect.yieldNow
          }
          for (const fiber of fibers) if (Exit.hasInterrupts(yield* Fiber.await(fiber))) interrupted++
          // What was spent counts no more.
          yield* TestClock.adjust("2 minutes")
        }
        assert.deepStrictEqual(yield* ledger.outstanding, [])
        const { reserved } = yield* ledger.total({ account: JSON.stringify(["x", "1 minute"]), since: 0 })
        assert.strictEqual(reserved, money(0n))
        assert.strictEqual(model.held, 0)
        assert.isAbove(begun, wanted)
        // Many had sent their request, and many had not.
        const sent = settled() / begun
        assert.isTrue(sent > 0.2 && sent < 0.9, String(sent))
      }),
    120_000,
  )
})
