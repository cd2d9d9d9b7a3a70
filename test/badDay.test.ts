/**
 * The animation of the README is what `build/badDay/draw.ts` makes of the recorded run, and nothing in it runs.
 */
import { readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

import { draw, recorded } from "../build/badDay/draw.ts"

const committed = readFileSync(new URL("../docs/plots/bad-day.svg", import.meta.url), "utf8")

it("the animation is drawn from the recorded run", () => {
  assert.strictEqual(committed, draw(recorded()))
})

it("the animation is small, has no script and loads nothing, and keeps still for those who want that", () => {
  assert.isBelow(committed.length, 60_000)
  assert.notMatch(committed, /<script|javascript:|on[a-z]+="|href|url\(|@import/i)
  assert.match(committed, /prefers-reduced-motion:reduce/)
  assert.match(committed, /prefers-color-scheme:dark/)
})

it("the animation shows a day that was bad, and survived", () => {
  const shown = committed.replaceAll(/<style>[^]*<\/style>|<[^>]+>/g, "")
  assert.strictEqual(shown.match(/attempt \d: .* failed/g)?.length, 6)
  assert.match(shown, /falling back from gpt-6\.1-terra of openai to claude-sonnet-5-5 of anthropic/)
  assert.match(shown, /A ship floats because/)
  assert.match(shown, /BudgetExceeded: demo may spend \$0\.05 per day/)
})
