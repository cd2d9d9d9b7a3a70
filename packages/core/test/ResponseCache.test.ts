import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Layer } from "effect"
import { Persistence } from "effect/persistence"
import { TestClock } from "effect/testing"
import { afterAll, beforeEach, vi } from "vitest"

import * as Fallback from "../src/Fallback.ts"
import type * as ModelCall from "../src/ModelCall.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import { redisIsMissing, withRedis } from "./redis.ts"
import {
  answer,
  chunk,
  deliver,
  delta,
  ended,
  errorOf,
  errors,
  fails,
  finish,
  type Mode,
  observed,
  refused,
  request,
  script,
  type Script,
  scripted,
  wait,
} from "./scripted.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]
const shared: ResponseCache.Options = { scope: ResponseCache.shared, timeToLive: "1 hour" }

const built = Effect.fnUntraced(function* (scripts: ReadonlyArray<Script>, options: ResponseCache.Options = shared) {
  const model = scripted(scripts)
  const call = yield* ResilientModel.callOf(model.model.pipe(ResponseCache.exact(options)))
  const ask = (mode: Mode, fields?: Partial<ModelCall.ModelRequest<"chat">["options"]>) =>
    Effect.suspend(() => deliver(call, request(mode, fields)))
  return { model, ask }
})

const digest = vi.spyOn(crypto.subtle, "digest")

beforeEach(() => {
  digest.mockClear()
})

// Other files may run in the same process.
afterAll(() => {
  digest.mockRestore()
})

/** Keys are hashed outside of the test's time: waits until so many are. */
const hashed = (count: number): Effect.Effect<void> => {
  const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
  const look: Effect.Effect<void> = Effect.suspend(() =>
    digest.mock.settledResults.filter(({ type }) => type === "fulfilled").length < count
      ? Effect.andThen(turn, look)
      : Effect.asVoid(turn),
  )
  return look
}

const slow = script(wait("1 second"), chunk(delta("a")), wait("1 second"), chunk(delta("b")), chunk(finish()))

