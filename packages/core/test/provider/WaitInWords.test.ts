import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"

import { waitIn } from "../../src/provider/WaitInWords.ts"

describe("a wait in words", () => {
  it.each([
    ["Please retry in 900.2ms.", 901],
    ["Please retry in 4m59s.", 299_000],
    ["Please retry in 9h40m33s.", 34_833_000],
    ["Please try again in 7m32.5s", 452_500],
    ["try again in 1d2h", 93_600_000],
    ["try again in 20ms", 20],
    ["try again in a while", undefined],
    ["try again later", undefined],
  ])("%s", (message, millis) => {
    const wait = waitIn(message)
    assert.strictEqual(wait && Duration.toMillis(wait), millis)
  })
})
