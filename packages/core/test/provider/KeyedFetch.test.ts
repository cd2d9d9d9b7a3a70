import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Redacted } from "effect"

import * as KeySource from "../../src/KeySource.ts"
import * as KeyedFetch from "../../src/provider/KeyedFetch.ts"

type Fetch = typeof globalThis.fetch

/** What a vendor was sent, and what it accepts. */
const vendorOf = (accepts: string, refusal = () => new Response("no", { status: 401 })) => {
  const vendor = { accepts, sent: [] as Array<Record<string, string>> }
  const fetch: Fetch = (_, init) => {
    const headers = Object.fromEntries(new Headers(init?.headers))
    vendor.sent.push(headers)
    return Promise.resolve(headers["authorization"] === `Bearer ${vendor.accepts}` ? new Response("yes") : refusal())
  }
  return { vendor, fetch }
}

const rotating = (...keys: ReadonlyArray<string>) => {
  let next = 0
  return KeySource.make(Effect.sync(() => Redacted.make(keys[Math.min(next++, keys.length - 1)] ?? "")))
}

const authorization = `Bearer ${KeyedFetch.placeholder}`
const apiUrl = "https://api.example/v1"
const common = { module: "AcmeClient", apiUrl }

const body = (response: Response) => Effect.promise(() => response.text())

describe("a request", () => {
  it.effect("gets the key of the moment wherever the SDK puts it, and secret headers", () =>
    Effect.gen(function* () {
      const { fetch, vendor } = vendorOf("none", () => new Response("fine"))
      const apiKey = yield* rotating("key-1")
      const connection = yield* KeyedFetch.make({
        ...common,
        apiKey,
        fetch,
        headers: { "X-Proxy-Key": "secret-of-the-proxy", "X-Mine": Redacted.make("mine"), "User-Agent": "acme" },
      })
      const { headers } = connection
      assert.notInclude(JSON.stringify(headers), "secret-of")
      assert.notInclude(JSON.stringify(headers), 'mine"')
      const all = { ...headers, authorization, "x-api-key": KeyedFetch.placeholder }
      yield* Effect.promise(() => connection.fetch(`${apiUrl}/x`, { headers: all }))
      assert.deepStrictEqual(vendor.sent, [
        {
          authorization: "Bearer key-1",
          "user-agent": "acme",
          "x-api-key": "key-1",
          "x-mine": "mine",
          "x-proxy-key": "secret-of-the-proxy",
        },
      ])
      assert.strictEqual(connection.secrets.scrub("key-1 secret-of-the-proxy"), "<redacted> <redacted>")
    }),
  )

  it.effect("to another host gets neither", () =>
    Effect.gen(function* () {
      const { fetch, vendor } = vendorOf("none", () => new Response("fine"))
      const connection = yield* KeyedFetch.make({
        ...common,
        apiKey: Redacted.make("key-1"),
        fetch,
        headers: { "X-Proxy-Key": "secret-of-the-proxy", "X-Title": "acme" },
      })
      const init = { headers: { ...connection.headers, authorization } }
      for (const url of ["https://api.example:444/", "http://api.example/", "https://evil.example/v1"]) {
        yield* Effect.promise(() => connection.fetch(url, init))
        yield* Effect.promise(() => connection.fetch(new URL(url), init))
        yield* Effect.promise(() => connection.fetch(new Request(url), init))
      }
      assert.deepStrictEqual(
        vendor.sent,
        Array.from({ length: 9 }, () => ({ "x-title": "acme" })),
      )
    }),
  )

  it.effect("whose own header replaces the key asks for none", () =>
    Effect.gen(function* () {
      const { fetch, vendor } = vendorOf("mine")
      const apiKey: KeySource.KeySource = { current: Effect.die("asked"), refused: () => Effect.die("refused") }
      const connection = yield* KeyedFetch.make({ ...common, apiKey, fetch, headers: { Authorization: "Bearer mine" } })
      const response = yield* Effect.promise(() => connection.fetch(apiUrl, { headers: connection.headers }))
      assert.strictEqual(yield* body(response), "yes")
      assert.lengthOf(vendor.sent, 1)
    }),
  )
})

