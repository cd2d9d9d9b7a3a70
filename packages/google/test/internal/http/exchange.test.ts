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

interface Dispatcher {
  readonly dispatch: (options: object) => boolean
}

describe("the global fetch", () => {
  const symbol = Symbol.for("undici.globalDispatcher.1")

  const sent = async (dispatcher: unknown) => {
    const [fetch, before] = [globalThis.fetch, Reflect.get(globalThis, symbol) as unknown]
    const seen: Array<{ readonly redirect?: string; readonly dispatcher?: Dispatcher }> = []
    globalThis.fetch = (_, init) => {
      seen.push(init as never)
      return Promise.resolve(new Response())
    }
    Reflect.set(globalThis, symbol, dispatcher)
    await new Exchange({ headers: undefined, fetch: undefined }).fetch("https://a.example").finally(() => {
      globalThis.fetch = fetch
    })
    const passed = seen[0]?.dispatcher?.dispatch({ path: "/", headersTimeout: 300_000 })
    Reflect.set(globalThis, symbol, before)
    return { init: seen[0], passed }
  }

  it("has no limits of its own", async () => {
    const dispatched: Array<object> = []
    const { passed } = await sent({ dispatch: (options: object) => dispatched.push(options) > 0 })
    assert.isTrue(passed)
    assert.deepStrictEqual(dispatched, [{ path: "/", headersTimeout: 0, bodyTimeout: 0 }])
  })

  it.each([undefined, null, {}])("is used as it is where there is no dispatcher (%o)", async (none) => {
    const { init } = await sent(none)
    assert.notProperty(init, "dispatcher")
    assert.strictEqual(init?.redirect, "manual")
  })
})
