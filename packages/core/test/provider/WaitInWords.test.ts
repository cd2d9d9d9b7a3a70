import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"

import { waitField, waitIn } from "../../src/provider/WaitInWords.ts"

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

describe("a wait in a field", () => {
  it.each([
    [{ retry_after: 20 }, 20_000],
    [{ retry_after: "20" }, 20_000],
    [{ retry_after: "1.5s" }, 1_500],
    [{ retryAfter: 0.25 }, 250],
    [{ retry_after_seconds: 3 }, 3_000],
    [{ retry_after_ms: "900", retry_after: 5 }, 900],
    [{ retry_after: 0 }, undefined],
    [{ retry_after: -3 }, undefined],
    [{ retry_after: Number.NaN }, undefined],
    [{ retry_after: { seconds: 3 } }, undefined],
    [{ retry_after: "soon" }, undefined],
    [{}, undefined],
    ["retry_after", undefined],
    [null, undefined],
  ])("%j", (error, millis) => {
    const wait = waitField(error)
    assert.strictEqual(wait && Duration.toMillis(wait), millis)
  })
})
