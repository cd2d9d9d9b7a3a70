/**
 * Estimates beside the tokenizer that OpenAI uses.
 */

import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { textTokens } from "@holdfast/core/PromptTokens"
import { Estimate } from "@holdfast/cost"
import { Effect } from "effect"
import * as fc from "fast-check"
import { encode } from "gpt-tokenizer/encoding/o200k_base"

import { request } from "./requests.ts"

const exact = (text: string): number => encode(text, { disallowedSpecial: new Set() }).length

const file = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8").slice(0, 60_000)

const ordinary = {
  prose: file("docs/prompt-caching.md"),
  code: file("packages/cost/src/Price.ts"),
  json: file("bench/results.json"),
  "json in one line": JSON.stringify(JSON.parse(file("bench/results.json"))),
  yaml: file("pnpm-lock.yaml"),
  German: "Ein Schiff schwimmt, weil es so viel Wasser verdrängt, wie es selbst wiegt. ".repeat(20),
  Russian: "Корабль плавает, потому что вытесняет столько воды, сколько весит сам. ".repeat(20),
  Greek: "Το πλοίο επιπλέει επειδή εκτοπίζει τόσο νερό όσο ζυγίζει το ίδιο. ".repeat(20),
  Arabic: "تطفو السفينة لأنها تزيح من الماء ما يعادل وزنها. ".repeat(20),
  Hindi: "जहाज इसलिए तैरता है क्योंकि वह अपने वजन के बराबर पानी हटाता है। ".repeat(20),
  Chinese: "船之所以能浮起来，是因为它排开的水与它自身一样重。".repeat(20),
  Japanese: "船が浮くのは、自分の重さと同じだけの水を押しのけるからです。".repeat(20),
  Korean: "배가 뜨는 것은 자기 무게만큼의 물을 밀어내기 때문입니다. ".repeat(20),
  emoji: "🚢🌊⚓🐋🧭 ".repeat(40),
}

const estimate = (text: string) =>
  Effect.flatMap(Estimate.Estimator, (estimator) =>
    estimator.estimate(request(text), { provider: "openai", model: "gpt-6-sol", maxOutputTokens: 1 }),
  ).pipe(Effect.provide(Estimate.layer))

describe("beside OpenAI's tokenizer", () => {
  it.effect.each(Object.entries(ordinary))("%s is bounded from the first request on", ([, text]) =>
    Effect.gen(function* () {
      const { input } = yield* estimate(text)
      assert.isAtLeast(input, exact(text))
      assert.isAtMost(input, exact(text) * 2.5)
    }),
  )

  it("no text has more tokens than bytes", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.string({ unit: "grapheme", maxLength: 60 }),
      fc.base64String({ maxLength: 200 }),
      fc.string({ unit: fc.constantFrom("<|endoftext|>", "<|", "|>", "{", '"', "\\", "\n", "🚢"), maxLength: 60 }),
    )
    fc.assert(fc.property(texts, (text) => assert.isAtLeast(textTokens(text).atMost, exact(text))))
  })
})
