import { assert, it } from "@effect/vitest"
import { Effect } from "effect"

import { output } from "./support/program.ts"

it.live("the demo ends with the ledger of its run, an alert at 80 %, and a budget that refuses", () =>
  Effect.gen(function* () {
    const lines = (yield* output({ file: "examples/demo.ts", flags: ["--prompts", "10"] })).split("\n")
    const begin = lines.findIndex((line) => line.startsWith("4a "))
    assert.isAbove(begin, 0)
    const money = lines.slice(begin)
    const find = (pattern: RegExp) => money.findIndex((line) => pattern.test(line))
    const row = (pattern: RegExp) => money[find(pattern)]?.trim().split(/ {2,}/)
    assert.deepStrictEqual(row(/^ {2}model /), "model outcome attempts repeated input cached output cost".split(" "))
    // The three refusals of the first act, and the answer that came in the end.
    assert.deepStrictEqual(row(/claude/), ["claude-sonnet-5-5", "failed, not billed", "3", "3", "-", "-", "-", "$0.00"])
    assert.deepStrictEqual(row(/gemini/)?.slice(0, 4), ["gemini-3.8-flash", "answered", "1", "1"])
    assert.match(money[find(/terra +answered/)] ?? "", /\$0\.0\d+$/)
    const alert = find(/ThresholdReached: demo has spent \$0\.045572, 80 % of its \$0\.05 for this day/)
    const refusal = find(
      /BudgetExceeded: demo may spend \$0\.05 per day; \$0\.045572 are spent, .* this call may cost \$0\.0101/,
    )
    assert.isAbove(alert, find(/answer 7: /))
    assert.isAbove(refusal, alert)
    assert.isAbove(find(/degrade +Budget\.orElse/), refusal)
  }),
)
