import { assert, describe, it } from "@effect/vitest"

import { familyOf, isBefore, isFrom } from "../../src/internal/family.ts"

const all = ["minimal", "low", "medium", "high"]

describe("families", () => {
  const cases: ReadonlyArray<[string, number | undefined, ReadonlyArray<string> | undefined, unknown]> = [
    ["gemini-4-argon", 4, ["low", "medium", "high"], "none"],
    ["models/gemini-3.8-flash", 3.8, ["low", "medium", "high"], "none"],
    ["google/gemini-3.7-flash", 3.7, ["low", "medium", "high"], "none"],
    ["gemini-3.6-flash", 3.6, all, "none"],
    ["gemini-3.5-flash-lite", 3.5, all, "none"],
    ["gemini-3-flash-preview", 3, all, "none"],
    ["gemini-3-pro-preview", 3, ["low", "high"], "none"],
    ["gemini-3.1-pro-preview-customtools", 3.1, ["low", "medium", "high"], "none"],
    ["gemini-3-pro-image", 3, undefined, "none"],
    ["gemini-3.5-transcribe", 3.5, undefined, "none"],
    ["gemini-3.9-nova", 3.9, undefined, "none"],
    ["gemini-2.5-pro-preview-06-05", 2.5, [], { off: false, least: 128, most: 32_768 }],
    ["gemini-2.5-flash", 2.5, [], { off: true, least: 1, most: 24_576 }],
    ["gemini-2.5-flash-lite", 2.5, [], { off: true, least: 512, most: 24_576 }],
    ["gemini-2.5-flash-image", 2.5, [], undefined],
    ["gemini-2.5-nova", 2.5, [], undefined],
    ["gemini-2.0-flash", 2, [], "none"],
    ["gemini-2.0-flash-thinking-exp", 2, [], undefined],
    ["gemma-4-31b-it", undefined, ["minimal", "high"], "none"],
    ["gemini-flash-latest", undefined, undefined, undefined],
    ["tunedModels/gemini-2.5-mine", undefined, undefined, undefined],
    ["my-gemini-2.5-pro", undefined, undefined, undefined],
  ]
  it.each(cases)("%s", (name, generation, levels, budget) => {
    assert.deepStrictEqual(familyOf(name), { generation, levels, budget } as never)
  })

  it("are before and from a generation, if it is known", () => {
    assert.deepStrictEqual([isBefore("gemini-2.5-pro", 3), isFrom("gemini-2.5-pro", 3)], [true, false])
    assert.deepStrictEqual([isBefore("gemini-3-pro", 3), isFrom("gemini-3-pro", 3)], [false, true])
    assert.deepStrictEqual([isBefore("gemini-pro-latest", 3), isFrom("gemini-pro-latest", 3)], [false, false])
  })
})
