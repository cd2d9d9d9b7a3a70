import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"

import * as Chaos from "../src/Chaos.ts"
import * as Emulator from "../src/Emulator.ts"
import * as Fault from "../src/Fault.ts"
import * as Reply from "../src/Reply.ts"
import { receive, request, send } from "./wire.ts"

const reply = Reply.text("hello")

const hit = (chaos: Chaos.Chaos, stream: string, count = 1000) =>
  Array.from({ length: count }, (_, index) => Chaos.apply(chaos, { reply, stream, index }))

describe("seeded", () => {
  it("repeats exactly", () => {
    const chaos = Chaos.seeded(7, { rate: 0.3 })
    assert.deepStrictEqual(hit(chaos, "a"), hit(Chaos.seeded(7, { rate: 0.3 }), "a"))
    assert.notDeepEqual(hit(chaos, "a"), hit(Chaos.seeded(8, { rate: 0.3 }), "a"))
    assert.notDeepEqual(hit(chaos, "a"), hit(chaos, "b"))
  })

  it("does not depend on the order in which requests come", () => {
    const chaos = Chaos.seeded(7, { rate: 0.5 })
    const forward = hit(chaos, "a", 50)
    const backward = Array.from({ length: 50 }, (_, index) =>
      Chaos.apply(chaos, { reply, stream: "a", index: 49 - index }),
    )
    assert.deepStrictEqual(forward, backward.toReversed())
  })

  it("hits the share that it is told to, with all of its faults", () => {
    for (const rate of [0, 0.1, 0.5, 1]) {
      const chaos = Chaos.seeded(3, { rate })
      const changed = hit(chaos, "a", 4000).filter((answer) => answer !== reply)
      assert.closeTo(changed.length / 4000, rate, 0.03)
    }
    const seen = new Set(
      hit(Chaos.seeded(3, { rate: 1 }), "a").map((answer) => JSON.stringify([answer.content, answer.faults])),
    )
    assert.strictEqual(seen.size, Chaos.defaultFaults.length)
  })

  it("does nothing without faults", () => {
    assert.isTrue(hit(Chaos.seeded(3, { rate: 1, faults: [] }), "a").every((answer) => answer === reply))
  })
})

describe("in the emulator", () => {
  it.live("does not start with a rate that is no share", () =>
    Effect.gen(function* () {
      for (const rate of [-0.1, 1.1, NaN]) {
        const chaos = Chaos.seeded(1, { rate })
        const exit = yield* Effect.exit(Effect.provide(Effect.void, Emulator.layer({ chaos })))
        assert.isTrue(Exit.hasDies(exit))
        assert.include(String(exit), "Chaos.seeded: rate must be a number from 0 to 1")
      }
    }),
  )

  const chaos = Chaos.seeded(11, {
    rate: 0.5,
    faults: [() => Reply.overloaded(), () => Reply.rateLimited(), Fault.emptyBody],
  })
  const statuses = Effect.forEach(Array.from({ length: 20 }), () =>
    Effect.map(send(request("openai-chat")), ({ body, status }) => `${status} ${body.length > 0}`),
  )

  it.live("it is the same in every run, and starts over on reset", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const first = yield* statuses
      yield* emulator.reset
      assert.deepStrictEqual(yield* statuses, first)
      const other = yield* Effect.provide(statuses, Emulator.layer({ chaos }), { local: true })
      assert.deepStrictEqual(other, first)
      assert.strictEqual(new Set(first).size, 4)
    }).pipe(Effect.provide(Emulator.layer({ chaos }))),
  )

  it.live("it leaves scripted answers alone, and hits those of a responder", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      assert.strictEqual((yield* receive("google", Reply.text("hello"))).status, 200)
      yield* emulator.respond("google", () => Reply.text("hello"))
      assert.strictEqual((yield* send(request("google"))).status, 500)
    }).pipe(Effect.provide(Emulator.layer({ chaos: Chaos.seeded(1, { rate: 1, faults: [() => Reply.status(500)] }) }))),
  )
})
