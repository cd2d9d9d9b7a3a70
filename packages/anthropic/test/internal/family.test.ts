import { assert, describe, it } from "@effect/vitest"

import { familyOf } from "../../src/internal/family.ts"

describe("familyOf", () => {
  it("reads names in all their spellings", () => {
    const opus45 = familyOf("claude-opus-4-5")
    for (const name of [
      "claude-opus-4-5-20251101",
      "claude-opus-4-5@20251101",
      "anthropic/claude-opus-4.5",
      "us.anthropic.claude-opus-4-5-20251101-v1:0",
      "CLAUDE-OPUS-4-5",
    ]) {
      assert.deepStrictEqual(familyOf(name), opus45, name)
    }
    assert.deepStrictEqual(familyOf("claude-opus-4-20250514"), familyOf("claude-opus-4-0"))
    assert.deepStrictEqual(familyOf("claude-3.7-sonnet"), familyOf("claude-3-7-sonnet-20250219"))
    assert.notDeepEqual(familyOf("claude-3-5-sonnet-latest"), familyOf("claude-3-7-sonnet-latest"))
  })

  it("assumes nothing of other names", () => {
    for (const name of ["claude", "claude-next", "claude-2.1", "gpt-6.1-terra", "my-proxy"]) {
      assert.isUndefined(familyOf(name), name)
    }
  })

  // The name, the most tokens, thinking, thinking off, efforts, sampling, forced tools and prefill.
  const known: ReadonlyArray<[string, number, string, string, string, boolean, boolean, boolean]> = [
    ["claude-3-haiku-20240307", 4096, "none", "always", "", true, true, true],
    ["claude-3-5-sonnet-20241022", 8192, "none", "always", "", true, true, true],
    ["claude-3-7-sonnet-20250219", 64_000, "budget", "always", "", true, true, true],
    ["claude-opus-4-1-20250805", 32_000, "budget", "always", "", true, true, true],
    ["claude-sonnet-4-20250514", 64_000, "budget", "always", "", true, true, true],
    ["claude-sonnet-4-5", 64_000, "budget", "always", "", true, true, true],
    ["claude-haiku-4-5", 64_000, "budget", "always", "", true, true, true],
    ["claude-opus-4-5", 64_000, "budget", "always", "low medium high", true, true, true],
    ["claude-sonnet-4-6", 128_000, "budget or adaptive", "always", "low medium high max", true, true, false],
    ["claude-mythos-preview", 128_000, "budget or adaptive", "never", "low medium high max", false, true, false],
    ["claude-opus-4-7", 128_000, "adaptive", "always", "low medium high xhigh max", false, true, false],
    ["claude-sonnet-5", 128_000, "adaptive", "always", "low medium high xhigh max", false, true, false],
    ["claude-opus-5", 128_000, "adaptive", "up to high effort", "low medium high xhigh max", false, true, false],
    ["claude-fable-5", 128_000, "adaptive", "never", "low medium high xhigh max", false, true, false],
    ["claude-fable-5-2", 128_000, "adaptive", "never", "low medium high xhigh max", false, false, false],
    ["claude-mythos-5-1", 128_000, "adaptive", "never", "low medium high xhigh max", false, false, false],
    ["claude-opus-5-5", 128_000, "adaptive", "never", "low medium high xhigh max", false, false, false],
    ["claude-sonnet-5-5", 128_000, "adaptive", "between_tools", "low medium high xhigh max", false, false, false],
    ["claude-haiku-5-5", 128_000, "adaptive", "always", "low medium high xhigh max", false, true, false],
  ]
  it.each(known)(
    "knows %s",
    (model, maxOutputTokens, thinking, thinkingOff, efforts, sampling, forcedTools, prefill) => {
      const family = familyOf(model)
      assert.isDefined(family)
      assert.deepStrictEqual(
        [family.maxOutputTokens, family.thinking, family.thinkingOff, family.efforts.join(" ")],
        [maxOutputTokens, thinking, thinkingOff, efforts],
      )
      assert.deepStrictEqual([family.sampling, family.forcedTools, family.prefill], [sampling, forcedTools, prefill])
    },
  )

  it("knows which models take system messages in a conversation, schemas and one sampling parameter", () => {
    const of = (model: string) => {
      const family = familyOf(model)
      return [family?.systemInHistory, family?.structured, family?.samplesByOne]
    }
    assert.deepStrictEqual(of("claude-sonnet-4-20250514"), [false, false, false])
    assert.deepStrictEqual(of("claude-opus-4-1"), [false, true, true])
    assert.deepStrictEqual(of("claude-opus-4-7"), [false, true, true])
    assert.deepStrictEqual(of("claude-opus-4-8"), [true, true, true])
    assert.deepStrictEqual(of("claude-fable-5"), [true, true, true])
  })
})
