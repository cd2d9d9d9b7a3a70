import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"

import * as Bounds from "../../src/provider/Bounds.ts"
import { longestGathered } from "../../src/provider/EventReader.ts"
import { origin } from "../scripted.ts"

const nested = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`)

describe("depth", () => {
  it("is bounded, however the value is made", () => {
    assert.isFalse(Bounds.isTooDeep(nested(500)))
    assert.isTrue(Bounds.isTooDeep(nested(502)))
    assert.isTrue(Bounds.isTooDeep({ a: [{ b: nested(600) }] }))
    for (const flat of [undefined, null, 1, "text", {}, []]) assert.isFalse(Bounds.isTooDeep(flat))
  })

  it("is bounded in the arguments of a tool", () => {
    assert.deepStrictEqual(Bounds.parsedArguments('{"a":[1]}'), Result.succeed({ a: [1] }))
    assert.isTrue(Result.isFailure(Bounds.parsedArguments(`{"a":${"[".repeat(600)}${"]".repeat(600)}}`)))
    assert.isTrue(Result.isFailure(Bounds.parsedArguments("{")))
  })

  it("may follow an empty object, and no other", () => {
    assert.deepStrictEqual(Bounds.parsedArguments('{}{"a":1}'), Result.succeed({ a: 1 }))
    assert.deepStrictEqual(Bounds.parsedArguments(' { } {"a":1}'), Result.succeed({ a: 1 }))
    assert.deepStrictEqual(Bounds.parsedArguments("{}"), Result.succeed({}))
    for (const written of ['{"a":1}{"a":2}', '{"a":1}{}', "{}{", "{}[1]"]) {
      assert.isTrue(Result.isFailure(Bounds.parsedArguments(written)), written)
    }
  })
})

describe("what is gathered of one answer", () => {
  it("is bounded in all, not by piece", () => {
    const bounds = new Bounds.Bounds(origin)
    const half = "x".repeat(longestGathered / 2)
    assert.isUndefined(bounds.gather("a text", half))
    assert.isUndefined(bounds.gather("a text", half))
    assert.match(bounds.gather("a text", "x")?.message ?? "", /a text exceeds/)
  })

  it("has a number of blocks and calls", () => {
    const bounds = new Bounds.Bounds(origin)
    const errors = Array.from({ length: 10_001 }, () => bounds.keep())
    assert.isTrue(errors.slice(0, 10_000).every((error) => error === undefined))
    assert.match(errors.at(-1)?.message ?? "", /more than 10000 blocks and calls/)
  })
})
