/**
 * What every client must do with keys that change.
 */
import { inspect } from "node:util"

import { assert } from "@effect/vitest"
import * as KeySource from "@holdfast/core/KeySource"
import { Effect, Exit, Redacted, References } from "effect"
import { type AiError } from "effect/ai"

import * as Emulator from "../../Emulator.ts"
import { type RecordedRequest } from "../../RecordedRequest.ts"
import * as Reply from "../../Reply.ts"
import { type Check, type Subject } from "./client.ts"

const keys = ["sk-conformance-rotated-0001", "sk-conformance-rotated-0002", "sk-conformance-rotated-0003"] as const

/** A store of keys that may be down, and how often it was asked. */
const storeOf = (key: string) => {
  const store = { key, isDown: false, loads: 0 }
  const load = Effect.suspend(() => {
    store.loads++
    return store.isDown ? Effect.fail("the store is down") : Effect.succeed(Redacted.make(store.key))
  })
  return { store, load }
}

const calls = 64

/** Whole answers, streams and calls of the SDK in turn, all at the same time. */
const asked = <Client>(subject: Subject<Client>, client: Client) => {
  const ways: ReadonlyArray<Effect.Effect<unknown, AiError.AiError>> = [
    subject.once(client),
    Effect.scoped(subject.open(client)),
    subject.use(client),
  ]
  return Effect.all(
    Array.from({ length: calls }, (_, index) => Effect.exit(ways[index % ways.length] as (typeof ways)[number])),
    { concurrency: "unbounded" },
  )
}

const answered = (exits: ReadonlyArray<Exit.Exit<unknown, unknown>>) => exits.filter(Exit.isSuccess).length

const sentWith = (requests: ReadonlyArray<RecordedRequest>, header: string) =>
  keys.map((key) => requests.filter(({ headers }) => headers[header] === Emulator.fingerprint(key)).length)

const started = Effect.fnUntraced(function* <Client>(subject: Subject<Client>, emulator: Emulator.Emulator["Service"]) {
  const vendor: { accepts: string | undefined } = { accepts: keys[0] }
  yield* emulator.respond(subject.dialect, ({ headers }) => {
    const key = headers[subject.sent.key]
    return vendor.accepts !== undefined && key === Emulator.fingerprint(vendor.accepts)
      ? Reply.text("yes")
      : Reply.status(401, { message: `not the key: ${encodeURIComponent(keys.join(" "))}` })
  })
  const { load, store } = storeOf(keys[0])
  // Nothing is to depend on how long the calls take, and nothing is to be logged.
  const apiKey = yield* Effect.provideService(
    KeySource.make(load, { timeToLive: "1 hour", pause: "1 hour" }),
    References.MinimumLogLevel,
    "None",
  )
  const client = yield* subject.make({ apiKey, apiUrl: emulator.baseUrl(subject.dialect) })
  return { client, store, vendor }
})

export const keyChecks: ReadonlyArray<Check> = [
  {
    name: "goes on through a rotation, with one load for all calls",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        const { client, store, vendor } = yield* started(subject, emulator)
        assert.strictEqual(answered(yield* asked(subject, client)), calls)
        vendor.accepts = store.key = keys[1]
        assert.strictEqual(answered(yield* asked(subject, client)), calls)
        assert.strictEqual(store.loads, 2)
        assert.deepStrictEqual(sentWith(yield* emulator.requests, subject.sent.key), [2 * calls, calls, 0])
      }),
  },
  {
    name: "goes on with the last key while the store is down",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        const { client, store, vendor } = yield* started(subject, emulator)
        store.isDown = true
        assert.strictEqual(answered(yield* asked(subject, client)), calls)
        vendor.accepts = keys[1]
        assert.strictEqual(answered(yield* asked(subject, client)), 0)
        assert.strictEqual(store.loads, 2)
      }),
  },
  {
    name: "lets the refusal of a dead key stand, after one load, and shows no key that it ever had",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        const { client, store, vendor } = yield* started(subject, emulator)
        yield* subject.once(client)
        vendor.accepts = store.key = keys[1]
        yield* subject.once(client)
        vendor.accepts = undefined
        const exits = yield* asked(subject, client)
        assert.strictEqual(answered(exits), 0)
        assert.strictEqual(store.loads, 3)
        assert.deepStrictEqual(sentWith(yield* emulator.requests, subject.sent.key), [2, 1 + calls, 0])
        for (const exit of exits) {
          const shown = inspect(exit, { depth: 9, showHidden: true })
          assert.include(shown, "InvalidKey")
          for (const key of keys.slice(0, 2)) assert.notInclude(shown, key)
        }
      }),
  },
  {
    name: "sends and hides secret headers of its own",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        const own = "proxy+secret/0123456789"
        const refusal = Reply.status(500, { message: `got ${own} ${encodeURIComponent(own)} ${btoa(own)}` })
        yield* emulator.script(subject.dialect, refusal)
        const client = yield* subject.make({
          apiKey: Redacted.make(keys[0]),
          apiUrl: emulator.baseUrl(subject.dialect),
          headers: { "X-Proxy": Redacted.make(own), "x-mine": "yes" },
        })
        const error = yield* Effect.flip(subject.once(client))
        const [request] = yield* emulator.requests
        assert.strictEqual(request?.headers["x-proxy"], own)
        assert.strictEqual(request?.headers["x-mine"], "yes")
        for (const shown of [inspect(error, { depth: 9, showHidden: true }), inspect(client, { depth: 9 })]) {
          for (const form of [own, encodeURIComponent(own), btoa(own)]) assert.notInclude(shown, form)
        }
      }),
  },
]
