import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"

import * as Simulation from "../src/Simulation.ts"

/** A call in each tenth of a second, answered when it says so. */
const calls = (seconds: number, answered: (at: number) => boolean): ReadonlyArray<Simulation.Call> =>
  Array.from({ length: seconds * 10 }, (_, index) => {
    const at = index * 100
    return {
      index,
      process: 0,
      at,
      firstPartAt: at + index,
      until: at + 2 * index,
      outcome: answered(at) ? "answered" : "CircuitOpen",
    }
  })

const attempt = (call: number, at: number): Simulation.Attempt => ({
  call,
  server: "a",
  at,
  until: at + 1,
  outcome: "served",
})

const simulation = (
  given: ReadonlyArray<Simulation.Call>,
  attempts: ReadonlyArray<Simulation.Attempt> = [],
): Simulation.Simulation => ({
  duration: given.length * 100,
  servers: [
    { name: "a", capacity: 4 },
    { name: "b", capacity: 1 },
  ],
  calls: given,
  attempts,
})

describe("timeline", () => {
  it("counts calls when they began, and requests when they came", () => {
    const given = simulation(
      calls(2, (at) => at < 1500),
      [attempt(0, 0), attempt(3, 999), attempt(3, 1000), attempt(19, 5000)],
    )
    assert.deepStrictEqual(Simulation.timeline(given), [
      { at: 0, offered: 10, answered: 10, attempts: 2, load: 0.4 },
      { at: 1000, offered: 10, answered: 5, attempts: 1, load: 0.2 },
    ])
    assert.deepStrictEqual(
      Simulation.timeline(given, "500 millis").map(({ answered, load }) => [answered, load]),
      [
        [5, 0.4],
        [5, 0.4],
        [5, 0.4],
        [0, 0],
      ],
    )
    assert.strictEqual(Simulation.peakLoad(given), 0.4)
    assert.strictEqual(Simulation.peakLoad(given, { from: "1 second" }), 0.2)
  })
})

describe("shares", () => {
  const given = simulation(
    calls(4, (at) => at >= 2000),
    [attempt(0, 0), attempt(0, 10), attempt(0, 4000), attempt(12, 1200), attempt(25, 2500)],
  )

  it("requests for each call, wherever the retries fell", () => {
    assert.strictEqual(Simulation.amplification(given), 5 / 40)
    assert.strictEqual(Simulation.amplification(given, { until: "2 seconds" }), 4 / 20)
    assert.strictEqual(Simulation.attemptsPerCall(given), 5 / 3)
    assert.strictEqual(Simulation.attemptsPerCall(given, { from: "1 second" }), 1)
    assert.strictEqual(Simulation.attemptsPerCall(given, { from: "3 seconds" }), 0)
  })

  it("answers", () => {
    assert.strictEqual(Simulation.goodput(given), 0.5)
    assert.strictEqual(Simulation.goodput(given, { from: "1 second", until: "3 seconds" }), 0.5)
    assert.strictEqual(Simulation.goodput(given, { from: "2 seconds" }), 1)
    assert.deepStrictEqual(Simulation.outcomes(given, { from: "1900 millis" }), { CircuitOpen: 1, answered: 20 })
  })
})

describe("recoveredAt", () => {
  const after = "10 seconds"
  const at = (answered: (at: number) => boolean, goodput = 0.95) =>
    Simulation.recoveredAt(simulation(calls(40, answered)), { after, goodput })

  it("is when enough is answered, for good", () => {
    assert.deepStrictEqual(
      at(() => true),
      Duration.seconds(10),
    )
    assert.deepStrictEqual(
      at((time) => time >= 17_000),
      Duration.seconds(17),
    )
    // Two of fifty are enough missing to be within the goodput, three are not.
    assert.deepStrictEqual(
      at((time) => time >= 17_200),
      Duration.seconds(17),
    )
    assert.deepStrictEqual(
      at((time) => time >= 17_300),
      Duration.seconds(18),
    )
    // It had recovered, and then it had not.
    assert.deepStrictEqual(
      at((time) => time >= 17_000 && !(time >= 25_000 && time < 26_000)),
      Duration.seconds(26),
    )
  })

  it("may never be", () => {
    assert.isUndefined(at((time) => time < 39_000))
    assert.isUndefined(at(() => false, 0.5))
  })
})

describe("quantiles", () => {
  const given = simulation(calls(10, (at) => at !== 9900))

  it("are of answered calls, by the nearest rank", () => {
    assert.deepStrictEqual(Simulation.timeToFirstPart(given, 0.5), Duration.millis(49))
    assert.deepStrictEqual(Simulation.timeToFirstPart(given, 1), Duration.millis(98))
    assert.deepStrictEqual(Simulation.timeToFirstPart(given, 0), Duration.millis(0))
    assert.deepStrictEqual(Simulation.latency(given, 1), Duration.millis(196))
    assert.deepStrictEqual(Simulation.latency(given, 1, { until: "5 seconds" }), Duration.millis(98))
    assert.isUndefined(Simulation.latency(given, 1, { from: "1 hour" }))
  })
})
