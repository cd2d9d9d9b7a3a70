import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Fiber, Metric, Redacted } from "effect"
import { TestClock } from "effect/testing"

import * as KeySource from "../src/KeySource.ts"

/** A store that tells how often it was asked. */
const storeOf = (key: string | undefined) => {
  const store = { key, loads: 0, load: undefined as unknown as Effect.Effect<Redacted.Redacted, object> }
  store.load = Effect.suspend(() => {
    store.loads++
    return store.key === undefined
      ? Effect.fail({ _tag: "StoreDown", message: "sk-hidden" })
      : Effect.succeed(Redacted.make(store.key))
  })
  return store
}

const valueOf = (source: KeySource.KeySource) => Effect.map(source.current, Redacted.value)

const all = <A, E>(count: number, effect: Effect.Effect<A, E>) =>
  Effect.all(
    Array.from({ length: count }, () => effect),
    { concurrency: "unbounded" },
  )

const tokenOf = (claims: object) =>
  ["{}", JSON.stringify(claims), "s"].map((part) => Buffer.from(part).toString("base64url")).join(".")

describe("a key", () => {
  it.effect("is loaded once for all, and again at 80 % of its life, while calls go on with it", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-1")
      let wait: Duration.Input = 0
      const load = Effect.suspend(() => Effect.delay(store.load, wait))
      const source = yield* KeySource.make(load, { timeToLive: "10 minutes" })
      assert.deepStrictEqual(new Set(yield* all(64, valueOf(source))), new Set(["sk-1"]))
      store.key = "sk-2"
      wait = "1 second"
      yield* TestClock.adjust("479 seconds")
      assert.strictEqual(yield* valueOf(source), "sk-1")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(new Set(yield* all(64, valueOf(source))), new Set(["sk-1"]))
      assert.strictEqual(store.loads, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* valueOf(source), "sk-2")
      assert.strictEqual(store.loads, 2)
    }),
  )

  it.effect("is waited for when it is too old, by all with one load", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-1")
      let wait: Duration.Input = 0
      const source = yield* KeySource.make(Effect.suspend(() => Effect.delay(store.load, wait)))
      wait = "1 second"
      store.key = "sk-2"
      yield* TestClock.adjust("5 minutes")
      const waiting = yield* Effect.forkChild(all(64, valueOf(source)), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(new Set(yield* Fiber.join(waiting)), new Set(["sk-2"]))
      assert.strictEqual(store.loads, 2)
    }),
  )

  it.effect("is counted whenever it was read, by the name of its source", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-1")
      const source = yield* KeySource.make(store.load, { name: "vault", timeToLive: "10 minutes" })
      yield* source.current
      store.key = undefined
      yield* TestClock.adjust("11 minutes")
      yield* source.current
      const counts = (yield* Metric.snapshot).flatMap(({ attributes, id, state }) =>
        id === "holdfast.key.loads" && attributes?.["source"] === "vault"
          ? [[attributes["outcome"], (state as { readonly count: number }).count]]
          : [],
      )
      assert.deepStrictEqual(Object.fromEntries(counts), { loaded: 1, failed: 1 })
    }),
  )

  it.effect("goes on while the store is down, which is asked every ten seconds", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-1")
      const source = yield* KeySource.make(store.load)
      store.key = undefined
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(new Set(yield* all(64, valueOf(source))), new Set(["sk-1"]))
      assert.strictEqual(store.loads, 2)
      store.key = "sk-2"
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* valueOf(source), "sk-1")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* valueOf(source), "sk-2")
    }),
  )

  it.effect("must be there at first, and nothing but the error's name is told", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(KeySource.make(storeOf(undefined).load, { name: "vault" }))
      assert.strictEqual(error._tag, "KeyUnavailable")
      assert.strictEqual(error.message, "vault gave no key: StoreDown")
      for (const bad of ["", " \n", "sk with spaces", "sk-é"]) {
        const refusal = yield* Effect.flip(KeySource.make(Effect.succeed(Redacted.make(bad))))
        assert.match(refusal.reason, /is empty|cannot be sent/)
        assert.notInclude(JSON.stringify(refusal), "spaces")
      }
      const broken = yield* Effect.flip(KeySource.make(Effect.die(new TypeError("sk-hidden"))))
      assert.strictEqual(broken.reason, "TypeError")
      assert.strictEqual(yield* valueOf(yield* KeySource.make(Effect.succeed(Redacted.make(" sk-1\n")))), "sk-1")
    }),
  )

  it.effect("that does not come in time is no longer waited for", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-1")
      let hangs = false
      const source = yield* KeySource.make(Effect.suspend(() => (hangs ? Effect.never : store.load)))
      hangs = true
      yield* TestClock.adjust("5 minutes")
      const waiting = yield* Effect.forkChild(valueOf(source), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(waiting), "sk-1")
      const first = yield* Effect.forkChild(Effect.flip(KeySource.make(Effect.never)), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(first)).reason, "no answer within 10s")
    }),
  )

  it.effect("is still loaded for others when one who waits is interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const store = storeOf("sk-1")
      let waits = false
      const source = yield* KeySource.make(
        Effect.suspend(() => (waits ? Effect.andThen(Deferred.await(gate), store.load) : store.load)),
      )
      waits = true
      store.key = "sk-2"
      yield* source.refused(Redacted.make("sk-1"))
      const first = yield* Effect.forkChild(valueOf(source), { startImmediately: true })
      const second = yield* Effect.forkChild(valueOf(source), { startImmediately: true })
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(second), "sk-2")
      assert.strictEqual(store.loads, 2)
    }),
  )
})