describe.each(modes)("a cache of answers to %s", (mode) => {
  it.effect("answers the second time without asking, with the same parts and without an attempt", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([answer("a", "b"), answer("other")])
      const first = yield* ask(mode)
      const [second, events] = yield* observed(ask(mode))
      assert.strictEqual(second.text, "ab")
      assert.lengthOf(model.requests, 1)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["CacheHit"],
      )
      assert.lengthOf(second.parts, first.parts.length)
      const [before, after] = [first.parts, second.parts].map((parts) => parts.find(({ type }) => type === "finish"))
      assert.deepStrictEqual(after?.metadata, { ...before?.metadata, holdfast: { cached: true } })
    }),
  )

  it.effect("asks again after the time to live, counted from when it was asked", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([answer("a"), answer("b")])
      yield* ask(mode)
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual((yield* ask(mode)).text, "a")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* ask(mode)).text, "b")
      assert.lengthOf(model.requests, 2)
    }),
  )

  it.effect.each([
    ["a failure", refused(errors.transient)],
    ["a failure in the middle", script(chunk(delta("x")), fails(errors.broken))],
    ["an answer without an end", script(chunk(delta("x")))],
    ["an answer that was cut for its length", script(chunk(delta("x")), chunk(finish("length")))],
    ["an answer of nothing", script(chunk(finish()))],
    [
      "an answer of nothing but thoughts",
      script(chunk({ type: "reasoning-delta", id: "r", delta: "x" }), chunk(finish())),
    ],
    ["an answer that its model could not write", script(chunk(finish("error")))],
    ["a refusal", script(chunk(delta("x")), chunk(finish("content-filter")))],
  ] as const)("does not keep %s", ([, incomplete]) =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([incomplete, answer("b")])
      yield* ask(mode)
      assert.strictEqual((yield* ask(mode)).text, "b")
      assert.lengthOf(model.requests, 2)
    }),
  )

  it.effect("asks once for all who ask at the same time", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([slow])
      const fiber = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 20 }, () => ask(mode)),
          { concurrency: "unbounded" },
        ),
      )
      yield* hashed(20)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(new Set((yield* Fiber.join(fiber)).map(({ text }) => text)), new Set(["ab"]))
      assert.deepStrictEqual([model.requests.length, model.held], [1, 0])
    }),
  )

  it.effect("goes on for the others when the first one gives up, and stops when nobody is left", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([slow, slow])
      const first = yield* Effect.forkChild(ask(mode))
      yield* hashed(1)
      const second = yield* Effect.forkChild(ask(mode))
      yield* hashed(2)
      yield* Fiber.interrupt(first)
      assert.strictEqual(model.held, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(second)).text, "ab")
      const alone = yield* built([slow, answer("c")])
      const given = yield* Effect.forkChild(alone.ask(mode))
      yield* hashed(3)
      yield* Fiber.interrupt(given)
      assert.strictEqual(alone.model.held, 0)
      assert.strictEqual((yield* alone.ask(mode)).text, "c")
    }),
  )

  it.effect("fails for all with what the request failed with", () =>
    Effect.gen(function* () {
      const failing: Script = { opening: [wait("1 second")], refuses: errors.transient, steps: [] }
      const { ask, model } = yield* built([failing])
      const fiber = yield* Effect.forkChild(Effect.all([ask(mode), ask(mode)], { concurrency: "unbounded" }))
      yield* hashed(2)
      yield* TestClock.adjust("1 minute")
      for (const { exit } of yield* Fiber.join(fiber)) assert.strictEqual(errorOf(exit), errors.transient)
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("keeps tenants apart, and nothing for requests without one", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([answer("a"), answer("b"), answer("c"), answer("d")], {
        ...shared,
        scope: ResponseCache.perTenant,
      })
      const as = (tenant: string) => RequestContext.annotate(ask(mode), { tenant })
      const texts = [yield* as("x"), yield* as("y"), yield* as("x"), yield* ask(mode), yield* ask(mode)]
      assert.deepStrictEqual(
        texts.map(({ text }) => text),
        ["a", "b", "a", "c", "d"],
      )
      assert.lengthOf(model.requests, 4)
    }),
  )
})

describe("a cache", () => {
  it.effect("tells generated and streamed answers apart, and other prompts", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([answer("a"), answer("b"), answer("c")])
      yield* ask("generate")
      yield* ask("stream")
      yield* ask("stream", { previousResponseId: "r" })
      assert.lengthOf(model.requests, 3)
    }),
  )

  it.effect("gives a stream to all as it comes", () =>
    Effect.gen(function* () {
      const { ask } = yield* built([slow])
      const early: Array<string> = []
      const fiber = yield* Effect.forkChild(
        Effect.all([ask("stream"), ask("stream")], { concurrency: "unbounded" }).pipe(
          Effect.tap((all) => Effect.sync(() => early.push(...all.map(({ text }) => text)))),
        ),
      )
      yield* hashed(2)
      yield* TestClock.adjust("1500 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("500 millis")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(early, ["ab", "ab"])
    }),
  )

  it.effect("does not read ahead of who listens", () =>
    Effect.gen(function* () {
      const model = scripted([answer("a", "b", "c")])
      const call = yield* ResilientModel.callOf(model.model.pipe(ResponseCache.exact(shared)))
      const answered = yield* call.open(request("stream"))
      yield* TestClock.adjust("1 second")
      // Nothing but the first part was asked for.
      assert.strictEqual(model.held, 1)
      assert.isDefined(answered)
    }),
  )

  it.effect("knows the settings of all models that may answer", () =>
    Effect.gen(function* () {
      let temperature = 0
      const settings = Effect.sync(() => ({ maxOutputTokens: temperature }))
      const model = scripted([answer("a"), answer("b"), answer("c")])
      const other = scripted([answer("z")], { name: "other" })
      const set = (one: typeof model) =>
        ResilientModel.fromProvider(Effect.succeed({ ...one.provider, settings }), { name: "m", settings: {} })
      const stack = model.model.pipe(Fallback.to(set(other)), ResponseCache.exact(shared))
      const call = yield* ResilientModel.callOf(stack)
      const ask = Effect.suspend(() => deliver(call, request("stream")))
      yield* ask
      yield* ask
      temperature = 1
      yield* ask
      assert.lengthOf(model.requests, 2)
    }),
  )

  it.effect("keeps no answer that is too large, and no more answers than there is room for", () =>
    Effect.gen(function* () {
      const large = yield* built([answer("a".repeat(200)), answer("b")], { ...shared, maxSize: 200 })
      yield* large.ask("stream")
      assert.strictEqual((yield* large.ask("stream")).text, "b")
      const small = yield* Layer.build(ResponseCache.layerMemory({ capacity: 2 }))
      const { ask, model } = yield* Effect.provideContext(built([answer("a")]), small)
      const id = (previousResponseId: string) => ask("stream", { previousResponseId })
      for (const name of ["1", "2", "1", "3", "1", "2"]) yield* id(name)
      // "2" was the one that nobody had asked for longest when "3" came.
      assert.lengthOf(model.requests, 4)
    }),
  )

  it.effect("is not made of a wrong time", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(built([], { ...shared, timeToLive: Duration.zero }))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes("ResponseCache.exact: timeToLive"))
    }),
  )

  it("changes nothing in the type", () => {
    expectTypeOf(scripted([]).model.pipe(ResponseCache.exact(shared))).toEqualTypeOf<
      ResilientModel.ResilientModel<ResilientModel.CallFailure>
    >()
  })
})

