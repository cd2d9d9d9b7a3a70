/**
 * What `ScriptedModel` of `@holdfast/testing` costs by its usual names, so that a stack with a budget can be tested as it is.
 */

import * as Price from "../../../Price.ts"

export const scripted: ReadonlyArray<Price.Price> = [
  Price.make({
    provider: "scripted",
    model: "scripted-model",
    perMillion: { input: "$1", cacheRead: "$0.10", output: "$10" },
    contextWindow: 128_000,
    maxOutputTokens: 16_000,
    source: "made up, for tests",
    checkedOn: "2026-11-28",
  }),
]
