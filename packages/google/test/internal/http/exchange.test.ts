import { assert, describe, it } from "@effect/vitest"

import { Exchange } from "../../../src/internal/http/exchange.ts"

const answering = (response: Response) => {
  const seen: Array<Headers> = []
  const exchange = new Exchange({
    headers: { "User-Agent": "mine" },
    fetch: (_, init) => {
      seen.push(new Headers(init?.headers))
      return Promise.resolve(response)
    },
  })
  return { exchange, seen }
}

describe("an exchange", () => {
  it("remembers what the SDK forgets", async () => {
    const { exchange, seen } = answering(Response.json({ a: 1 }, { status: 429, headers: { "X-Request-Id": "r" } }))
    assert.isFalse(exchange.sent)
    const response = await exchange.fetch("https://a.example", { headers: { "user-agent": "sdk", accept: "x" } })
    assert.deepStrictEqual(await response.json(), { a: 1 })
    assert.deepStrictEqual([exchange.sent, exchange.status, exchange.headers["x-request-id"]], [true, 429, "r"])
    assert.deepStrictEqual(exchange.body, { a: 1 })
    assert.deepStrictEqual([seen[0]?.get("user-agent"), seen[0]?.get("accept")], ["mine", "x"])
  })

  it("puts events into the form that the SDK reads", async () => {
    const events = { headers: { "content-type": "text/event-stream; charset=utf-8", "x-request-id": "r" } }
    const { exchange } = answering(new Response(": ping\ndata: 1\n\n", events))
    const response = await exchange.fetch("https://a.example")
    assert.strictEqual(await response.text(), "data: 1\n\n")
    assert.strictEqual(response.headers.get("x-request-id"), "r")
    const empty = await answering(new Response(null, events)).exchange.fetch("https://a.example")
    assert.isNull(empty.body)
    const failed = await answering(new Response(": x", { ...events, status: 500 })).exchange.fetch("https://a.example")
    assert.strictEqual(await failed.text(), ": x")
  })
})

describe("the global fetch", () => {
  it("is asked to follow no redirect", async () => {
    const seen: Array<RequestInit | undefined> = []
    const { fetch } = globalThis
    globalThis.fetch = (_, init) => {
      seen.push(init)
      return Promise.resolve(new Response())
    }
    await new Exchange({ headers: undefined, fetch: undefined }).fetch("https://a.example").finally(() => {
      globalThis.fetch = fetch
    })
    assert.strictEqual(seen[0]?.redirect, "manual")
  })
})
