import { assert, describe, it } from "@effect/vitest"
import { type Candidate } from "@holdfast/core/provider/BatchProvider"
import { Schema } from "effect"

import {
  batchName,
  nameOf,
  nextStep,
  type Piece,
  seqIn,
  Splitter,
  standingOf,
  stateOf,
  states,
  verdict,
} from "../../../src/internal/job/state.ts"

const piece: Piece = {
  job: "job",
  piece: 0,
  state: "prepared",
  attempt: 1,
  from: 0,
  to: 10,
  sent: 10,
  file: undefined,
  batch: undefined,
  intentAt: undefined,
}

describe("the pieces of a job", () => {
  it.prop(
    "cover all items in order, and none is too large",
    {
      sizes: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))).check(
        Schema.isMaxLength(80),
      ),
      items: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 })),
    },
    ({ items, sizes }) => {
      const splitter = new Splitter({ items, bytes: 50, texts: 20 })
      const textsOf = (size: number) => size % 7
      // An item of size 0 stands for one that is not sent.
      for (const [seq, size] of sizes.entries()) if (size > 0) splitter.add({ seq, size, texts: textsOf(size) })
      const ranges = splitter.end(sizes.length)
      let at = 0
      for (const { from, to } of ranges) {
        assert.strictEqual(from, at)
        assert.isAbove(to, from)
        at = to
        const sent = sizes.slice(from, to).filter((size) => size > 0)
        assert.isAtMost(sent.length, items)
        // One that is larger than any piece is in one of its own.
        if (sent.length > 1) {
          const sumOf = (of: (size: number) => number) => sent.reduce((sum, size) => sum + of(size), 0)
          assert.isAtMost(
            sumOf((size) => size),
            50,
          )
          assert.isAtMost(sumOf(textsOf), 20)
        }
      }
      assert.strictEqual(at, sizes.length)
    },
  )

  it("are as far as the one behind all others", () => {
    assert.strictEqual(stateOf([]), "settled")
    for (const state of states) assert.strictEqual(stateOf([{ state: "settled" }, { state }]), state)
  })
})

describe("the next step of a piece", () => {
  const steps = (canceled: boolean, sent = 10) =>
    states.map((state) => nextStep({ ...piece, state, sent }, { canceled }))

  it("sends nothing that is canceled, and looks for what may have been made all the same", () => {
    assert.deepStrictEqual(steps(false), ["upload", "declare", "reconcile", "poll", "nothing", "nothing"])
    assert.deepStrictEqual(steps(true), ["giveUp", "giveUp", "reconcile", "poll", "nothing", "nothing"])
    assert.deepStrictEqual(steps(false, 0).slice(0, 2), ["finish", "finish"])
  })
})

describe("a create whose answer nobody has", () => {
  const candidate = (id: string, createdAt: number, certain = false): Candidate => ({ id, createdAt, certain })
  const doubt = { excluded: new Set<string>(), now: 100, certainAt: 50 }

  it("is adopted by its name at once, the oldest one of several", () => {
    const candidates = [candidate("b", 2, true), candidate("c", 3), candidate("a", 1, true)]
    assert.deepStrictEqual(verdict({ ...doubt, candidates, now: 0 }), { _tag: "Adopt", batch: "a" })
    const excluded = new Set(["a", "b"])
    assert.deepStrictEqual(verdict({ ...doubt, candidates, excluded }), { _tag: "Unsure", suspects: ["c"] })
  })

  it("made nothing only when the list has had its time", () => {
    assert.deepStrictEqual(verdict({ ...doubt, candidates: [], now: 49 }), { _tag: "LookAgain" })
    assert.deepStrictEqual(verdict({ ...doubt, candidates: [] }), { _tag: "Create" })
    const excluded = new Set(["a"])
    assert.deepStrictEqual(verdict({ ...doubt, candidates: [candidate("a", 1)], excluded }), { _tag: "Create" })
  })
})

describe("names at the vendor", () => {
  it("say whose an item is, and are of signs that every vendor takes", () => {
    const seqOf = seqIn("0123abcd", { from: 5, to: 9 })
    assert.strictEqual(seqOf(nameOf("0123abcd", 5)), 5)
    for (const foreign of ["0123abcd-9", "0123abcd-4", "0123abcd-", "0123abcd-5x", "0123abce-5", "5", ""]) {
      assert.isUndefined(seqOf(foreign))
    }
    assert.match(nameOf("0123abcd", 49_999), /^[\w-]{1,64}$/)
    const name = batchName(`ünsafe/"job" ${"x".repeat(100)}`, "0123abcd", piece)
    assert.match(name, /^[\w.-]{1,80}$/)
    assert.notStrictEqual(name, batchName("job", "0123abcd", { ...piece, attempt: 2 }))
  })

  it("tell which items fail a whole batch", () => {
    const seqOf = seqIn("k", piece)
    const failed = (ids: ReadonlyArray<string>) =>
      standingOf({ state: "failed", invalid: ids.map((id) => ({ id, message: `no ${id}` })) }, seqOf)
    assert.deepStrictEqual(failed(["k-3", "other-1"]), { _tag: "Invalid", items: new Map([[3, "no k-3"]]) })
    assert.deepStrictEqual(failed(["other-1"]), { _tag: "Failed" })
    assert.deepStrictEqual(standingOf({ state: "ended", invalid: [] }, seqOf), { _tag: "Over" })
  })
})
