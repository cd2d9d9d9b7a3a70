/**
 * A tenant that asks for little gets it, however much others ask for.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { FairSemaphore, type Waiter } from "../../../src/internal/concurrency/state.ts"

interface Call extends Waiter {
  outcome: "waiting" | "granted" | "shed" | "refused"
}

class Room {
  readonly semaphore: FairSemaphore
  readonly inside: Array<Call> = []

  constructor(options: { readonly limit: number; readonly places: number }) {
    this.semaphore = new FairSemaphore({ ...options, urgencies: 2 })
  }

  come(tenant: string, urgency: number): Call {
    const call: Call = {
      tenant,
      urgency,
      weight: 1,
      sequence: 0,
      state: "waiting",
      outcome: "waiting",
      granted: () => {
        call.outcome = "granted"
        this.inside.push(call)
      },
      shed: () => void (call.outcome = "shed"),
    }
    if (!this.semaphore.join(call)) call.outcome = "refused"
    else if (call.outcome === "waiting" && call.state === "holding") call.granted()
    return call
  }

  release(): void {
    const first = this.inside.shift()
    if (first !== undefined) this.semaphore.leave(first)
  }
}

const sizes = fc.record({ limit: fc.integer({ min: 1, max: 4 }), places: fc.integer({ min: 4, max: 12 }) })
const flooders = fc.integer({ min: 1, max: 3 })
// Who comes next, as one of the flooding tenants, or a release.
const flood = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 30, maxLength: 120 })

describe("a full queue", () => {
  it("keeps no tenant out that has less than its share of it, and serves it soon", () => {
    fc.assert(
      fc.property(sizes, flooders, flood, (size, tenants, steps) => {
        const room = new Room(size)
        for (let index = 0; index < size.limit + 2 * size.places; index++) room.come(`flood ${index % tenants}`, 1)
        for (let round = 0; round < 5; round++) {
          const quiet = room.come("quiet", 1)
          assert.include(["waiting", "granted"], quiet.outcome)
          let releases = 0
          for (let index = 0; quiet.outcome === "waiting"; index++) {
            const step = steps[index % steps.length] ?? 0
            if (step === 0 || index % 7 === 6) {
              room.release()
              releases++
            } else room.come(`flood ${step % tenants}`, 1)
            assert.isAtMost(releases, size.places + tenants + 1)
          }
          assert.strictEqual(quiet.outcome, "granted")
        }
      }),
      { numRuns: 300 },
    )
  })

  it("still goes to those who are more urgent, whatever their tenants have", () => {
    fc.assert(
      fc.property(sizes, flooders, (size, tenants) => {
        const room = new Room(size)
        for (let index = 0; index < size.limit + size.places; index++) room.come(`urgent ${index % tenants}`, 0)
        assert.strictEqual(room.come("quiet", 1).outcome, "refused")
        const other = new Room(size)
        const quiet = Array.from({ length: size.limit + size.places }, (_, index) => other.come(`q ${index}`, 1))
        for (let index = 0; index < size.places; index++) {
          assert.strictEqual(other.come("urgent", 0).outcome, "waiting")
        }
        assert.lengthOf(
          quiet.filter(({ outcome }) => outcome === "shed"),
          size.places,
        )
      }),
      { numRuns: 100 },
    )
  })

  it("is not taken by one tenant from another that has as much", () => {
    const room = new Room({ limit: 1, places: 4 })
    for (const tenant of ["a", "a", "a", "b", "b"]) room.come(tenant, 1)
    assert.strictEqual(room.come("b", 1).outcome, "refused")
    assert.strictEqual(room.come("a", 1).outcome, "refused")
    assert.strictEqual(room.come("c", 1).outcome, "waiting")
  })
})
