import { assert, describe, it } from "@effect/vitest"

import * as ProviderName from "../src/ProviderName.ts"

describe("the name of a provider", () => {
  it.each([
    ["google", "gcp.gemini"],
    ["Gemini", "gcp.gemini"],
    ["gcp.gemini", "gcp.gemini"],
    ["vertex-ai", "gcp.vertex_ai"],
    ["xai", "x_ai"],
    ["grok", "x_ai"],
    ["mistral", "mistral_ai"],
    ["azure", "azure.ai.openai"],
    ["amazon-bedrock", "aws.bedrock"],
    ["openai", "openai"],
    ["acme", "acme"],
    ["Acme", "Acme"],
    ["", ""],
    ["__proto__", "__proto__"],
  ])("%s is %s to attempts", (name, canonical) => {
    assert.strictEqual(ProviderName.canonical(name), canonical)
    assert.strictEqual(ProviderName.canonical(canonical), canonical)
  })

  it.each([
    ["google/gemini-3", "gcp.gemini/gemini-3"],
    ["openai/org/model", "openai/org/model"],
    ["google", "google"],
    ["/a", "/a"],
    ["", ""],
  ])("the key %s is %s", (key, canonical) => {
    assert.strictEqual(ProviderName.canonicalKey(key), canonical)
  })
})
