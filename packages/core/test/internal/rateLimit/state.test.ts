import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import * as SlidingWindow from "../../../src/internal/rateLimit/state.ts"
import { everything, type Scenario, scenarios } from "./usageCommands.ts"

/** A call, hints by time that only passes: a clock that is set back adds none. */
interface Logged {
  readonly at: number
  readonly elapsed: number
  readonly costs: Array<number>
}

/** Plays a scenario, and shows every answer to somebody who checks it. */
const play = (
  { commands, rules }: Scenario,
  check: (answer: {
    readonly account: SlidingWindow.SlidingWindow
    readonly log: ReadonlyArray<Logged>
    readonly costs: ReadonlyArray<number>
    readonly refusal: SlidingWindow.Refusal | undefined
    readonly now: number
    readonly elapsed: number
  }) => void,
) => {
  let now = 1_000_000
  let elapsed = 0
  const account = SlidingWindow.make(rules, now)
  const log: Array<Logged> = []
  const said = (which: number) => ({ at: log[which % Math.max(1, log.length)]?.at ?? now, changes: [], hints: [] })
  for (const command of commands) {
    switch (command._tag) {
      case "Wait":
        now += command.millis
        elapsed += command.millis
        break
      case "Back":
        now -= command.millis
        break
      case "Take": {
        const refusal = SlidingWindow.take(account, rules, command.costs, now)
        check({ account, log, costs: command.costs, refusal, now, elapsed })
        if (refusal === undefined) log.push({ at: now, elapsed, costs: [...command.costs] })
        break
      }
      case "Settle": {
        const call = log[command.which % Math.max(1, log.length)]
        if (call === undefined) break
        const changes = call.costs.map((cost, index) => Math.round(cost * (command.shares[index] ?? 1)) - cost)
        SlidingWindow.report(account, rules, { at: call.at, changes, hints: [] }, now)
        for (const [index, change] of changes.entries()) {
          // What is more counts from now on.
          if (change > 0) log.push({ at: -1, elapsed, costs: rules.map((_, each) => (each === index ? change : 0)) })
          else call.costs[index] = (call.costs[index] ?? 0) + change
        }
        break
      }
      case "Throttled":
        SlidingWindow.report(account, rules, { ...said(command.which), throttled: { hint: command.hint } }, now)
        break
      case "Told": {
        const limit = rules[command.dimension]?.limit ?? 0
        const hints = {
          dimension: command.dimension,
          remaining: Math.floor(limit * command.share),
          reset: command.reset,
        }
        SlidingWindow.report(account, rules, { ...said(command.which), hints: [hints] }, now)
        break
      }
    }
  }
}

const used = (log: ReadonlyArray<Logged>, index: number, since: number) =>
  log.reduce((sum, { costs, elapsed }) => (elapsed > since ? sum + (costs[index] ?? 0) : sum), 0)

const runs = { numRuns: 3_000, seed: 42 }

