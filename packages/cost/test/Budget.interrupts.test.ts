import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scheduler } from "effect"
import { TestClock } from "effect/testing"

import { chunk, delta, finish, metadata, script } from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import { acme, caller, ledgerInMemory, money } from "./budgeted.ts"

/** Operations of the runtime that a call may do in one turn of the scheduler. */
const paces = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
/** Turns of the scheduler until a call that may do three operations in each is over. */
const longest = 60
/** How often a call of each pace is given up in each turn; half of them wait for room, and those of a round come together. */
const rounds = 40

describe("calls that are given up at each moment, forty at each pace", () => {
  it.effect("leave no reservation", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const model = acme(script(chunk(metadata), chunk(delta("a")), chunk(delta("b")), chunk(finish())))
      // Room for about half of those who come at once; the others wait for them.
      const limits = { rolling: { limit: money(8_000n), window: "1 minute" }, wait: "1 minute" } as const
      const call = yield* caller(model.model.pipe(Budget.enforce({ name: "x", ...limits })), ledger)
      const rushed = (operations: number) =>
        Effect.forkChild(Effect.provideService(call("stream"), Scheduler.MaxOpsBeforeYield, operations))
      const moments = paces.flatMap((pace) => Array.from({ length: longest }, (_, turn) => ({ pace, turn })))
      let interrupted = 0
      let begun = 0
      const settled = () => model.requests.filter(({ isClosed }) => isClosed).length
      for (let round = 0; round < rounds; round++) {
        // Every round in another order, so that calls of every pace and turn are among those with room.
        const order = moments.map((_, index) => moments[(index * 7 + round * 13) % moments.length] ?? moments[0])
        const fibers = yield* Effect.forEach(order, (moment) =>
          Effect.map(rushed(moment?.pace ?? 3), (fiber) => ({ fiber, turn: moment?.turn })),
        )
        begun += fibers.length
        for (let turn = 0; turn < longest; turn++) {
          for (const each of fibers) if (each.turn === turn) each.fiber.interruptUnsafe()
          yield* Effect.yieldNow
        }
        for (const { fiber } of fibers) if (Exit.hasInterrupts(yield* Fiber.await(fiber))) interrupted++
        // What was spent counts no more.
        yield* TestClock.adjust("2 minutes")
      }
      assert.deepStrictEqual(yield* ledger.outstanding, [])
      const { reserved } = yield* ledger.total({ account: JSON.stringify(["x", "1 minute"]), since: 0 })
      assert.strictEqual(reserved, money(0n))
      assert.strictEqual(model.held, 0)
      assert.strictEqual(begun, rounds * paces.length * longest)
      // The others were over before.
      assert.isAbove(interrupted, begun / 2)
      // Many had sent their request, and many had not.
      const sent = settled() / begun
      assert.isTrue(sent > 0.2 && sent < 0.9, String(sent))
    }),
  )
})
