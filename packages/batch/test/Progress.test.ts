import { assert, describe, it } from "@effect/vitest"
import { Money } from "@holdfast/cost"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"

import { Speed } from "../src/internal/bulk/speed.ts"
import * as Progress from "../src/Progress.ts"

const at = (done: number, more: Partial<Progress.Progress> = {}): Progress.Progress => ({
  done,
  failed: 0,
  total: 100,
  spent: Money.fromInputUnsafe("0.42 USD"),
  perSecond: undefined,
  left: undefined,
  ...more,
})

const written = (isTTY: boolean, columns?: number) => {
  const texts: Array<string> = []
  const output = { isTTY, ...(columns !== undefined && { columns }), write: (text: string) => texts.push(text) }
  return { texts, draw: Progress.draw(output) }
}

describe("progress", () => {
  it("is told in one line, without what is not known", () => {
    assert.strictEqual(Progress.format(at(5)), "5 of 100 done, $0.42")
    assert.strictEqual(
      Progress.format(at(1_200, { total: 5_000, failed: 3, perSecond: 61.3, left: Duration.seconds(62.2) })),
      "1,200 of 5,000 done, 3 failed, $0.42, 61 a second, 1m 2s left",
    )
    assert.strictEqual(Progress.format(at(7, { total: undefined, perSecond: 0.25 })), "7 done, $0.42, 0.3 a second")
  })

  it.effect("is a line at each tenth where nobody watches", () =>
    Effect.gen(function* () {
      const { draw, texts } = written(false)
      for (let done = 1; done <= 100; done++) yield* draw(at(done))
      assert.lengthOf(texts, 10)
      assert.strictEqual(texts[9], "100 of 100 done, $0.42\n")
    }),
  )

  it.effect("moves ten times a second at most on a terminal, and ends its line", () =>
    Effect.gen(function* () {
      const { draw, texts } = written(true, 100)
      for (let done = 1; done <= 100; done++) {
        yield* draw(at(done))
        yield* TestClock.adjust("10 millis")
      }
      assert.isAtMost(texts.length, 11)
      assert.match(texts.at(-1) ?? "", /\u2588{20} 100 of 100 done, \$0\.42\n$/)
      const narrow = written(true, 20)
      yield* narrow.draw(at(5))
      assert.isAtMost((narrow.texts[0] ?? "").replace("\r\u001b[2K", "").length, 19)
    }),
  )
})

describe("the speed of a run", () => {
  it("is that of the last ten seconds", () => {
    const speed = new Speed()
    let now = 0
    let done = 0
    const pass = (seconds: number, perSecond: number) => {
      for (let second = 0; second < seconds; second++) {
        now += 1_000
        done += perSecond
        speed.mark(now, done)
      }
    }
    assert.isUndefined(speed.perSecond(now, done))
    pass(60, 100)
    pass(12, 10)
    assert.approximately(speed.perSecond(now, done) ?? 0, 10, 1e-9)
  })
})
