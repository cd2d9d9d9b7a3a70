import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { bundle, gzipBytes } from "./support/bundle.ts"

const size = (entry: string) =>
  Effect.map(
    Effect.promise(() => bundle({ entry, external: ["react"] })),
    gzipBytes,
  )

describe("what a page loads", () => {
  it.effect("the client is at most 1.6 kB", () =>
    Effect.gen(function* () {
      assert.isAtMost(yield* size("src/index.ts"), 1_600)
    }),
  )

  it.effect("the hook, and the client in it, is at most 3 kB beside React", () =>
    Effect.gen(function* () {
      assert.isAtMost(yield* size("src/react.ts"), 3_000)
    }),
  )
})