describe("a refused request", () => {
  it.effect("is sent once more with another key, and not a third time", () =>
    Effect.gen(function* () {
      const { fetch, vendor } = vendorOf("key-2")
      const connection = yield* KeyedFetch.make({ ...common, apiKey: yield* rotating("key-1", "key-2"), fetch })
      const send = Effect.promise(() =>
        connection.fetch(apiUrl, { method: "POST", body: "{}", headers: { authorization } }),
      )
      assert.strictEqual(yield* body(yield* send), "yes")
      vendor.accepts = "key-9"
      assert.strictEqual((yield* send).status, 401)
      assert.deepStrictEqual(
        vendor.sent.map((headers) => headers["authorization"]),
        ["Bearer key-1", "Bearer key-2", "Bearer key-2"],
      )
      const third = yield* KeyedFetch.make({ ...common, apiKey: yield* rotating("a-1", "a-2", "a-3"), fetch })
      assert.strictEqual((yield* Effect.promise(() => third.fetch(apiUrl, { headers: { authorization } }))).status, 401)
      assert.lengthOf(vendor.sent, 5)
    }),
  )

  it.effect("whose body can be read only once is not, but the next one has the new key", () =>
    Effect.gen(function* () {
      const { fetch } = vendorOf("key-2")
      const connection = yield* KeyedFetch.make({ ...common, apiKey: yield* rotating("key-1", "key-2"), fetch })
      const send = (content: NonNullable<RequestInit["body"]>) =>
        Effect.promise(() => connection.fetch(apiUrl, { method: "POST", body: content, headers: { authorization } }))
      assert.strictEqual((yield* send(new Response("x").body!)).status, 401)
      assert.strictEqual((yield* send(new Response("x").body!)).status, 200)
    }),
  )

  it.effect("may be a bad request that says so, which is read to the end for it", () =>
    Effect.gen(function* () {
      const refusal = { statuses: [400, 403], body: /KEY_INVALID/ }
      const answer = (status: number, text: string) => () =>
        new Response(text, { status, headers: { "x-request-id": "r-1" } })
      for (const [status, text, times] of [
        [400, '{"reason":"KEY_INVALID"}', 2],
        [403, "KEY_INVALID", 2],
        [400, '{"reason":"TOO_LONG"}', 1],
        [404, "KEY_INVALID", 1],
      ] as const) {
        const { fetch, vendor } = vendorOf("key-9", answer(status, text))
        const connection = yield* KeyedFetch.make({
          ...common,
          apiKey: yield* rotating("key-1", "key-2"),
          fetch,
          refusal,
        })
        const response = yield* Effect.promise(() => connection.fetch(apiUrl, { headers: { authorization } }))
        assert.lengthOf(vendor.sent, times)
        assert.strictEqual(response.status, status)
        assert.strictEqual(response.headers.get("x-request-id"), "r-1")
        assert.strictEqual(yield* body(response), text)
      }
    }),
  )
})

describe("a key that cannot be had", () => {
  it.effect("is as a request that cannot be sent, and never shows it", () =>
    Effect.gen(function* () {
      for (const current of [
        Effect.fail(new KeySource.KeyUnavailable({ source: "vault", reason: "down" })),
        Effect.succeed(Redacted.make("sk-with-a\nline")),
      ]) {
        const { fetch, vendor } = vendorOf("key-1")
        const apiKey: KeySource.KeySource = { current, refused: () => Effect.void }
        const connection = yield* KeyedFetch.make({ ...common, apiKey, fetch })
        const exit = yield* Effect.exit(
          Effect.tryPromise(() => connection.fetch(apiUrl, { headers: { authorization } })),
        )
        const shown = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
        assert.match(shown, /fetch failed/)
        assert.match(shown, /vault gave no key: down|characters that cannot be sent/)
        assert.notInclude(shown, "sk-with")
        assert.lengthOf(vendor.sent, 0)
      }
    }),
  )

  it.effect("is waited for until the request is aborted", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const apiKey: KeySource.KeySource = {
        current: Effect.andThen(Deferred.succeed(asked, undefined), Effect.never),
        refused: () => Effect.void,
      }
      const connection = yield* KeyedFetch.make({ ...common, apiKey, fetch: vendorOf("key-1").fetch })
      const controller = new AbortController()
      const pending = connection.fetch(apiUrl, { headers: { authorization }, signal: controller.signal })
      yield* Deferred.await(asked)
      controller.abort()
      const name = yield* Effect.flip(
        Effect.tryPromise({ try: () => pending, catch: (cause) => (cause instanceof Error ? cause.name : "") }),
      )
      assert.strictEqual(name, "AbortError")
    }),
  )
})

it.effect("a fixed key that cannot be one is a mistake in the program", () =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(KeyedFetch.make({ ...common, apiKey: Redacted.make(" "), fetch: undefined }))
    assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "AcmeClient: apiKey is empty")
  }),
)
