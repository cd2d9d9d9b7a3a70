import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { bounded, boundedFetch, longestBody, longestEvent, WholeEvents } from "../../src/provider/BoundedBody.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const events = { headers: { "content-type": "text/event-stream; charset=utf-8" } }
const mebibyte = new Uint8Array(1024 * 1024).fill(97)

const bodyOf = (pieces: ReadonlyArray<string>) => {
  const left = pieces.map((piece) => encoder.encode(piece))
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) => {
        const piece = left.shift()
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
    },
    { highWaterMark: 0 },
  )
}

/** A body that never ends, how much of it was asked for, and whether it was let go. */
const endless = (piece: Uint8Array<ArrayBuffer> = mebibyte) => {
  const state = { pieces: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) => {
        state.pieces++
        controller.enqueue(piece.slice())
      },
      cancel: () => {
        state.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { state, body }
}

const piecesOf = async (response: Response): Promise<ReadonlyArray<string>> => {
  const pieces: Array<string> = []
  for await (const piece of response.body!) pieces.push(decoder.decode(piece))
  return pieces
}

const problemOf = (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => "none",
    (cause: unknown) => (cause instanceof RangeError ? cause.message : cause),
  )

describe("a body of events", () => {
  it("gives out events when they are whole", async () => {
    const pieces = async (...given: ReadonlyArray<string>) => piecesOf(bounded(new Response(bodyOf(given), events)))
    assert.deepStrictEqual(await pieces("data: 1\n\n", "data: 2\n\n"), ["data: 1\n\n", "data: 2\n\n"])
    assert.deepStrictEqual(await pieces("data: 1\n\nda", "ta", ": 2\n", "\nx"), ["data: 1\n\n", "data: 2\n\n", "x"])
    assert.deepStrictEqual(await pieces("a\r\n\r", "\nb\r\n", "\r\n"), ["a\r\n\r\n", "b\r\n\r\n"])
    assert.deepStrictEqual(await pieces("a\r", "\rb"), ["a\r\r", "b"])
    assert.deepStrictEqual(await pieces("a\r\n", "b\n"), ["a\r\nb\n"])
    assert.deepStrictEqual(await pieces(), [])
  })

  it("loses no byte, and holds no whole event back, in whatever pieces it comes", () => {
    const piece = fc.string({ unit: fc.constantFrom("\n", "\r", "\r\n", "a", "\n\n"), maxLength: 9 })
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const passage = new WholeEvents()
        let [given, out] = ["", ""]
        for (const each of pieces) {
          given += each
          const whole = passage.push(encoder.encode(each))
          if (whole !== undefined) assert.match(decoder.decode(whole), /(?:\n\n|\r\r|\n\r\n)$|^$/)
          out += decoder.decode(whole)
          assert.notMatch(given.slice(out.length), /\n\n|\r\r|\r\n\r\n/)
        }
        assert.strictEqual(out + decoder.decode(passage.end()), given)
      }),
      { numRuns: 2_000 },
    )
  })

  it("may go on for ever, as long as its events end", async () => {
    const { body, state } = endless(new Uint8Array([...mebibyte, 10, 10]))
    let read = 0
    for await (const piece of bounded(new Response(body, events)).body!) {
      read += piece.length
      if (read > 2 * longestBody) break
    }
    assert.deepStrictEqual([read > 2 * longestBody, state.cancelled], [true, true])
  })

  it("fails when one event does not end, and lets go", async () => {
    const { body, state } = endless()
    assert.strictEqual(
      await problemOf(piecesOf(bounded(new Response(body, events)))),
      `an event exceeds ${longestEvent} bytes`,
    )
    assert.deepStrictEqual(state, { pieces: longestEvent / mebibyte.length + 1, cancelled: true })
  })

  it("is counted when it is read as a whole", async () => {
    const { body } = endless(new Uint8Array([...mebibyte, 10, 10]))
    assert.strictEqual(
      await problemOf(bounded(new Response(body, events)).text()),
      `the answer exceeds ${longestBody} bytes`,
    )
    assert.strictEqual(await bounded(new Response("data: 1\n\n", events)).text(), "data: 1\n\n")
  })

  it("breaks as it broke", async () => {
    const broken = new TypeError("terminated")
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: (controller) => {
          controller.error(broken)
        },
      },
      { highWaterMark: 0 },
    )
    assert.strictEqual(await problemOf(piecesOf(bounded(new Response(body, events)))), broken)
  })
})

describe("a body that is read as a whole", () => {
  it("fails when it does not end, and lets go", async () => {
    const { body, state } = endless()
    assert.strictEqual(await problemOf(bounded(new Response(body)).json()), `the answer exceeds ${longestBody} bytes`)
    assert.deepStrictEqual(state, { pieces: longestBody / mebibyte.length + 1, cancelled: true })
  })

  it("counts what small pieces cost", async () => {
    const { body, state } = endless(new Uint8Array(1))
    assert.strictEqual(await problemOf(bounded(new Response(body)).text()), `the answer exceeds ${longestBody} bytes`)
    assert.strictEqual(state.pieces, longestBody / 256 + 1)
  })

  it("is left alone when its length is known and allowed", () => {
    const response = (headers: Record<string, string>) => new Response("{}", { headers })
    const isLeft = (given: Response) => {
      const { body } = given
      return bounded(given).body === body
    }
    assert.isTrue(isLeft(response({ "content-length": "2" })))
    assert.isFalse(isLeft(response({ "content-length": `${longestBody + 1}` })))
    assert.isFalse(isLeft(response({ "content-length": "x" })))
    assert.isFalse(isLeft(response({ "content-length": "2", "content-encoding": "gzip" })))
    assert.isNull(bounded(new Response(null)).body)
  })

  it("is the same answer otherwise", async () => {
    const send = boundedFetch(() => Promise.resolve(new Response('{"a":1}', { status: 429, headers: { "x-id": "r" } })))
    const response = await send("https://a.example")
    assert.deepStrictEqual([response.status, response.ok, response.headers.get("x-id")], [429, false, "r"])
    assert.deepStrictEqual(await response.json(), { a: 1 })
    assert.strictEqual(await (await send("https://a.example")).text(), '{"a":1}')
    assert.strictEqual((await (await send("https://a.example")).arrayBuffer()).byteLength, 7)
    assert.strictEqual((await (await send("https://a.example")).blob()).size, 7)
  })
})