describe("a refused key", () => {
  it.effect("is loaded again once, however often and late it is refused", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-1")
      const source = yield* KeySource.make(store.load)
      const old = yield* source.current
      store.key = "sk-2"
      const call = Effect.andThen(source.refused(old), valueOf(source))
      assert.deepStrictEqual(new Set(yield* all(64, call)), new Set(["sk-2"]))
      yield* source.refused(Redacted.make("sk-other"))
      yield* source.refused(old)
      assert.strictEqual(yield* valueOf(source), "sk-2")
      assert.strictEqual(store.loads, 2)
    }),
  )

  it.effect("that the store gives again stays refused, and the store is left alone for a while", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-1")
      const source = yield* KeySource.make(store.load)
      const old = yield* source.current
      const call = Effect.andThen(source.refused(old), valueOf(source))
      for (const _ of Array.from({ length: 5 })) assert.strictEqual(yield* call, "sk-1")
      assert.strictEqual(store.loads, 2)
      store.key = "sk-2"
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* call, "sk-2")
      assert.strictEqual(store.loads, 3)
    }),
  )

  it.effect("goes on while the store is down", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-1")
      const source = yield* KeySource.make(store.load)
      store.key = undefined
      const call = Effect.andThen(source.refused(Redacted.make("sk-1")), valueOf(source))
      assert.deepStrictEqual(new Set(yield* all(64, call)), new Set(["sk-1"]))
      assert.strictEqual(store.loads, 2)
      store.key = "sk-2"
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* valueOf(source), "sk-2")
    }),
  )

  it.effect("is not taken from a load that began before", () =>
    Effect.gen(function* () {
      const gates = [yield* Deferred.make<string>(), yield* Deferred.make<string>()] as const
      let loads = 0
      const source = yield* KeySource.make(
        Effect.suspend(() => (++loads === 1 ? Effect.succeed("sk-1") : Deferred.await(gates[loads - 2]!))).pipe(
          Effect.map(Redacted.make),
        ),
      )
      yield* TestClock.adjust("4 minutes")
      assert.strictEqual(yield* valueOf(source), "sk-1")
      yield* source.refused(Redacted.make("sk-1"))
      const waiting = yield* Effect.forkChild(valueOf(source), { startImmediately: true })
      yield* Deferred.succeed(gates[0], "sk-1")
      yield* Deferred.succeed(gates[1], "sk-2")
      assert.strictEqual(yield* Fiber.join(waiting), "sk-2")
    }),
  )
})

describe("a token", () => {
  it.effect("says itself how long it lives", () =>
    Effect.gen(function* () {
      let minted = 0
      const jwt = yield* KeySource.make(
        Effect.clockWith((clock) =>
          Effect.sync(() =>
            Redacted.make(tokenOf({ exp: clock.currentTimeMillisUnsafe() / 1000 + 3600, jti: ++minted })),
          ),
        ),
      )
      const opaque = yield* KeySource.make(
        Effect.sync(() => ({ key: Redacted.make(`token-${++minted}`), timeToLive: "1 hour" as const })),
      )
      for (const source of [jwt, opaque]) {
        const first = yield* valueOf(source)
        yield* TestClock.adjust("47 minutes")
        assert.strictEqual(yield* valueOf(source), first)
        yield* TestClock.adjust("13 minutes")
        assert.notStrictEqual(yield* valueOf(source), first)
      }
      assert.strictEqual(minted, 5)
    }),
  )

  it.effect("that has expired bridges no outage", () =>
    Effect.gen(function* () {
      let isDown = false
      const source = yield* KeySource.make(
        Effect.suspend(() =>
          isDown
            ? Effect.fail("down")
            : Effect.succeed({ key: Redacted.make("token-1"), timeToLive: "1 hour" as const }),
        ),
      )
      isDown = true
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* valueOf(source), "token-1")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(source.current))._tag, "KeyUnavailable")
      isDown = false
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* valueOf(source), "token-1")
    }),
  )

  it.effect("is used although it is said to have expired, because clocks differ", () =>
    Effect.gen(function* () {
      let loads = 0
      yield* TestClock.adjust("365 days")
      const source = yield* KeySource.make(Effect.sync(() => Redacted.make(tokenOf({ exp: 60, load: ++loads }))))
      yield* all(64, source.current)
      assert.strictEqual(loads, 1)
      yield* TestClock.adjust("10 seconds")
      yield* source.current
      assert.strictEqual(loads, 2)
    }),
  )

  it.effect("that is none is a key like any other", () =>
    Effect.gen(function* () {
      const odd = [
        tokenOf({}),
        tokenOf({ exp: "soon" }),
        tokenOf({ exp: 1e300 }),
        "a.b.c",
        `a.${"!".repeat(9)}.c`,
        "a..b",
      ]
      for (const token of odd) {
        const source = yield* KeySource.make(Effect.succeed(Redacted.make(token)))
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(yield* valueOf(source), token)
      }
    }),
  )
})

