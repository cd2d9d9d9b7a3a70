import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"

import * as SdkStream from "../../src/provider/SdkStream.ts"

const asMine = (cause: unknown) => ({ mine: cause })

/** An SDK whose iterator only lets go when its signal fires, as those of the vendors do. */
const sdk = (events: ReadonlyArray<string>, ending: "end" | "stall" | Error = "end") => {
  const state = { aborted: 0, returned: 0 }
  const request = (signal: AbortSignal) => {
    signal.addEventListener("abort", () => void state.aborted++)
    let position = 0
    const iterator: AsyncIterator<string> = {
      next: () => {
        const value = events[position++]
        if (value !== undefined) return Promise.resolve({ done: false, value })
        if (ending === "end") return Promise.resolve({ done: true, value: undefined })
        if (ending !== "stall") return Promise.reject(ending)
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))))
      },
      return: () => {
        state.returned++
        return Promise.resolve({ done: true, value: undefined })
      },
    }
    return Promise.resolve({ head: "head", events: { [Symbol.asyncIterator]: () => iterator } })
  }
  return { state, request }
}

describe("a stream of an SDK", () => {
  it.effect("gives the head, then each event by itself", () =>
    Effect.gen(function* () {
      const { request, state } = sdk(["a", "b"])
      const seen: Array<ReadonlyArray<string>> = []
      const head = yield* Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* SdkStream.open({ request, catch: asMine })
          yield* Stream.runForEachArray(opened.events, (chunk) => Effect.sync(() => seen.push(chunk)))
          assert.strictEqual(state.aborted, 0)
          return opened.head
        }),
      )
      assert.deepStrictEqual([head, seen], ["head", [["a"], ["b"]]])
      assert.deepStrictEqual(state, { aborted: 1, returned: 0 })
    }),
  )

  it.effect("fails in the caller's terms when the request or an event does", () =>
    Effect.gen(function* () {
      const refused = new Error("refused")
      const opening = SdkStream.open({ request: () => Promise.reject(refused), catch: asMine })
      assert.deepStrictEqual(yield* Effect.flip(Effect.scoped(opening)), { mine: refused })
      const broken = new Error("broken")
      const { request } = sdk(["a"], broken)
      const reading = Effect.flatMap(SdkStream.open({ request, catch: asMine }), ({ events }) =>
        Stream.runDrain(events),
      )
      assert.deepStrictEqual(yield* Effect.flip(Effect.scoped(reading)), { mine: broken })
    }),
  )

  it.effect("fails in the caller's terms when what the SDK gives cannot be iterated", () =>
    Effect.gen(function* () {
      const iterating = (events: unknown) => {
        const request = () => Promise.resolve({ head: "head", events: events as AsyncIterable<string> })
        const opened = SdkStream.open({ request, catch: asMine })
        return Effect.flip(Effect.scoped(Effect.flatMap(opened, (reply) => Stream.runDrain(reply.events))))
      }
      const broken = new Error("broken")
      const throws = () => {
        throw broken
      }
      for (const events of [undefined, "a page", {}]) {
        assert.instanceOf((yield* iterating(events)).mine, TypeError)
      }
      assert.strictEqual((yield* iterating({ [Symbol.asyncIterator]: throws })).mine, broken)
      assert.strictEqual((yield* iterating({ [Symbol.asyncIterator]: () => ({ next: throws }) })).mine, broken)
    }),
  )

  it.effect("is aborted when it stalls and its reader is interrupted", () =>
    Effect.gen(function* () {
      const { request, state } = sdk(["a"], "stall")
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Effect.scoped(
          Effect.flatMap(SdkStream.open({ request, catch: asMine }), ({ events }) =>
            Stream.runForEach(events, () => Deferred.succeed(begun, undefined)),
          ),
        ),
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(state.aborted, 1)
    }),
  )

  it.effect("is aborted when the reader has enough", () =>
    Effect.gen(function* () {
      const { request, state } = sdk(["a", "b"], "stall")
      yield* Effect.scoped(
        Effect.flatMap(SdkStream.open({ request, catch: asMine }), ({ events }) =>
          Stream.runDrain(Stream.take(events, 1)),
        ),
      )
      assert.strictEqual(state.aborted, 1)
    }),
  )

  it.effect("is aborted when it is interrupted before its head came", () =>
    Effect.gen(function* () {
      let signal: AbortSignal | undefined
      const request = (given: AbortSignal) => {
        signal = given
        return new Promise<never>(() => {})
      }
      const fiber = yield* Effect.forkChild(Effect.scoped(SdkStream.open({ request, catch: asMine })), {
        startImmediately: true,
      })
      yield* Fiber.interrupt(fiber)
      assert.isTrue(signal?.aborted)
    }),
  )
})

describe("a whole answer of an SDK", () => {
  it.effect("comes, or fails in the caller's terms", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* SdkStream.once({ request: () => Promise.resolve("a"), catch: asMine }), "a")
      const failed = SdkStream.once({ request: () => Promise.reject(new Error("no")), catch: () => "mine" })
      assert.strictEqual(yield* Effect.flip(failed), "mine")
    }),
  )

  it.effect("is aborted when it is interrupted", () =>
    Effect.gen(function* () {
      let signal: AbortSignal | undefined
      const request = (given: AbortSignal) => {
        signal = given
        return new Promise<never>(() => {})
      }
      const fiber = yield* Effect.forkChild(SdkStream.once({ request, catch: asMine }), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.isTrue(signal?.aborted)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    }),
  )
})

describe("headers", () => {
  it("are read in lower case, or not at all", () => {
    assert.deepStrictEqual(SdkStream.headersOf(new Headers({ "X-Request-Id": "req_1" })), { "x-request-id": "req_1" })
    assert.deepStrictEqual(SdkStream.headersOf(undefined), {})
  })
})
