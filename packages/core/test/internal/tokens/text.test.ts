import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { type Characters, textTokens } from "../../../src/internal/tokens/text.ts"

/** A text that counts how often it is looked at. */
const watched = (text: string) => {
  let looks = 0
  const characters: Characters = {
    length: text.length,
    charCodeAt: (index) => {
      looks++
      return text.charCodeAt(index)
    },
  }
  return { characters, looks: () => looks }
}

const texts = fc.string({ unit: "binary", maxLength: 200 })

describe("tokens of a text", () => {
  const counts = [
    ["", 0],
    ["Why do ships float?", 5],
    ["displacement", 1 + 4 / 3],
    ["HTMLParser", 1 + 2 / 3],
    ["camelCase", 2],
    ["1234567", 3],
    ["a1b2", 4],
    ['{"price":0.000123}', 1 + 1 + 1 + 1 + 1 + 2 + 1],
    ["x = y;", 4],
    ["if (a) {\n        b()\n}", 11],
    ["Привет", 2.52],
    ["船为什么会浮", 4.5],
    ["⛵", 1.5],
    ["🚢", 2.2],
  ] as const

  it.each(counts)("%j", (text, likely) => {
    assert.closeTo(textTokens(text).likely, likely, 1e-9)
  })

  it("are at most its bytes", () => {
    const encoder = new TextEncoder()
    fc.assert(
      fc.property(texts, (text) => {
        const { atMost, likely } = textTokens(text)
        assert.strictEqual(atMost, encoder.encode(text).length)
        assert.isTrue(likely <= atMost)
      }),
    )
  })

  it("grow with the text", () => {
    fc.assert(
      fc.property(texts, texts, (one, more) => {
        assert.isAtLeast(textTokens(one + more).likely + 1e-9, textTokens(one).likely)
      }),
    )
  })

  const hostile = [
    ["a megabyte of one letter", "a".repeat(1_000_000)],
    ["a megabyte of spaces", " ".repeat(1_000_000)],
    ["first halves of pairs", "\ud83d".repeat(500_000)],
    ["second halves of pairs", "\udea2".repeat(500_000)],
    ["halves in the wrong order", "\udea2\ud83d".repeat(250_000)],
    ["special tokens", "<|endoftext|>".repeat(70_000)],
    ["zeros", "\0".repeat(1_000_000)],
  ] as const

  it.each(hostile)("%s: each character is looked at no more than twice", (_, text) => {
    const { characters, looks } = watched(text)
    assert.isTrue(Number.isFinite(textTokens(characters).likely))
    assert.isAtMost(looks(), 2 * text.length)
  })
})
