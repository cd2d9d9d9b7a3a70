import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { maxRun, textPieces } from "../../../src/internal/estimate/pieces.ts"

describe("pieces of a text", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 2_000 }),
    fc
      .array(fc.constantFrom("word", " ", "\n", "🚢", "a".repeat(300), "字".repeat(300)), { maxLength: 60 })
      .map((all) => all.join("")),
  )

  it("are together the text, none empty, none long", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const pieces = textPieces(text)
        assert.strictEqual(pieces.join(""), text)
        for (const piece of pieces) assert.isTrue(piece.length > 0 && piece.length <= 4_096)
      }),
    )
  })

  it("leave no run longer than the longest", () => {
    for (const letter of ["a", " ", "字", "\ud83d", "\n"]) {
      const pieces = textPieces(letter.repeat(1_000_000))
      assert.isAtMost(Math.max(...pieces.map(({ length }) => length)), maxRun)
      assert.isAtMost(pieces.length, 1_000_000 / (maxRun - 1) + 1)
    }
  })

  it("end at words where there are any", () => {
    const prose = "The ship pushes aside water that weighs as much. ".repeat(400)
    const pieces = textPieces(prose)
    assert.isAbove(pieces.length, 1)
    for (const piece of pieces.slice(1)) assert.match(piece, /^ [A-Z]?[a-z]/)
  })

  it("do not cut a pair in two", () => {
    for (const piece of textPieces("🚢".repeat(5_000))) assert.notMatch(piece, /^[\udc00-\udfff]|[\ud800-\udbff]$/)
  })
})
