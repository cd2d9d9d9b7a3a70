import { assert, describe, it } from "@effect/vitest"
import { type ChatProtocol } from "@holdfast/server"
import * as fc from "fast-check"

import { Log, type Reader } from "../../src/internal/answer/log.ts"

type Step =
  | { readonly _tag: "Append"; readonly texts: ReadonlyArray<string> }
  | { readonly _tag: "Join"; readonly back: number }
  | { readonly _tag: "Take"; readonly reader: number; readonly most: number; readonly count: number }
  | { readonly _tag: "Leave"; readonly reader: number }

const steps = fc.array(
  fc.oneof(
    fc.record({
      _tag: fc.constant("Append" as const),
      texts: fc.array(fc.string({ maxLength: 40 }), { maxLength: 4 }),
    }),
    fc.record({ _tag: fc.constant("Join" as const), back: fc.nat(6) }),
    fc.record({
      _tag: fc.constant("Take" as const),
      reader: fc.nat(3),
      most: fc.nat(300),
      count: fc.integer({ min: 0, max: 5 }),
    }),
    fc.record({ _tag: fc.constant("Leave" as const), reader: fc.nat(3) }),
  ),
  { maxLength: 60 },
)

const token = (text: string): ChatProtocol.Event => ({ type: "token", text })

/** What a list of texts and a place in it for each reader would do. */
const agrees = (all: ReadonlyArray<Step>, retained: boolean): void => {
  const log = new Log({ retained, lead: 200 })
  const said: Array<string> = []
  const readers: Array<{ readonly reader: Reader; position: number }> = []
  for (const step of all) {
    const at = "reader" in step && readers.length > 0 ? step.reader % readers.length : -1
    const one = readers[at]
    if (step._tag === "Append") {
      said.push(...step.texts)
      log.append(step.texts.map(token))
    } else if (step._tag === "Join") {
      const after = Math.max(log.first, said.length - step.back)
      readers.push({ reader: log.reader(after), position: after })
    } else if (one !== undefined && step._tag === "Take") {
      const taken = one.reader
        .take(step.most, step.count)
        .map(({ event }) => (event.type === "token" ? event.text : ""))
      assert.deepEqual(taken, said.slice(one.position, one.position + taken.length))
      assert.isAtMost(taken.length, step.count)
      // Something is taken where there is something, however little is asked for.
      if (step.count > 0 && one.position < said.length) assert.isNotEmpty(taken)
      one.position += taken.length
      assert.strictEqual(one.reader.position, one.position)
    } else if (one !== undefined && step._tag === "Leave") {
      one.reader.close()
      readers.splice(at, 1)
    }
    assert.strictEqual(log.length, said.length)
    assert.strictEqual(log.readerCount, readers.length)
    assert.isAtMost(log.first, retained ? 0 : Math.min(said.length, ...readers.map(({ position }) => position)))
  }
  // Whoever is left reads the rest, to the end.
  log.close()
  for (const { position, reader } of readers) {
    const rest: Array<string> = []
    while (!reader.done) rest.push(...reader.take(100).map(({ event }) => (event.type === "token" ? event.text : "")))
    assert.deepEqual(rest, said.slice(position))
  }
}

describe("a log", () => {
  it.each([true, false])(
    "gives every reader all events after its place, once and in order; retained: %s",
    (retained) => {
      const checked = fc.check(
        fc.property(steps, (all) => agrees(all, retained)),
        { seed: 7, numRuns: 300 },
      )
      assert.isFalse(checked.failed, fc.defaultReportMessage(checked))
    },
  )

  it("keeps no more of what need not stay than its readers have not read", () => {
    const log = new Log({ retained: false, lead: 1e9 })
    const reader = log.reader(0)
    for (let index = 0; index < 10_000; index++) {
      log.append([token("x")])
      reader.take(1e9)
    }
    assert.strictEqual(log.first, 10_000)
  })
})
