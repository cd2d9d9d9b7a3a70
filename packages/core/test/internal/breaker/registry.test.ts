import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { rulesOf } from "../../../src/internal/breaker/options.ts"
import { CircuitRegistry, idle } from "../../../src/internal/breaker/registry.ts"

const rules = rulesOf({})
const keys = 100_000

/** Bytes in use when everything else was collected. */
const heapUsed = (): number => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
  return process.memoryUsage().heapUsed
}

describe("the circuits of a hundred thousand keys", () => {
  it.effect("leave the heap where it was, when nobody uses them any more", () =>
    Effect.withFiber((fiber) => {
      const circuits = new CircuitRegistry()
      const use = (key: number, now: number) => {
        const circuit = circuits.acquire(`key ${key}`, rules)
        const admission = circuits.admit(circuit, now, fiber)
        if (admission._tag === "Refused") throw new Error("refused")
        circuits.record(circuit, { ticket: admission.ticket, outcome: { _tag: "Failed" }, now }, fiber)
        circuits.release(circuit, now)
      }
      const before = heapUsed()
      for (let key = 0; key < keys; key++) use(key, key / keys)
      const full = heapUsed() - before
      assert.isAbove(full, keys * 50)
      // The next hour has keys of its own, and each of them makes room for itself.
      const later = idle + 60_000 + 1
      for (let key = 0; key < keys / 2; key++) use(-key, later)
      assert.isAtMost(circuits.list(later).length, keys / 2)
      assert.lengthOf(circuits.list(2 * later), 0)
      assert.isBelow(heapUsed() - before, full / 20)
      return Effect.void
    }),
  )
})
