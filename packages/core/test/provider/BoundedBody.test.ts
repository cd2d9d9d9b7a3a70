import { assert, describe, it } from "@effect/vitest"

import { bounded, boundedFetch, longestBody } from "../../src/provider/BoundedBody.ts"

const mebibyte = new Uint8Array(1024 * 1024).fill(97)

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

const problemOf = (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => "none",
    (cause: unknown) => (cause instanceof RangeError ? cause.message : cause),
  )

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
    assert.strictEqual(await problemOf(bounded(new Response(body)).text()), broken)
    assert.strictEqual(await problemOf(bounded(new Response(endless().body)).body!.cancel("enough")), "none")
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
    const answer = new Response("x")
    assert.strictEqual(await boundedFetch(() => Promise.resolve(answer))("https://a.example"), answer)
  })
})
