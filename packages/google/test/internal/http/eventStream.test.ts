import { assert, describe, it } from "@effect/vitest"
import { longestGathered } from "@holdfast/core/provider/EventReader"

import { EventLines, plainEvents } from "../../../src/internal/http/eventStream.ts"

const read = (...pieces: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lines = new EventLines()
  const out = pieces.map((piece) => lines.push(piece)).join("") + lines.end()
  return out.split("\n\n").flatMap((event) => (event === "" ? [] : [event.replace(/^data: /, "")]))
}

describe("events", () => {
  it("come in one form, whatever is around them", () => {
    assert.deepStrictEqual(read('data: {"a":1}\n\n', "data:{}\n\n"), ['{"a":1}', "{}"])
    assert.deepStrictEqual(read(": ping\ndata: 1\n\nevent: message\nid: 3\nretry: 4\ndata: 2\n\n"), ["1", "2"])
    assert.deepStrictEqual(read('data: {"a":\ndata: 1}\n\n'), ['{"a": 1}'])
    assert.deepStrictEqual(read("data: 1\r\n\r\ndata: 2\r\rdata: 3\n\n"), ["1", "2", "3"])
    assert.deepStrictEqual(read("\n\n: ping\n\n"), [])
    assert.deepStrictEqual(read(), [])
  })

  it("come in any pieces", () => {
    const text = 'data: {"a":"größer"}\r\n\r\n: ping\r\n\r\ndata: 2\r\n\r\n'
    assert.deepStrictEqual(read(...Array.from(text)), ['{"a":"größer"}', "2"])
    assert.deepStrictEqual(read("data: 1\r", "", "\n\r", "\ndata: 2\n\n"), ["1", "2"])
  })

  it("may end without a blank line", () => {
    assert.deepStrictEqual(read("data: 1\n\ndata: 2"), ["1", "2"])
    assert.deepStrictEqual(read("data: 1\n\ndata: 2\n"), ["1", "2"])
    assert.deepStrictEqual(read("data: 1\n\n: bye"), ["1"])
  })

  it("may be none, but an error", () => {
    assert.deepStrictEqual(read('{\n "error": {\n"code": 503}}\n'), ['{  "error": { "code": 503}}'])
    assert.deepStrictEqual(read("data: 1\n\n<html>"), ["1"])
    assert.isBelow(read("x\n".repeat(100_000))[0]!.length, 20_100)
  })
})

describe("a body", () => {
  const collect = (body: ReadableStream<Uint8Array<ArrayBuffer>>) => new Response(plainEvents(body)).text()
  const bodyOf = (...pieces: ReadonlyArray<Uint8Array<ArrayBuffer>>) =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        for (const piece of pieces) controller.enqueue(piece)
        controller.close()
      },
    })

  it("is read through characters that are cut", async () => {
    const bytes = new TextEncoder().encode("data: 🦄\n\n: x\n\ndata: ö")
    const pieces = Array.from(bytes, (byte) => new Uint8Array([byte]))
    assert.strictEqual(await collect(bodyOf(...pieces)), "data: 🦄\n\ndata: ö\n\n")
  })

  it("is let go when nobody reads it any more", async () => {
    const reasons: Array<unknown> = []
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      cancel: (reason) => {
        reasons.push(reason)
      },
    })
    await plainEvents(body).cancel("enough")
    assert.deepStrictEqual(reasons, ["enough"])
  })

  it("is given up when an event does not end", async () => {
    const piece = new Uint8Array(longestGathered).fill(97)
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        controller.enqueue(piece)
      },
    })
    const error: unknown = await collect(endless).catch((cause: unknown) => cause)
    assert.instanceOf(error, RangeError)
  })
})