describe("a chain", () => {
  it.effect("asks no store while a source before it has a key", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-store")
      const source = yield* KeySource.chain([
        Effect.fail("not set"),
        KeySource.fixed(Redacted.make("sk-env")),
        KeySource.make(store.load),
      ])
      assert.strictEqual(yield* valueOf(source), "sk-env")
      assert.strictEqual(store.loads, 0)
      const call = Effect.andThen(source.refused(Redacted.make("sk-env")), valueOf(source))
      assert.deepStrictEqual(new Set(yield* all(64, call)), new Set(["sk-store"]))
      assert.strictEqual(store.loads, 1)
    }),
  )

  it.effect("goes back to the first when all are refused, and to one that has a new key", () =>
    Effect.gen(function* () {
      const store = storeOf("sk-a")
      const source = yield* KeySource.chain([KeySource.make(store.load), KeySource.fixed(Redacted.make("sk-b"))])
      for (const key of ["sk-a", "sk-b"]) {
        assert.strictEqual(yield* valueOf(source), key)
        yield* source.refused(Redacted.make(key))
      }
      assert.strictEqual(yield* valueOf(source), "sk-a")
      store.key = "sk-c"
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* valueOf(source), "sk-c")
    }),
  )

  it.effect("leaves a store alone that is down, and comes back to it", () =>
    Effect.gen(function* () {
      const store = storeOf(undefined)
      const source = yield* KeySource.chain([KeySource.make(store.load), KeySource.fixed(Redacted.make("sk-b"))])
      for (const _ of [1, 2, 3]) assert.strictEqual(yield* valueOf(source), "sk-b")
      assert.strictEqual(store.loads, 1)
      store.key = "sk-a"
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* valueOf(source), "sk-a")
    }),
  )

  it.effect("without any key is none", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(KeySource.chain([KeySource.make(storeOf(undefined).load), Effect.fail("no")]))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "KeySource.chain gave no key")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(KeySource.chain([]))))
    }),
  )
})

describe("a document", () => {
  it.effect("is loaded once for all of its keys, and again when one of them is refused", () =>
    Effect.gen(function* () {
      let loads = 0
      let fields: Record<string, string> = { b: "sk-b", a: "sk-a\n" }
      const load = Effect.sync(() => {
        loads++
        return Object.fromEntries(Object.entries(fields).map(([name, key]) => [name, Redacted.make(key)]))
      })
      const keys = yield* KeySource.document(load, { name: "the document" })
      const [a, b] = [yield* keys.key("a"), yield* keys.key("b")]
      assert.deepStrictEqual([yield* valueOf(a), yield* valueOf(b), loads], ["sk-a", "sk-b", 1])
      const missing = yield* Effect.flip(keys.key("toString"))
      assert.strictEqual(missing.message, 'the document gave no key: it has no field "toString"')
      fields = { a: "sk-c", b: "sk-b" }
      const refused = all(64, Effect.andThen(a.refused(Redacted.make("sk-a")), valueOf(a)))
      assert.deepStrictEqual(new Set(yield* refused), new Set(["sk-c"]))
      assert.deepStrictEqual([yield* valueOf(b), loads], ["sk-b", 2])
      yield* a.refused(Redacted.make("sk-c"))
      yield* a.current
      yield* a.refused(Redacted.make("sk-c"))
      yield* a.current
      assert.strictEqual(loads, 3)
    }),
  )
})

it("options have units", () => {
  const options: KeySource.Options = { timeToLive: Duration.minutes(1), pause: 5000, timeout: "2 seconds", name: "a" }
  assert.strictEqual(options.name, "a")
})
