import { assert, describe, it } from "@effect/vitest"

import { PartialArguments } from "../../../src/internal/answer/partialArguments.ts"

const gather = (...partialArgs: ReadonlyArray<unknown>) => {
  const gathered = new PartialArguments()
  return gathered.add({ partialArgs }) ? gathered.args : undefined
}

const at = (jsonPath: string, stringValue = "x", fields = {}) => ({ jsonPath, stringValue, ...fields })

describe("pieces of arguments", () => {
  it("are put where their paths say", () => {
    assert.deepStrictEqual(
      gather(
        at("$.city", "Os", { willContinue: true }),
        at("$.city", "lo", { willContinue: true }),
        at("$.city", ""),
        { jsonPath: "$.days[0]", numberValue: 1 },
        { jsonPath: "$.days[1].wet", boolValue: false },
        { jsonPath: "$['a b']['it\\'s']", nullValue: "NULL_VALUE" },
        at('$["c"]'),
      ),
      { city: "Oslo", days: [1, { wet: false }], "a b": { "it's": null }, c: "x" },
    )
  })

  it("replace what did not go on", () => {
    assert.deepStrictEqual(gather(at("$.a", "one"), at("$.a", "two")), { a: "two" })
    assert.deepStrictEqual(gather(at("$.a", "one", { willContinue: true }), at("$.b"), at("$.a", "two")), {
      a: "two",
      b: "x",
    })
    assert.deepStrictEqual(gather(at("$.a"), at("$.a.b")), { a: { b: "x" } })
    assert.deepStrictEqual(gather(), {})
  })

  it("that fit nowhere are not taken", () => {
    const bad = [
      at("a"),
      at("$"),
      at(""),
      at("$.a[?(@)]"),
      at("$.a[5]"),
      at("$.a[99999999]"),
      at("$.__proto__.polluted"),
      at(`$${".a".repeat(101)}`),
      { jsonPath: "$.a" },
      { stringValue: "x" },
      "odd",
    ]
    for (const piece of bad) assert.isUndefined(gather(piece))
    assert.isUndefined(gather({ jsonPath: "$.a[0]", numberValue: 1 }, at("$.a.b")))
    assert.notProperty({}, "polluted")
  })

  it("are counted", () => {
    const gathered = new PartialArguments()
    gathered.add({ partialArgs: [at("$.a", "12345"), { jsonPath: "$.b", numberValue: 1 }] })
    assert.strictEqual(gathered.size, 12)
  })
})
