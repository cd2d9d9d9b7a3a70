import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { FairSemaphore, type Waiter } from "../../../src/internal/concurrency/state.ts"
import { type Guest, ReferenceGate } from "./referenceGate.ts"

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("Join" as const),
      weight: fc.integer({ min: 1, max: 3 }),
      urgency: fc.nat(3),
      tenant: fc.constantFrom("a", "b", "c"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("Leave" as const), which: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Resize" as const), limit: fc.integer({ min: 1, max: 6 }) }) },
)

const options = fc.record({ limit: fc.integer({ min: 1, max: 6 }), places: fc.nat(12) })

describe("a gate", () => {
  it("lets in, turns away and sheds whom its model does, in the same order", () => {
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 60, size: "max" }), (size, steps) => {
        const log: Array<string> = []
        const expected: Array<string> = []
        const gate = new FairSemaphore({ ...size, urgencies: 4 })
        const reference = new ReferenceGate(size, {
          granted: (id) => void expected.push(`in ${id}`),
          shed: (id) => void expected.push(`shed ${id}`),
        })
        const present = new Map<number, Waiter>()
        const join = (guest: Guest) => {
          const waiter: Waiter = {
            ...guest,
            granted: () => void log.push(`in ${guest.id}`),
            shed: () => void log.push(`shed ${guest.id}`),
            sequence: 0,
            state: "waiting",
          }
          log.push(`join ${gate.join(waiter)}`)
          expected.push(`join ${reference.join(guest)}`)
          present.set(guest.id, waiter)
        }
        for (const [id, action] of steps.entries()) {
          if (action._tag === "Join") join({ ...action, id })
          if (action._tag === "Resize") {
            gate.resize(action.limit)
            reference.limit = action.limit
            reference.letIn()
          }
          const [left, waiter] =
            [...present][action._tag === "Leave" ? action.which % Math.max(1, present.size) : -1] ?? []
          if (left !== undefined && waiter !== undefined) {
            present.delete(left)
            gate.leave(waiter)
            reference.leave(left)
          }
          assert.deepStrictEqual(log, expected)
          assert.deepStrictEqual([gate.inUse, gate.waiting], [reference.held, reference.waiting])
        }
      }),
      { numRuns: 1_000, seed: 3 },
    )
  })
})
