import { assert, describe, it } from "@effect/vitest"

import { type Waiter, Queue } from "../../../src/internal/rateLimit/queue.ts"

/** A line, and what those in it are told. */
const lined = () => {
  const line = new Queue()
  const told: Array<string> = []
  const waiter = (name: string, expires = 1_000): Waiter => ({
    costs: [1],
    expires,
    turn: () => told.push(`${name}: turn`),
    sentAway: ({ wait }) => told.push(`${name}: away for ${wait}`),
    wake: undefined,
    place: undefined,
  })
  const join = (joining: Waiter, places = 10, now = 0) => line.join(joining, { now, places })
  return { line, told, waiter, join }
}

const refusal = { dimension: 1, wait: 500 }

describe("a line", () => {
  it("gives each its turn, in the order in which they came", () => {
    const { join, line, told, waiter } = lined()
    const [a, b, c] = [waiter("a"), waiter("b"), waiter("c")]
    for (const one of [a, b, c]) assert.isUndefined(join(one))
    assert.deepStrictEqual(told, ["a: turn"])
    line.leave(b)
    line.leave(a)
    line.leave(a)
    assert.deepStrictEqual(told, ["a: turn", "c: turn"])
    line.leave(c)
    assert.strictEqual(line.size, 0)
  })

  it("takes nobody who would wait in vain, and says why", () => {
    const { join, line, waiter } = lined()
    const first = waiter("a")
    join(first)
    assert.isTrue(line.sleep(refusal, { now: 0, places: 10, until: 500 }))
    assert.deepStrictEqual(join(waiter("b", 499), 10, 100), { dimension: 1, wait: 400 })
    assert.isUndefined(join(waiter("c", 500), 10, 100))
    line.leave(first)
    assert.isUndefined(join(waiter("d", 499), 10, 100))
  })

  it("sends away who waits in vain as soon as that is known, and who has no place", () => {
    const { join, line, told, waiter } = lined()
    const first = waiter("a")
    for (const one of [first, waiter("b", 400), waiter("c"), waiter("d", 300), waiter("e"), waiter("f")]) join(one)
    assert.isTrue(line.sleep(refusal, { now: 0, places: 3, until: 350 }))
    assert.deepStrictEqual(told.splice(0), ["a: turn", "d: away for 350", "e: away for 350", "f: away for 350"])
    assert.isTrue(line.sleep(refusal, { now: 350, places: 3, until: 390 }))
    assert.isTrue(line.sleep(refusal, { now: 390, places: 3, until: 500 }))
    assert.deepStrictEqual(told, ["b: away for 110"])
    assert.strictEqual(line.size, 2)
  })

  it("has no place for the first one if nobody may wait, or if it would wait in vain", () => {
    const { join, line, waiter } = lined()
    join(waiter("a", 400))
    assert.isFalse(line.sleep(refusal, { now: 0, places: 0, until: 300 }))
    assert.isFalse(line.sleep(refusal, { now: 0, places: 1, until: 500 }))
  })

  it("lets some come beyond the places while the first one only asks", () => {
    const { join, line, waiter } = lined()
    const taken = Array.from({ length: 300 }, () => join(waiter("a"), 0)).filter((wait) => wait === undefined)
    assert.lengthOf(taken, line.size)
    assert.isTrue(line.size > 50 && line.size < 200)
  })
})
