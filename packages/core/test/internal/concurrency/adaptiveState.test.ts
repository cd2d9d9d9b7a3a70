import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import * as AdaptiveLimit from "../../../src/internal/concurrency/adaptiveState.ts"

const rules: AdaptiveLimit.Rules = { min: 2, max: 50, initial: 8 }

const answers = (
  state: AdaptiveLimit.State,
  count: number,
  took: number,
  options?: { size?: number; busy?: boolean },
) => {
  let next = state
  for (let index = 0; index < count; index++) {
    const inFlight = options?.busy === false ? 1 : AdaptiveLimit.placesOf(next)
    next = AdaptiveLimit.answered(next, rules, { took, size: options?.size ?? 100, inFlight })
  }
  return next
}

describe("a limit that adapts", () => {
  it("grows by one for as many good answers as it is, up to the most", () => {
    const grown = answers(AdaptiveLimit.initialState(rules), 8, 500)
    assert.strictEqual(AdaptiveLimit.placesOf(grown), 8)
    assert.strictEqual(AdaptiveLimit.placesOf(answers(grown, 1, 500)), 9)
    assert.strictEqual(AdaptiveLimit.placesOf(answers(grown, 10_000, 500)), 50)
  })

  it("does not grow while it is not made use of", () => {
    const idle = answers(AdaptiveLimit.initialState(rules), 1_000, 500, { busy: false })
    assert.strictEqual(AdaptiveLimit.placesOf(idle), 8)
  })

  it("falls by three tenths at a refusal, once for as long as a first part takes", () => {
    const before = answers(AdaptiveLimit.initialState(rules), 10_000, 500)
    let state = before
    for (let index = 0; index < 50; index++) state = AdaptiveLimit.refused(state, rules, 10_000)
    assert.strictEqual(AdaptiveLimit.placesOf(state), 35)
    assert.strictEqual(AdaptiveLimit.placesOf(AdaptiveLimit.refused(state, rules, 10_499)), 35)
    assert.strictEqual(AdaptiveLimit.placesOf(AdaptiveLimit.refused(state, rules, 10_500)), 24)
  })

  it("never falls below the least", () => {
    let state = AdaptiveLimit.initialState(rules)
    for (let index = 0; index < 50; index++) state = AdaptiveLimit.refused(state, rules, index * 10_000)
    assert.strictEqual(AdaptiveLimit.placesOf(state), 2)
  })

  it("falls when first parts take longer than usual, and not because prompts are longer", () => {
    const usual = answers(AdaptiveLimit.initialState(rules), 10_000, 500)
    assert.isBelow(AdaptiveLimit.placesOf(answers(usual, 60, 2_000)), 25)
    assert.strictEqual(AdaptiveLimit.placesOf(answers(usual, 60, 2_000, { size: 100_000 })), 50)
  })

  it("finds out what the model bears, and stays near it", () => {
    // 20 calls at a time take half a second; more of them queue up, and each takes so much longer.
    let state = AdaptiveLimit.initialState({ ...rules, max: 200 })
    const seen: Array<number> = []
    for (let index = 0; index < 20_000; index++) {
      const inFlight = AdaptiveLimit.placesOf(state)
      const took = 500 * Math.max(1, inFlight / 20)
      state = AdaptiveLimit.answered(state, { ...rules, max: 200 }, { took, size: 100, inFlight })
      if (index > 10_000) seen.push(inFlight)
    }
    const mean = seen.reduce((sum, limit) => sum + limit, 0) / seen.length
    assert.isAbove(mean, 18)
    assert.isBelow(mean, 45)
  })

  it("is not shaken by chance", () => {
    // A logistic spread of the logarithm: half of the first parts take between 0.6 and 1.7 times the median.
    let seed = 7
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
    let state = AdaptiveLimit.initialState(rules)
    let least = 50
    for (let index = 0; index < 20_000; index++) {
      const chance = random()
      const took = 500 * Math.exp(0.3 * Math.log(chance / (1 - chance)))
      state = AdaptiveLimit.answered(state, rules, { took, size: 100, inFlight: AdaptiveLimit.placesOf(state) })
      if (index > 2_000) least = Math.min(least, AdaptiveLimit.placesOf(state))
    }
    assert.isAbove(least, 25)
  })

  it("gets used to a model that has become slower, once little is asked", () => {
    const usual = answers(AdaptiveLimit.initialState(rules), 10_000, 500)
    const quiet = answers(usual, 500, 2_000, { busy: false })
    assert.strictEqual(AdaptiveLimit.placesOf(answers(quiet, 2_000, 2_000)), 50)
  })

  it("stays within its bounds, whatever happens", () => {
    const event = fc.oneof(
      fc.record({
        _tag: fc.constant("Answered" as const),
        took: fc.double({ min: 0, max: 1e6, noNaN: true }),
        size: fc.nat(1e7),
        inFlight: fc.nat(100),
      }),
      fc.record({ _tag: fc.constant("Refused" as const), after: fc.nat(5_000) }),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200, size: "max" }), (events) => {
        let state = AdaptiveLimit.initialState(rules)
        let now = 0
        for (const happened of events) {
          if (happened._tag === "Refused") state = AdaptiveLimit.refused(state, rules, (now += happened.after))
          else state = AdaptiveLimit.answered(state, rules, happened)
          const places = AdaptiveLimit.placesOf(state)
          assert.isTrue(places >= rules.min && places <= rules.max, String(places))
        }
        assert.isAtMost(state.paces.size, 13)
      }),
      { numRuns: 1_000 },
    )
  })
})
