import { assert, describe, it } from "@effect/vitest"

import { boundedFetch } from "../../src/provider/BoundedBody.ts"
import { untimedFetch } from "../../src/provider/UntimedFetch.ts"

interface Dispatcher {
  readonly dispatch: (options: object) => boolean
}

const symbol = Symbol.for("undici.globalDispatcher.1")

/** What the global `fetch` is given while Node's dispatcher is another one. */
const sent = async (fetch: typeof globalThis.fetch, dispatcher: unknown) => {
  const [global, before] = [globalThis.fetch, Reflect.get(globalThis, symbol) as unknown]
  const seen: Array<{ readonly method?: string; readonly dispatcher?: Dispatcher }> = []
  globalThis.fetch = (_, init) => {
    seen.push(init as never)
    return Promise.resolve(new Response())
  }
  Reflect.set(globalThis, symbol, dispatcher)
  await fetch("https://a.example", { method: "POST" }).finally(() => {
    globalThis.fetch = global
  })
  const passed = seen[0]?.dispatcher?.dispatch({ path: "/", headersTimeout: 300_000 })
  Reflect.set(globalThis, symbol, before)
  return { init: seen[0], passed }
}

describe("the global fetch", () => {
  it.each([untimedFetch(undefined), boundedFetch(undefined)])("has no limits of its own", async (fetch) => {
    const dispatched: Array<object> = []
    const { init, passed } = await sent(fetch, { dispatch: (options: object) => dispatched.push(options) > 0 })
    assert.isTrue(passed)
    assert.deepStrictEqual(dispatched, [{ path: "/", headersTimeout: 0, bodyTimeout: 0 }])
    assert.strictEqual(init?.method, "POST")
  })

  it.each([undefined, null, {}])("is used as it is where there is no dispatcher (%o)", async (none) => {
    const { init } = await sent(untimedFetch(undefined), none)
    assert.deepStrictEqual(init, { method: "POST" })
  })
})

describe("a fetch that is given", () => {
  it("keeps its own limits", () => {
    const own: typeof globalThis.fetch = () => Promise.resolve(new Response())
    assert.strictEqual(untimedFetch(own), own)
  })
})
