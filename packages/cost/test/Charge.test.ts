import { assert, describe, it } from "@effect/vitest"
import { type Attempt, Event } from "@holdfast/core"
import { Effect } from "effect"

import { chunk, delta, errors, fails, refused, type Script, script } from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import * as Charge from "../src/Charge.ts"
import * as PriceBook from "../src/PriceBook.ts"
import { acme, caller, ledgerInMemory, money, prices } from "./budgeted.ts"

/** One attempt and what a budget charged for it. */
const charged = (mode: "generate" | "stream", ...scripts: ReadonlyArray<Script>) =>
  Effect.gen(function* () {
    const ledger = yield* ledgerInMemory
    const call = yield* caller(acme(...scripts).model.pipe(Budget.record()), ledger)
    let attempt: Attempt.Attempt | undefined
    let charge: Charge.Charge | undefined
    yield* Event.listen(call(mode), (event) => {
      if (event._tag === "AttemptEnded") attempt = event
      if (event._tag === "AttemptCharged") charge = event.charge
    })
    return { attempt: attempt!, charge }
  })

describe.each(["generate", "stream"] as const)("a charge without a ledger (%s)", (mode) => {
  it.effect("is what a budget settles where usage was reported", () =>
    Effect.gen(function* () {
      const { attempt, charge } = yield* charged(mode)
      assert.deepStrictEqual(Charge.of(attempt, PriceBook.make(prices)), charge)
    }),
  )

  it.effect("of what the provider refused is nothing, and of a model without a price is unpriced", () =>
    Effect.gen(function* () {
      const { attempt, charge } = yield* charged(mode, refused(errors.overloaded))
      assert.deepStrictEqual(Charge.of(attempt, PriceBook.make(prices)), charge)
      assert.deepInclude(Charge.of(attempt, PriceBook.make(prices)), { basis: "unbilled", cost: money(0n) })
      assert.deepInclude(Charge.of(attempt, PriceBook.make([])), { basis: "unpriced", cost: money(0n) })
    }),
  )
})

it.effect("a charge of an answer that broke lies between nothing and the worst case", () =>
  Effect.gen(function* () {
    const { attempt } = yield* charged("stream", script(chunk(delta("some words")), fails(errors.transient)))
    const { basis, cost, maximum, minimum } = Charge.of(attempt, PriceBook.make(prices))
    assert.strictEqual(basis, "estimated")
    assert.isTrue(minimum < cost && cost <= maximum, `${minimum} ${cost} ${maximum}`)
  }),
)
