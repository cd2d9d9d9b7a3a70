import { assert, describe, it } from "@effect/vitest"

import { UnsupportedOption } from "../../src/provider/ProviderModel.ts"
import * as Ranges from "../../src/provider/Ranges.ts"
import { Refusals } from "../../src/provider/Refusals.ts"

const refusedBy = (refuse: (refusals: Refusals) => void): string | undefined => {
  const refusals = new Refusals("acme", "acme-1")
  refuse(refusals)
  return refusals.first instanceof UnsupportedOption
    ? `${refusals.first.option}: ${refusals.first.explanation}`
    : undefined
}

describe("numbers", () => {
  const numbers = (settings: Readonly<Record<string, unknown>>) =>
    refusedBy((refusals) =>
      Ranges.refuseNumbers(settings, { temperature: Ranges.between(0, 2), tokens: Ranges.wholeFrom(1) }, refusals),
    )

  it("pass in their range, and where they are left out", () => {
    for (const settings of [{}, { temperature: 0 }, { temperature: 2, tokens: 1 }, { tokens: 1_000_000 }]) {
      assert.isUndefined(numbers(settings))
    }
  })

  it("are refused out of it, by the name of the option", () => {
    assert.strictEqual(numbers({ temperature: 2.5 }), "temperature: 2.5 is not a number from 0 to 2")
    assert.strictEqual(numbers({ tokens: 0 }), "tokens: 0 is not a whole number of at least 1")
    assert.strictEqual(numbers({ tokens: 1.5 }), "tokens: 1.5 is not a whole number of at least 1")
    assert.strictEqual(numbers({ temperature: Number.NaN }), "temperature: NaN is not a number from 0 to 2")
    assert.strictEqual(numbers({ temperature: "hot" }), "temperature: it is not a number from 0 to 2")
  })
})

describe("stop texts", () => {
  const stops = (texts: ReadonlyArray<string>) =>
    refusedBy((refusals) => Ranges.refuseStops("stop", texts, 2, refusals))

  it("must stop something, and be as few as the API takes", () => {
    assert.isUndefined(stops(["a", "b"]))
    assert.strictEqual(stops(["a", ""]), "stop: an empty text stops nothing; leave it out")
    assert.strictEqual(stops(["a", "b", "c"]), "stop: the API takes at most 2 texts, and 3 are given")
  })
})
