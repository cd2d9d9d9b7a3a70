import { assert, describe, it } from "@effect/vitest"
import { type Attempt, Event, KeySource, RequestContext, ResilientModel } from "@holdfast/core"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Effect, Exit, Redacted } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import * as KeyPool from "../src/KeyPool.ts"

const keys = { a: "sk-account-a-0123", b: "sk-account-b-0123" }

/** What each key is answered. */
const vendorOf = (emulator: Emulator.Emulator["Service"], answers: Record<string, Reply.Reply>) =>
  emulator.respond("openai-responses", ({ headers }) => {
    const found = Object.entries(answers).find(([key]) => headers["authorization"] === Emulator.fingerprint(key))
    return found?.[1] ?? Reply.status(401, { message: "no such key" })
  })

const sentTo = (emulator: Emulator.Emulator["Service"], key: string) =>
  Effect.map(
    emulator.requests,
    (requests) => requests.filter(({ headers }) => headers["authorization"] === Emulator.fingerprint(key)).length,
  )

const poolOf = (
  emulator: Emulator.Emulator["Service"],
  accounts: Parameters<typeof KeyPool.models>[0],
  options?: KeyPool.Options,
) =>
  KeyPool.models(
    accounts,
    ({ apiKey, name }) =>
      OpenAiLanguageModel.model("gpt-6-luna").pipe(
        ResilientModel.connect(
          OpenAiClient.layer({ apiKey, account: name, apiUrl: emulator.baseUrl("openai-responses") }),
        ),
      ),
    options,
  ) as Effect.Effect<KeyPool.Pooled<ResilientModel.CallFailure, never>, KeySource.KeyUnavailable>

const ask = (tenant: string) =>
  LanguageModel.generateText({ prompt: "hi" }).pipe(
    Effect.map(({ text }) => text),
    RequestContext.annotate({ tenant }),
  )

const many = <E, R>(count: number, program: (tenant: string) => Effect.Effect<string, E, R>) =>
  Effect.all(
    Array.from({ length: count }, (_, index) => Effect.exit(program(`tenant-${index}`))),
    { concurrency: "unbounded" },
  )

const answered = (exits: ReadonlyArray<Exit.Exit<unknown, unknown>>) => exits.filter(Exit.isSuccess).length

const attemptsOf = <A, E, R>(program: Effect.Effect<A, E, R>) => {
  const attempts: Array<Attempt.Attempt> = []
  const sink: Event.Sink = (event) => void (event._tag === "AttemptEnded" && attempts.push(event))
  return Effect.map(Effect.provideService(program, Event.Sink, sink), () => attempts)
}

