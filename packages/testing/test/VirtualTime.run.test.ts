import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber, Random } from "effect"

import * as VirtualTime from "../src/VirtualTime.ts"

describe("virtual time", () => {
  it.effect("passes from event to event, in order", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const later = (name: string, after: number) =>
        Effect.andThen(
          Effect.sleep(after),
          Effect.sync(() => void order.push(name)),
        )
      const program = Effect.gen(function* () {
        const slow = yield* Effect.forkChild(later("slow", 5_000))
        yield* later("quick", 1_000)
        yield* Fiber.join(slow)
        return yield* Clock.currentTimeMillis
      })
      assert.strictEqual(yield* VirtualTime.run(program, { seed: 1 }), 5_000)
      assert.deepStrictEqual(order, ["quick", "slow"])
    }),
  )

  it.effect("has the same chance for the same seed", () =>
    Effect.gen(function* () {
      const drawn = (seed: number) => VirtualTime.run(Effect.all([Random.next, Random.next]), { seed })
      assert.deepStrictEqual(yield* drawn(1), yield* drawn(1))
      assert.notDeepEqual(yield* drawn(1), yield* drawn(2))
    }),
  )

  it.effect("gives the failure of its program, and does not wait for what is not time", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.exit(VirtualTime.run(Effect.fail("no"), { seed: 1 })), Exit.fail("no"))
      const stuck = yield* Effect.exit(VirtualTime.run(Effect.never, { seed: 1 }))
      assert.isTrue(Exit.isFailure(stuck) && Cause.hasDies(stuck.cause))
      const endless = yield* Effect.exit(
        VirtualTime.run(Effect.forever(Effect.sleep(1)), { seed: 1, until: "1 second" }),
      )
      assert.isTrue(Exit.isFailure(endless))
    }),
  )
})
