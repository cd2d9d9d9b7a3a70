import { assert, describe, it } from "@effect/vitest"
import { Option, Redacted } from "effect"

import * as KeyFormat from "../src/KeyFormat.ts"

const told = (vendor: KeyFormat.Vendor, key: string) =>
  Option.getOrUndefined(KeyFormat.check({ variable: "THE_KEY", vendor, key: Redacted.make(key) }))

const body = "0123456789abcdefghijABCDEFGHIJ"

describe("a key of its vendor", () => {
  it("is fine, in every form that the vendor gives", () => {
    const fine: ReadonlyArray<readonly [KeyFormat.Vendor, string]> = [
      ["openai", `sk-proj-${body}`],
      ["openai", `sk-svcacct-${body}`],
      ["openai", `sk-${body}`],
      ["anthropic", `sk-ant-api03-${body}AA`],
      ["google", `AIza${body}`],
      ["google", `AQ.Ab${body}`],
      ["aws.bedrock", `ABSK${body}`],
      ["aws.bedrock", `bedrock-api-key-${body}`],
      ["groq", `gsk_${body}`],
      ["x_ai", `xai-${body}`],
      ["openrouter", `sk-or-v1-${body}`],
      ["perplexity", `pplx-${body}`],
      ["cerebras", `csk-${body}`],
      ["fireworks", `fw_${body}`],
      ["deepseek", `sk-${body}`],
      ["moonshot", `sk-${body}\n`],
      ["alibaba", `sk-${body}`],
    ]
    for (const [vendor, key] of fine) assert.isUndefined(told(vendor, key), `${vendor} ${key}`)
  })
})

describe("a key in the wrong place", () => {
  it("is told by its variable and its prefix, and by nothing else of it", () => {
    const odd: ReadonlyArray<readonly [KeyFormat.Vendor, string, string, RegExp]> = [
      ["openai", `sk-ant-api03-${body}`, "sk-ant-api", /looks like one of anthropic/],
      ["openai", `sk-or-v1-${body}`, "sk-or-", /looks like one of openrouter/],
      ["openai", `sk-admin-${body}`, "sk-admin-", /administration/],
      ["anthropic", `sk-proj-${body}`, "sk-proj-", /looks like one of openai/],
      ["anthropic", `sk-ant-admin01-${body}`, "sk-ant-admin", /administration/],
      ["anthropic", `sk-ant-oat01-${body}`, "sk-ant-oat", /subscription/],
      ["anthropic", body, "", /begin with "sk-ant-api"/],
      ["google", `sk-${body}`, "", /begin with "AIza" or "AQ."/],
      ["deepseek", `gsk_${body}`, "gsk_", /looks like one of groq/],
      ["openai", `"sk-proj-${body}"`, "", /quotation marks/],
      ["openai", `Bearer sk-${body}`, "Bearer", /does not belong to a key/],
      ["openai", "your-api-key-here", "", /placeholder/],
      ["openai", "${OPENAI_API_KEY}", "", /placeholder/],
      ["openai", "xxxxxxxx", "", /placeholder/],
    ]
    for (const [vendor, key, prefix, reason] of odd) {
      const warning = told(vendor, key)
      assert.strictEqual(warning?._tag, "KeyLooksWrong", key)
      assert.strictEqual(warning?.prefix, prefix)
      assert.match(warning?.message ?? "", reason)
      assert.include(warning?.message, "THE_KEY")
      assert.notInclude(JSON.stringify(warning) + String(warning), body)
    }
  })
})

it("knows the usual variables", () => {
  assert.strictEqual(KeyFormat.vendorOf("GEMINI_API_KEY"), "google")
  assert.isUndefined(KeyFormat.vendorOf("MY_KEY"))
})
