import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { pieces } from "../../../src/internal/model/pieces.ts"

const tokensOf = (input: string) => input.length

const inputs = fc.array(fc.string({ maxLength: 12 }), { maxLength: 40 })
const limits = fc.record({
  maxInputs: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
  maxTokens: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  maxInputTokens: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
})

describe("a list of texts in pieces", () => {
  it("is all of the list, in its order", () => {
    fc.assert(
      fc.property(inputs, limits, (list, most) => {
        const cut = pieces(list, most, tokensOf)
        assert.deepStrictEqual(
          cut.flatMap(({ from, to }) => list.slice(from, to)),
          list,
        )
        assert.isTrue(cut.every(({ from, to }) => from < to))
      }),
    )
  })

  it("fits, and what cannot be known to fit is alone", () => {
    fc.assert(
      fc.property(inputs, limits, (list, most) => {
        for (const { from, to } of pieces(list, most, tokensOf)) {
          const piece = list.slice(from, to)
          if (piece.length === 1) continue
          assert.isAtMost(piece.length, most.maxInputs ?? Infinity)
          assert.isAtMost(piece.join("").length, most.maxTokens ?? Infinity)
          for (const text of piece) {
            assert.isAtMost(text.length, most.maxInputTokens ?? Infinity)
            assert.notStrictEqual(text, "")
          }
        }
      }),
    )
  })

  it("has no two pieces that would fit into one", () => {
    fc.assert(
      fc.property(inputs, limits, (list, most) => {
        const cut = pieces(list, most, tokensOf)
        const isDoubtful = (text: string) =>
          text === "" || text.length > Math.min(most.maxInputTokens ?? Infinity, most.maxTokens ?? Infinity)
        cut.forEach(({ from, to }, index) => {
          const next = cut[index + 1]
          if (next === undefined) return
          const piece = list.slice(from, to)
          const first = list[next.from] ?? ""
          if (piece.some(isDoubtful) || isDoubtful(first)) return
          const fits =
            piece.length + 1 <= (most.maxInputs ?? Infinity) &&
            piece.join("").length + first.length <= (most.maxTokens ?? Infinity)
          assert.isFalse(fits)
        })
      }),
    )
  })
})