describe("accounts", () => {
  it.effect("share the calls, each tenant with one of them, and attempts carry their names", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* vendorOf(emulator, { [keys.a]: Reply.text("yes"), [keys.b]: Reply.text("yes") })
      const model = yield* poolOf(emulator, { a: Redacted.make(keys.a), b: Redacted.make(keys.b) })
      const attempts = yield* attemptsOf(Effect.provide(Effect.andThen(many(16, ask), many(16, ask)), model))
      assert.deepStrictEqual(new Set(attempts.map(({ account }) => account)), new Set(["a", "b"]))
      const owners = new Map<string | undefined, Set<string | undefined>>()
      for (const { account, context } of attempts) {
        owners.set(context.tenant, (owners.get(context.tenant) ?? new Set()).add(account))
      }
      assert.deepStrictEqual(new Set([...owners.values()].map(({ size }) => size)), new Set([1]))
      for (const attempt of attempts) {
        for (const key of Object.values(keys)) assert.notInclude(JSON.stringify(attempt), key)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.effect("without a key are left out", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* vendorOf(emulator, { [keys.b]: Reply.text("yes") })
      const none = Effect.fail(new KeySource.KeyUnavailable({ source: "A", reason: "it is not set" }))
      const model = yield* poolOf(emulator, { a: none, b: KeySource.fixed(Redacted.make(keys.b)) })
      assert.strictEqual(answered(yield* Effect.provide(many(8, ask), model)), 8)
      assert.match((yield* Effect.flip(poolOf(emulator, { a: none }))).reason, /no key for a/)
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

describe("64 calls", () => {
  it.effect("are answered beside a dead key, which is asked by nobody until there is another one", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* vendorOf(emulator, { [keys.b]: Reply.text("yes"), "sk-account-a-new1": Reply.text("new") })
      let stored = keys.a
      let loads = 0
      const load = Effect.sync(() => {
        loads++
        return Redacted.make(stored)
      })
      const a = yield* KeySource.make(load, { timeToLive: "1 hour" })
      const model = yield* poolOf(emulator, { a, b: Redacted.make(keys.b) })
      yield* Effect.gen(function* () {
        assert.strictEqual(answered(yield* many(64, ask)), 64)
        assert.strictEqual(loads, 2)
        const sent = yield* sentTo(emulator, keys.a)
        assert.isAbove(sent, 0)
        assert.strictEqual(answered(yield* many(64, ask)), 64)
        assert.strictEqual(yield* sentTo(emulator, keys.a), sent)
        stored = "sk-account-a-new1"
        yield* a.refused(Redacted.make(keys.a))
        yield* TestClock.adjust("10 seconds")
        yield* a.refused(Redacted.make(keys.a))
        yield* TestClock.adjust("20 seconds")
        const texts = (yield* many(16, ask)).map((exit) => (Exit.isSuccess(exit) ? exit.value : ""))
        assert.deepStrictEqual(new Set(texts), new Set(["yes", "new"]))
        assert.strictEqual(yield* sentTo(emulator, keys.a), sent)
      }).pipe(Effect.provide(model))
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

describe("an account", () => {
  const quota = Reply.status(429, { message: "You exceeded your current quota", code: "insufficient_quota" })
  const slow = Reply.status(429, { message: "slow down" }).pipe(Fault.headers({ "retry-after": "7" }))

  for (const [name, reply, pause] of [
    ["whose money is used up", quota, "1 hour"],
    ["that is throttled", slow, "7 seconds"],
  ] as const) {
    it.effect(`${name} is left alone for as long as it says`, () =>
      Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        yield* vendorOf(emulator, { [keys.a]: reply, [keys.b]: Reply.text("yes") })
        const model = yield* poolOf(emulator, { a: Redacted.make(keys.a), b: Redacted.make(keys.b) })
        yield* Effect.gen(function* () {
          for (const _ of [1, 2]) assert.strictEqual(answered(yield* many(16, ask)), 16)
          const sent = yield* sentTo(emulator, keys.a)
          yield* TestClock.adjust(pause)
          assert.strictEqual(answered(yield* many(16, ask)), 16)
          assert.isAbove(yield* sentTo(emulator, keys.a), sent)
        }).pipe(Effect.provide(model))
      }).pipe(Effect.provide(Emulator.layer())),
    )
  }

  it.effect("alone refuses by itself, with its name and without its key", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* vendorOf(emulator, {})
      const model = yield* poolOf(emulator, { a: Redacted.make(keys.a) })
      const program = ask("t").pipe(Effect.flip, ResilientModel.provide(model))
      yield* program
      const refusal = yield* Effect.flip(ask("t").pipe(ResilientModel.provide(model)))
      assert.strictEqual(refusal._tag, "AccountUnavailable")
      assert.match(refusal.message, /account a is skipped for gpt-6-luna of openai: its key was refused/)
      assert.notInclude(JSON.stringify(refusal), keys.a)
      assert.strictEqual(yield* sentTo(emulator, keys.a), 1)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.effect("has its own limits, by its name", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* vendorOf(emulator, { [keys.a]: slow, [keys.b]: slow })
      const limits = { requests: 100 }
      const model = yield* poolOf(emulator, { a: Redacted.make(keys.a), b: Redacted.make(keys.b) }, { limits })
      const tightened: Array<string> = []
      const sink: Event.Sink = (event) => void (event._tag === "LimitTightened" && tightened.push(event.key))
      const exit = yield* Effect.exit(ask("t")).pipe(Effect.provide(model), Effect.provideService(Event.Sink, sink))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(tightened.toSorted(), ["a", "b"])
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
