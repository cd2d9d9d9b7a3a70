import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { bound, type Correction, initial, learn } from "../../../src/internal/estimate/correction.ts"

const after = (ratios: ReadonlyArray<number>): Correction =>
  ratios.reduce((known, ratio) => learn(known, 1_000, 1_000 * ratio), initial)

describe("the correction of estimates", () => {
  it("allows a quarter before anything is known", () => {
    assert.strictEqual(bound(initial), 1.25)
  })

  it("comes close to a ratio that stays, from above", () => {
    for (const ratio of [0.4, 0.9, 1, 1.3, 2.5]) {
      const known = bound(after(Array<number>(60).fill(ratio)))
      assert.isTrue(known >= ratio && known <= ratio * 1.15, `${ratio}: ${known}`)
    }
  })

  it("keeps a distance from ratios that vary", () => {
    const known = after([0.8, 1.2, 0.8, 1.2, 0.8, 1.2, 0.8, 1.2, 0.8, 1.2])
    assert.isAbove(bound(known), 1.2)
  })

  it("follows a model that counts differently from one day to the next", () => {
    const changed = after([...Array<number>(50).fill(1), 1.3])
    assert.isAbove(bound(changed), 1.3)
  })

  it("learns nothing from counts that say nothing", () => {
    for (const [estimated, real] of [
      [0, 10],
      [10, 0],
      [Number.NaN, 10],
      [10, Number.NaN],
      [-1, 10],
    ] as const) {
      assert.deepStrictEqual(learn(initial, estimated, real), initial)
    }
  })

  it("stays within bounds, whatever it is told", () => {
    const told = fc.array(fc.tuple(fc.double({ min: 0 }), fc.double({ min: 0 })))
    fc.assert(
      fc.property(told, (all) => {
        const known = bound(all.reduce((state, [estimated, real]) => learn(state, estimated, real), initial))
        assert.isTrue(known > 1 / 8 && known < 64)
      }),
    )
  })
})