describe("a cache that is kept elsewhere", () => {
  const persisted = Layer.provide(ResponseCache.layerPersisted(), Persistence.layerBackingMemory)

  it.effect("is shared by all who keep theirs there", () =>
    Effect.gen(function* () {
      const caches = yield* Layer.build(persisted)
      const [one, other] = [
        yield* Effect.provideContext(built([answer("a")]), caches),
        yield* Effect.provideContext(built([answer("b")]), caches),
      ]
      yield* one.ask("stream")
      assert.strictEqual((yield* other.ask("stream")).text, "a")
      assert.lengthOf(other.model.requests, 0)
    }),
  )

  it.effect.each([
    ["fails", { get: Effect.fail(new Persistence.PersistenceError({ message: "gone" })) }],
    ["hangs", { get: Effect.never }],
    ["holds something else", { get: Effect.succeed({ version: 2, answer: "x" }) }],
  ] as const)("is gone without when it %s", ([, { get }]) =>
    Effect.gen(function* () {
      const store = {
        get: () => get,
        set: () => get,
      } as unknown as Persistence.BackingPersistenceStore
      const backing = Layer.succeed(Persistence.BackingPersistence, { make: () => Effect.succeed(store) })
      const caches = yield* Layer.build(Layer.provide(ResponseCache.layerPersisted(), backing))
      const { ask } = yield* Effect.provideContext(built([answer("a"), answer("b")]), caches)
      const fiber = yield* Effect.forkChild(Effect.all([ask("stream"), ask("generate")], { concurrency: "unbounded" }))
      yield* hashed(2)
      yield* TestClock.adjust("250 millis")
      yield* TestClock.adjust("250 millis")
      assert.deepStrictEqual(new Set((yield* Fiber.join(fiber)).map(({ text }) => text)), new Set(["a", "b"]))
    }),
  )
})

describe.skipIf(redisIsMissing)("a cache on Redis (REDIS_URL)", () => {
  it.live("keeps answers for all processes, until they expire", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const process = Effect.flatMap(
          Layer.build(Layer.fresh(ResponseCache.layerRedis({ storeId: prefix }))),
          (caches) => Effect.provideContext(built([answer("a", "b")], { ...shared, timeToLive: "150 millis" }), caches),
        )
        const [one, other] = [yield* process, yield* process]
        for (const mode of modes) {
          yield* one.ask(mode)
          const [hit, events] = yield* observed(other.ask(mode))
          assert.deepStrictEqual([hit.text, ended(events).length], ["ab", 0])
        }
        yield* Effect.sleep("200 millis")
        yield* other.ask("stream")
        assert.lengthOf(other.model.requests, 1)
      }),
    ),
  )
})
