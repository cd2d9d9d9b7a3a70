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
  it("remembers what the SDK forgets of an error", async () => {
    const { exchange, seen } = answering(Response.json({ a: 1 }, { status: 429, headers: { "X-Request-Id": "r" } }))
    assert.isFalse(exchange.sent)
    const response = await exchange.fetch("https://a.example", { headers: { "user-agent": "sdk", accept: "x" } })
    assert.deepStrictEqual(await response.json(), { a: 1 })
    assert.deepStrictEqual([exchange.sent, exchange.status, exchange.headers["x-request-id"]], [true, 429, "r"])
    assert.deepStrictEqual([seen[0]?.get("user-agent"), seen[0]?.get("accept")], ["mine", "x"])
  })

  it("keeps the answer, and gives the SDK an empty one", async () => {
    const answer = new Response("data: 1\n\n")
    const { exchange } = answering(answer)
    const sending = exchange.fetch("https://a.example").then((given) => given.json())
    assert.strictEqual(await exchange.response(sending), answer)
    assert.deepStrictEqual(await sending, {})
    assert.strictEqual(await answer.text(), "data: 1\n\n")
  })

  it("fails as the SDK fails, and where it sends nothing", async () => {
    const { exchange } = answering(new Response("x"))
    const refused = new Error("refused")
    const caught = (cause: unknown) => cause
    assert.strictEqual(await exchange.response(Promise.reject(refused)).catch(caught), refused)
    assert.instanceOf(await exchange.response(Promise.resolve({})).catch(caught), Error)
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
