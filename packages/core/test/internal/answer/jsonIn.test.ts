import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"

import { jsonIn } from "../../../src/internal/answer/jsonIn.ts"

const found = (text: string) => Effect.runSync(Effect.result(jsonIn(text)))
const one = (text: string): unknown => {
  const result = found(text)
  return result._tag === "Success" ? result.success : result.failure.message
}

describe("the JSON of an answer", () => {
  const value = '{"city":"Oslo"}'
  const wrapped: ReadonlyArray<readonly [name: string, text: string]> = [
    ["stands alone", value],
    ["is in a fence", `\`\`\`json\n${value}\n\`\`\``],
    ["is in a fence of no language", `\`\`\`\n${value}\n\`\`\``],
    ["is in a fence among words", `Here you are:\n\n\`\`\`json\n${value}\n\`\`\`\nAnything else?`],
    ["is in a fence, and words have braces", `For {city} it is\n\`\`\`JSON\n${value}\n\`\`\``],
    ["follows words", `Sure! ${value}`],
    ["is followed by words", `${value}\n\nI hope that this helps :}`],
    ["stands among braces that are no JSON", `{a} ${value} [b`],
    ["follows thoughts", `<think>maybe {"city":"Bergen"}</think>${value}`],
    ["follows thoughts without a beginning", `maybe {"city":"Bergen"}\n</think>\n${value}`],
    ["is said twice", `${value} that is, ${value.replace(":", " : ")}`],
    ["follows a quote that is not closed", `6" of snow: ${value}`],
  ]

  it.each(wrapped)("%s", (_, text) => {
    assert.deepStrictEqual(JSON.parse(String(one(text))), { city: "Oslo" })
  })

  it("may be a list, and hold brackets in its texts", () => {
    assert.strictEqual(one('So: [1,"]{"] .'), '[1,"]{"]')
    assert.strictEqual(one('{"a":"\\"}"} .'), '{"a":"\\"}"}')
  })

  it("is nobody's guess where there are several", () => {
    const message = "the answer holds 2 different JSON values, and does not say which one counts"
    assert.strictEqual(one(`${value} or {"city":"Bergen"}`), message)
    assert.strictEqual(one(`\`\`\`\n${value}\n\`\`\` or \`\`\`\n[1]\n\`\`\``), message)
  })

  it("is left to the decoder where there is none", () => {
    for (const text of ["", "no", '{"city":"Os', "{a:1}"]) assert.strictEqual(one(text), text)
  })

  it("is found in any words without brackets", () => {
    const words = fc.string({ maxLength: 20 }).map((text) => text.replace(/[[\]{}"`<]/g, ""))
    fc.assert(
      fc.property(words, words, fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (before, after, json) => {
        const text = JSON.stringify(json)
        assert.deepStrictEqual(JSON.parse(String(one(`${before}x ${text} ${after}`))), JSON.parse(text))
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  it("does not take for ever to be looked for", () => {
    const deep = "[".repeat(100_000)
    assert.strictEqual(one(deep), deep)
    assert.isString(one('{"'.repeat(50_000)))
  })
})
