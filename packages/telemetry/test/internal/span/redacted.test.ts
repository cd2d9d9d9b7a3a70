import { assert, it } from "@effect/vitest"
import { Data } from "effect"

import { redactedError } from "../../../src/internal/span/redacted.ts"

class Tagged extends Data.Error<{ readonly _tag: string }> {}

it("an error in a span has no longer tag than anywhere else, whoever chose it", () => {
  const { message, name, stack } = redactedError(new Tagged({ _tag: "x".repeat(10_000) }))
  assert.deepStrictEqual([name, message, stack], ["x".repeat(80), "x".repeat(80), "x".repeat(80)])
})
