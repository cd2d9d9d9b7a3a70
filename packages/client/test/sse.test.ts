import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { sseParser } from "../src/internal/sse.ts"

const parsed = (pieces: ReadonlyArray<string>) => {
  const parse = sseParser()
  return pieces.flatMap((piece) => [...parse(piece)])
}

const inPieces = (text: string, cuts: ReadonlyArray<number>): ReadonlyArray<string> => {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...places].map((from, index) => text.slice(from, places[index]))
}

const stream =
  ": hi\r\nretry: 20\n\nid: 1\rdata: a\rdata: b\r\revent: x\r\ndata:c\r\n\r\nid\ndata\n\nid: 2\nunknown: 7\n\ndata:  ä🙂\u2028:x\n\ndata: not ended"

const events = [
  { data: "a\nb", id: 1, retry: 20 },
  { data: "c", id: 1, retry: 20 },
  { data: " ä🙂\u2028:x", id: 2, retry: 20 },
]

describe("server-sent events", () => {
  it("are the same wherever pieces are cut", () => {
    for (let size = 1; size <= stream.length; size++) {
      const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
        stream.slice(index * size, (index + 1) * size),
      )
      assert.deepStrictEqual(parsed(pieces), events)
    }
  })

  it("are the same with any ends of lines", () => {
    const line = fc.constantFrom("\n", "\r\n", "\r")
    const datum = fc.stringMatching(/^[^\r\n]{1,8}$/)
    const event = fc.record({ id: fc.nat(), lines: fc.array(datum, { minLength: 1, maxLength: 3 }), comment: datum })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), line, fc.array(fc.nat(), { maxLength: 12 }), (all, end, cuts) => {
        const text = all
          .map(({ comment, id, lines }) =>
            [`:${comment}`, `id: ${id}`, ...lines.map((each) => `data: ${each}`), "", ""].join(end),
          )
          .join("")
        const expected = all.map(({ id, lines }) => ({ data: lines.join("\n"), id, retry: 0 }))
        assert.deepStrictEqual(parsed(inPieces(text, cuts)), expected)
      }),
      { seed: 7, numRuns: 200 },
    )
  })

  it("bounds an event that never ends", () => {
    const parse = sseParser()
    const piece = "x".repeat(1_000_000)
    assert.throws(() => {
      for (let count = 0; count < 20; count++) void [...parse(piece)]
    }, RangeError)
  })
})
