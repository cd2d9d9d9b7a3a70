import { assert, it } from "@effect/vitest"

import * as CloudPrices from "../../src/provider/CloudPrices.ts"

it("names at Bedrock are those of models of Anthropic, in a region or not", () => {
  const names: ReadonlyArray<readonly [string, string | undefined, boolean?]> = [
    ["global.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", false],
    ["eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", true],
    ["us-gov.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001", true],
    ["anthropic.claude-opus-4-6-v1", "claude-opus-4-6", true],
    ["anthropic.claude-sonnet-5-5", "claude-sonnet-5-5", true],
    ["us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1-20250805", false],
    ["us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-20250514", false],
    ["anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022", false],
    ["meta.llama3-1-8b-instruct-v1:0", undefined],
    ["openai.gpt-oss-120b-1:0", undefined],
  ]
  for (const [name, model, regional] of names) {
    const expected = model === undefined ? undefined : { provider: "anthropic", model, regional }
    assert.deepStrictEqual(CloudPrices.ofBedrock(name), expected, name)
  }
})

it("what is said goes before what is known, and inherits nothing", () => {
  const known = (model: string) => ({ provider: "openai", model })
  const priced = CloudPrices.pricedBy({ chat: { provider: "openai", model: "gpt-6-luna", regional: true } }, known)
  assert.deepStrictEqual(priced("chat"), { provider: "openai", model: "gpt-6-luna", regional: true })
  assert.deepStrictEqual(priced("toString"), { provider: "openai", model: "toString" })
})