describe("an account of use", () => {
  it("never lets a window hold more than the limit, whatever happens", () => {
    let granted = 0
    fc.assert(
      fc.property(scenarios(everything, 80), (scenario) => {
        play(scenario, ({ costs, elapsed, log, refusal }) => {
          if (refusal !== undefined) return
          granted++
          for (const [index, { limit, window }] of scenario.rules.entries()) {
            if ((costs[index] ?? 0) === 0) continue
            assert.isAtMost(used(log, index, elapsed - window) + (costs[index] ?? 0), limit)
          }
        })
      }),
      runs,
    )
    assert.isAbove(granted, 10_000)
  })

  it("refuses only what does not fit into a window that is a two-hundredth longer", () => {
    let refused = 0
    fc.assert(
      fc.property(scenarios(["Take", "Settle", "Wait"], 80), (scenario) => {
        // What is given back to a slice that begins earlier than the window does is not seen by a log.
        const unsettled = { ...scenario, commands: scenario.commands.filter(({ _tag }) => _tag !== "Settle") }
        play(unsettled, ({ costs, elapsed, log, refusal }) => {
          if (refusal === undefined) return
          refused++
          const full = unsettled.rules.some(
            ({ limit, window }, index) => used(log, index, elapsed - window * 1.005) + (costs[index] ?? 0) > limit,
          )
          assert.isTrue(full)
        })
      }),
      runs,
    )
    assert.isAbove(refused, 5_000)
  })

  it("has room after the wait that it names, and not before", () => {
    let waits = 0
    fc.assert(
      fc.property(scenarios(everything, 60), (scenario) => {
        play(scenario, ({ account, costs, now, refusal }) => {
          if (refusal === undefined) return
          waits++
          const after = (wait: number) =>
            SlidingWindow.wouldRefuse(structuredClone(account), scenario.rules, costs, now + wait)
          assert.isAbove(refusal.wait, 0)
          assert.isUndefined(after(refusal.wait + 1e-6))
          if (refusal.wait > 0.01) assert.isDefined(after(refusal.wait - 0.01))
        })
      }),
      runs,
    )
    assert.isAbove(waits, 5_000)
  })

  it("takes nothing of any dimension when one is used up", () => {
    const rules = [
      { name: "a", limit: 10, window: 1_000 },
      { name: "b", limit: 1, window: 1_000 },
    ]
    const account = SlidingWindow.make(rules, 0)
    assert.isUndefined(SlidingWindow.take(account, rules, [1, 1], 0))
    assert.deepStrictEqual(SlidingWindow.take(account, rules, [1, 1], 1), { dimension: 1, wait: 999 })
    assert.strictEqual(SlidingWindow.remainingAt(account, rules, 0, 1), 9)
  })

  it("uses nearly all of a limit that is asked for all the time", () => {
    const rules = [{ name: "a", limit: 100, window: 1_000 }]
    for (const step of [1, 3, 7, 13]) {
      const account = SlidingWindow.make(rules, 0)
      let taken = 0
      for (let now = 0; now < 60_000; now += step) {
        for (let asks = 0; asks < 3; asks++) if (SlidingWindow.take(account, rules, [1], now) === undefined) taken++
      }
      assert.isAbove(taken / 6_000, 0.98)
    }
  })
})

const tokens = [{ name: "tokens", limit: 1_000, window: 60_000 }]
const said = { at: 0, changes: [], hints: [] }

describe("what a provider says", () => {
  it("only ever makes it tighter, and comes back evenly", () => {
    const account = SlidingWindow.make(tokens, 0)
    const hear = (remaining: number, reset: number) =>
      SlidingWindow.report(account, tokens, { ...said, hints: [{ dimension: 0, remaining, reset }] }, 0)
    assert.lengthOf(hear(2_000, 60_000), 0)
    assert.deepStrictEqual(hear(100, 30_000), [{ dimension: 0, remaining: 100, span: 30_000 }])
    assert.lengthOf(hear(500, 30_000), 0)
    assert.strictEqual(SlidingWindow.remainingAt(account, tokens, 0, 0), 100)
    assert.strictEqual(SlidingWindow.remainingAt(account, tokens, 0, 15_000), 550)
    assert.strictEqual(SlidingWindow.remainingAt(account, tokens, 0, 30_000), 1_000)
  })

  it("is not believed beyond the window", () => {
    const account = SlidingWindow.make(tokens, 0)
    SlidingWindow.report(account, tokens, { ...said, hints: [{ dimension: 0, remaining: 0, reset: 1e12 }] }, 0)
    assert.strictEqual(SlidingWindow.remainingAt(account, tokens, 0, 60_000), 1_000)
  })

  it("stops everything after a 429 for as long as it says, at most ten minutes", () => {
    const account = SlidingWindow.make(tokens, 0)
    const throttled = (hint: number) => SlidingWindow.report(account, tokens, { ...said, throttled: { hint } }, 0)
    assert.deepStrictEqual(throttled(7_000), [{ dimension: undefined, remaining: 0, span: 7_000 }])
    assert.lengthOf(throttled(5_000), 0)
    assert.deepStrictEqual(SlidingWindow.take(account, tokens, [1], 1_000), { dimension: undefined, wait: 6_000 })
    assert.deepStrictEqual(throttled(1e9), [{ dimension: undefined, remaining: 0, span: 600_000 }])
  })

  it("without a hint doubles the pause, once for all calls that were under way", () => {
    const account = SlidingWindow.make(tokens, 0)
    const throttled = (at: number, now: number) =>
      SlidingWindow.report(account, tokens, { ...said, at, throttled: { hint: undefined } }, now).map(
        ({ span }) => span,
      )
    assert.deepStrictEqual(throttled(0, 100), [1_000])
    assert.deepStrictEqual(throttled(50, 120), [])
    assert.deepStrictEqual(throttled(1_100, 1_200), [2_000])
    assert.deepStrictEqual(throttled(3_300, 3_400), [4_000])
    // It went well for longer than the last pause was.
    assert.deepStrictEqual(throttled(20_000, 20_000), [1_000])
  })
})
