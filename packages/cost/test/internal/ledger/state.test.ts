import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { type Claim } from "../../../src/internal/ledger/journal.ts"
import * as Kernel from "../../../src/internal/ledger/state.ts"
import { fromPicodollars as money } from "../../../src/Money.ts"

const worst = fc.bigInt({ min: 0n, max: 100n }).map(money)
const event: fc.Arbitrary<Kernel.Event> = fc.oneof(
  worst.map((amount): Kernel.Event => ({ _tag: "Reserved", worst: amount })),
  worst.map((amount): Kernel.Event => ({ _tag: "Settled", cost: amount })),
  fc.constant<Kernel.Event>({ _tag: "Released" }),
  fc.constant<Kernel.Event>({ _tag: "Expired" }),
)

interface State {
  readonly hold: Kernel.Hold | undefined
  readonly total: Kernel.Total
}

const step = (state: State, next: Kernel.Event): State => {
  const change = Kernel.apply(state.hold, next)
  return change === undefined ? state : { hold: change.hold, total: Kernel.plus(state.total, change.delta) }
}
const fold = (events: ReadonlyArray<Kernel.Event>): State =>
  events.reduce(step, { hold: undefined, total: Kernel.nothing })

describe("one reservation", () => {
  it("counts at any time with just what is known of it", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        const { hold, total } = fold(events)
        switch (hold?._tag) {
          case "Reserved":
            return assert.deepStrictEqual(total, { spent: 0n, reserved: hold.worst, uncertain: 0n })
          case "Expired":
            return assert.deepStrictEqual(total, { spent: 0n, reserved: 0n, uncertain: hold.worst })
          case "Settled":
            return assert.deepStrictEqual(total, { spent: hold.cost, reserved: 0n, uncertain: 0n })
          default:
            return assert.deepStrictEqual(total, Kernel.nothing)
        }
      }),
    )
  })

  it("is not changed by what was said before", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), event, (events, repeated) => {
        assert.deepStrictEqual(fold([...events, repeated, repeated]), fold([...events, repeated]))
      }),
    )
  })

  it("costs what was settled, however it was ended besides, and in whatever order", () => {
    const endings = fc.shuffledSubarray([{ _tag: "Released" }, { _tag: "Expired" }] as const)
    fc.assert(
      fc.property(endings, worst, worst, fc.nat(2), (others, reserved, cost, at) => {
        const ends: Array<Kernel.Event> = [...others]
        ends.splice(at, 0, { _tag: "Settled", cost })
        const { total } = fold([{ _tag: "Reserved", worst: reserved }, ...ends])
        assert.deepStrictEqual(total, { spent: cost, reserved: 0n, uncertain: 0n })
      }),
    )
  })
})

describe("limits", () => {
  const claim = (limit: bigint): Claim => ({ account: "a", bucket: 0, since: 0, until: 1, limit: money(limit) })
  const total = (spent: bigint, reserved: bigint, uncertain: bigint): Kernel.Total => ({
    spent: money(spent),
    reserved: money(reserved),
    uncertain: money(uncertain),
  })

  it("are reached to the smallest unit, and never passed", () => {
    const amounts = fc.tuple(worst, worst, worst, worst, fc.bigInt({ min: 0n, max: 400n }))
    fc.assert(
      fc.property(amounts, ([spent, reserved, uncertain, asked, limit]) => {
        const excess = Kernel.excessOf([claim(limit)], asked, () => total(spent, reserved, uncertain))
        assert.strictEqual(excess === undefined, spent + reserved + uncertain + asked <= limit)
        if (excess !== undefined) assert.strictEqual(excess.mayFit, spent + uncertain + asked <= limit)
      }),
    )
  })

  it("of which one can never be kept are not waited for", () => {
    const totals = new Map([
      [claim(10n), total(0n, 10n, 0n)],
      [claim(11n), total(11n, 0n, 0n)],
    ])
    const excess = Kernel.excessOf([...totals.keys()], money(1n), (each) => totals.get(each) ?? Kernel.nothing)
    assert.deepInclude(excess, { claim: claim(11n), mayFit: false })
  })

  it("of nothing let through what costs nothing", () => {
    assert.isUndefined(Kernel.excessOf([claim(0n)], money(0n), () => Kernel.nothing))
    assert.isUndefined(Kernel.excessOf([], money(10n), () => Kernel.nothing))
  })
})

it("a clock may go back a little, and no further", () => {
  assert.deepStrictEqual(
    [2_000, 1_000, 400, 399].map((now) => Kernel.steppedBack(1_000, now, 600)),
    [false, false, false, true],
  )
})

it("a clock that was ahead once stops nothing for longer than a minute", () => {
  const day = 86_400_000
  const readings = [day + 1_000, 1_000, 2_000, 60_999, 61_000, 61_001, 500]
  let time: Kernel.Time = { latest: 0, doubt: undefined }
  const seen = readings.map((now) => {
    time = Kernel.timeAt(time, now, 600)
    return [time.latest, time.doubt]
  })
  assert.deepStrictEqual(seen, [
    [day + 1_000, undefined],
    [day + 1_000, 1_000],
    [day + 1_000, 1_000],
    [day + 1_000, 1_000],
    [61_000, undefined],
    [61_001, undefined],
    [61_001, 500],
  ])
})
