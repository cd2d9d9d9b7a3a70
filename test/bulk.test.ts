import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { output } from "./support/program.ts"

describe("the example of a bulk run", () => {
  for (const [way, cost] of [
    ["live", "$0.0004 for answers at once"],
    ["batch", "$0.0002 for a batch"],
  ] as const) {
    it.live(`classifies a file, ${way}, with a stop on the way`, () =>
      Effect.gen(function* () {
        const text = yield* output({ file: "examples/bulk.ts", flags: [way] })
        assert.match(text, /^batch {2}about \$0\.0007155, .*; within 1d$/m)
        assert.match(text, /^Stopped: the run was stopped after \d+ items; start it again to go on$/m)
        const left = Number(/^(\d+) of 40 were left/m.exec(text)?.[1])
        assert.isAbove(left, 0)
        assert.strictEqual(text.trim().split("\n").at(-1), `20 positive, 20 negative, ${cost}`)
      }),
    )
  }
})
