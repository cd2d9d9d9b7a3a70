import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { FairSemaphore, maxOvertaken, type Waiter } from "../../../src/internal/concurrency/state.ts"

/** A gate, and a log of what it did, from which everything else is checked. */
const logged = (options: { readonly limit: number; readonly places: number }) => {
  const gate = new FairSemaphore({ ...options, urgencies: 4 })
  const order: Array<number> = []
  const shed: Array<number> = []
  let count = 0
  const join = (fields: Partial<Pick<Waiter, "weight" | "urgency" | "tenant">> = {}) => {
    const number = count++
    const waiter: Waiter = {
      weight: 1,
      urgency: 1,
      tenant: "",
      ...fields,
      granted: () => order.push(number),
      shed: () => shed.push(number),
      sequence: 0,
      state: "waiting",
    }
    const joined = gate.join(waiter)
    return { number, waiter, joined, leave: () => gate.leave(waiter) }
  }
  return { gate, join, order, shed }
}

describe("a gate", () => {
  it("lets in as many as there are permits, and the others in the order of their arrival", () => {
    const { gate, join, order } = logged({ limit: 2, places: 10 })
    const all = Array.from({ length: 5 }, () => join())
    assert.deepStrictEqual([gate.inUse, gate.waiting], [2, 3])
    for (const { leave } of all) leave()
    assert.deepStrictEqual(order, [2, 3, 4])
    assert.deepStrictEqual([gate.inUse, gate.waiting], [0, 0])
  })

  it("lets the urgent go first, and tenants in turns", () => {
    const { join, order } = logged({ limit: 1, places: 10 })
    const holder = join()
    const a = [join({ tenant: "a" }), join({ tenant: "a" }), join({ tenant: "a" })]
    const b = join({ tenant: "b" })
    const urgent = join({ urgency: 0 })
    const last = join({ urgency: 3 })
    for (const one of [holder, urgent, a[0], b, a[1], a[2], last]) one?.leave()
    assert.deepStrictEqual(order, [5, 1, 4, 2, 3, 6])
  })

  it("turns the newest of the least urgent away for one that is more urgent", () => {
    const { join, shed } = logged({ limit: 1, places: 2 })
    join()
    const batch = [join({ urgency: 2 }), join({ urgency: 2 })]
    assert.isFalse(join({ urgency: 2 }).joined)
    assert.isTrue(join({ urgency: 1 }).joined)
    assert.deepStrictEqual(shed, [batch[1]?.number])
    assert.isFalse(join({ urgency: 3 }).joined)
  })

  it("lets a heavy one in after it was overtaken eight times", () => {
    const { join, order } = logged({ limit: 4, places: 1_000 })
    const holders = [join(), join(), join(), join()]
    const heavy = join({ weight: 4 })
    const light = Array.from({ length: 100 }, () => join({ tenant: "other" }))
    const leaves = [...holders, ...light]
    for (let index = 0; !order.includes(heavy.number); index++) leaves[index]?.leave()
    assert.strictEqual(order.indexOf(heavy.number), maxOvertaken)
  })

  const step = fc.oneof(
    fc.record({
      _tag: fc.constant("Join" as const),
      weight: fc.integer({ min: 1, max: 3 }),
      urgency: fc.integer({ min: 0, max: 3 }),
      tenant: fc.constantFrom("a", "b", "c"),
    }),
    fc.record({ _tag: fc.constant("Leave" as const), which: fc.nat(40) }),
  )

  it("keeps its limits, its places and its promises, whatever happens", () => {
    fc.assert(
      fc.property(
        fc.record({ limit: fc.integer({ min: 3, max: 6 }), places: fc.integer({ min: 0, max: 12 }) }),
        fc.array(step, { maxLength: 150, size: "max" }),
        (options, steps) => {
          const { gate, join, order } = logged(options)
          const inside: Array<ReturnType<typeof join>> = []
          const overtaken = new Map<number, number>()
          let seen = 0
          for (const action of steps) {
            if (action._tag === "Join") {
              const one = join(action)
              if (one.joined) inside.push(one)
            } else {
              inside.splice(action.which % Math.max(1, inside.length), 1)[0]?.leave()
            }
            for (; seen < order.length; seen++) {
              const granted = order[seen] ?? -1
              for (const { number, waiter } of inside) {
                const waited = waiter.state === "waiting" || order.indexOf(number) > seen
                if (number < granted && waited) overtaken.set(number, (overtaken.get(number) ?? 0) + 1)
              }
            }
            const holding = inside.filter(({ waiter }) => waiter.state === "holding")
            const held = holding.reduce((sum, { waiter }) => sum + waiter.weight, 0)
            assert.strictEqual(gate.inUse, held)
            assert.isAtMost(held, options.limit)
            assert.strictEqual(gate.waiting, inside.filter(({ waiter }) => waiter.state === "waiting").length)
            assert.isAtMost(gate.waiting, options.places)
          }
          assert.isTrue([...overtaken.values()].every((times) => times <= maxOvertaken))
          for (const { leave } of inside) leave()
          assert.deepStrictEqual([gate.inUse, gate.waiting], [0, 0])
        },
      ),
      { numRuns: 2_000, seed: 5 },
    )
  })
})
