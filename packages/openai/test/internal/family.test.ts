import { assert, describe, it } from "@effect/vitest"

import { effortProblem, familyOf, samplingProblem } from "../../src/internal/family.ts"

describe("names", () => {
  it.each([
    ["gpt-4.1", false, false, true, false],
    ["gpt-4o-mini-2024-07-18", false, false, true, false],
    ["gpt-3.5-turbo", false, false, true, false],
    ["chatgpt-4o-latest", false, false, true, false],
    ["ft:gpt-4.1:org::id", false, false, true, false],
    ["o3", true, true, false, false],
    ["gpt-5", true, true, false, false],
    ["gpt-5.5", true, false, false, false],
    ["gpt-5.6-terra", true, false, false, true],
    ["openai/gpt-6-luna", true, false, false, true],
    ["gpt-5.1-codex", true, true, false, false],
    ["gpt-5-chat-latest", false, false, false, undefined],
    ["my-deployment", false, false, false, undefined],
    ["gpt-40", true, false, false, true],
  ])("%s", (model, reasoning, alwaysReasoning, neverReasoning, breakpoints) => {
    const family = familyOf(model)
    assert.deepStrictEqual(
      [family.reasoning, family.alwaysReasoning, family.neverReasoning, family.breakpoints],
      [reasoning, alwaysReasoning, neverReasoning, breakpoints],
    )
  })
})

describe("efforts", () => {
  it("are refused where it is known that they are not there", () => {
    assert.match(effortProblem("gpt-4.1", "low") ?? "", /does not think/)
    assert.match(effortProblem("o3", "none") ?? "", /low, medium, high/)
    assert.match(effortProblem("gpt-5", "xhigh") ?? "", /minimal, low, medium, high/)
    for (const model of ["o3", "gpt-5"]) assert.isUndefined(effortProblem(model, "high"))
    for (const model of ["gpt-5.2", "gpt-5-pro", "gpt-6-sol", "mine"]) assert.isUndefined(effortProblem(model, "max"))
    assert.isUndefined(effortProblem("gpt-4.1", undefined))
  })
})

describe("sampling", () => {
  it("is refused where it is known not to be taken", () => {
    assert.isDefined(samplingProblem("o3", undefined))
    assert.isDefined(samplingProblem("gpt-6-sol", "low"))
    assert.isUndefined(samplingProblem("gpt-6-sol", "none"))
    assert.isUndefined(samplingProblem("gpt-4.1", undefined))
  })
})
