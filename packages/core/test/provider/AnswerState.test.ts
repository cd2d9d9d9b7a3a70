import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { AnswerState, randomId } from "../../src/provider/AnswerState.ts"
import { longestGathered } from "../../src/provider/EventReader.ts"
import { origin } from "../scripted.ts"

const newState = () => new AnswerState({ origin, key: "mine" })

describe("the state of an answer", () => {
  it("takes the id of a call once", () => {
    const state = newState()
    assert.isFalse(state.isClaimed("a"))
    assert.isUndefined(state.claim("a"))
    assert.isTrue(state.isClaimed("a"))
    assert.include(state.claim("a")?.message, "two tool calls have one id")
    assert.isUndefined(state.claim("b"))
    assert.strictEqual(state.callCount, 2)
  })

  it("bounds the arguments of calls, all together and each by itself", () => {
    const half = "x".repeat(longestGathered / 2)
    const state = newState()
    assert.isUndefined(state.gatherArguments("a", half))
    assert.isUndefined(state.gatherArguments("b", half))
    const excess = `what tool "c" is given exceeds ${longestGathered} characters`
    assert.include(state.gatherArguments("c", "x")?.message, excess)
    assert.isUndefined(newState().limitArguments("c", longestGathered))
    assert.include(newState().limitArguments("c", longestGathered + 1)?.message, excess)
  })

  it("writes metadata under the provider's key, without what is undefined", () => {
    assert.deepStrictEqual(newState().metadata({ a: 1, b: undefined }), { mine: { a: 1 } })
  })

  it("knows no tools unless they are declared", () => {
    assert.strictEqual(newState().declared.size, 0)
  })
})

describe("a random id", () => {
  it.effect("differs each time", () =>
    Effect.gen(function* () {
      const ids = yield* Effect.all(Array.from({ length: 100 }, () => randomId("call-")))
      assert.strictEqual(new Set(ids).size, 100)
      for (const id of ids) assert.match(id, /^call-[\da-z]{2,}$/)
    }),
  )
})
