import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { AiError } from "effect/ai"

import { fromUnknown } from "../../src/provider/ProviderError.ts"
import * as SdkEndpoint from "../../src/provider/SdkEndpoint.ts"
import { origin } from "../scripted.ts"

const thrown: Array<boolean> = []

async function* eventsOf(events: ReadonlyArray<string>) {
  yield* events
}

const endpoint = (headers: Record<string, string>, failure?: unknown) =>
  SdkEndpoint.make<string, [suffix?: string]>({
    origin,
    fromThrown: (inStream) => (cause) => {
      thrown.push(inStream)
      return fromUnknown(origin, cause, inStream)
    },
    once: (_, body, suffix = "") =>
      failure === undefined
        ? Promise.resolve({ data: body + suffix, response: { headers: new Headers(headers) } })
        : Promise.reject(failure),
    open: (_, body, suffix = "") =>
      failure === undefined
        ? Promise.resolve({ data: eventsOf([body, suffix]), response: { headers: new Headers(headers) } })
        : Promise.reject(failure),
  })

describe("an endpoint", () => {
  it.effect("answers as a whole and event by event, with the headers in lower case", () =>
    Effect.gen(function* () {
      const { once, open } = endpoint({ "X-Request-Id": "r" })
      assert.deepStrictEqual(yield* once("a", "b"), { headers: { "x-request-id": "r" }, parts: "ab" })
      const { headers, parts } = yield* open("a", "b")
      assert.deepStrictEqual(headers, { "x-request-id": "r" })
      assert.deepStrictEqual(yield* Stream.runCollect(parts), ["a", "b"])
    }),
  )

  it.effect("takes no page for a stream", () =>
    Effect.gen(function* () {
      const { once, open } = endpoint({ "content-type": "text/html" })
      const error = yield* Effect.flip(Effect.scoped(open("a")))
      assert.strictEqual(error.reason._tag, "InvalidResponseError")
      assert.strictEqual((yield* once("a")).parts, "a")
    }),
  )

  it.effect("says whether something may have come before what the SDK threw", () =>
    Effect.gen(function* () {
      thrown.splice(0)
      const { once, open } = endpoint({}, new Error("no"))
      for (const call of [once("a"), Effect.scoped(open("a"))]) {
        assert.isTrue(AiError.isAiError(yield* Effect.flip(Effect.asVoid(call))))
      }
      assert.deepStrictEqual(thrown, [false, true])
    }),
  )

  it.effect("gives access to the whole SDK", () =>
    Effect.gen(function* () {
      const use = SdkEndpoint.use({ list: () => Promise.resolve(["a"]) }, (cause) => fromUnknown(origin, cause, false))
      assert.deepStrictEqual(yield* use((sdk) => sdk.list()), ["a"])
      const error = yield* Effect.flip(use(() => Promise.reject(new Error("no"))))
      assert.isTrue(AiError.isAiError(error))
    }),
  )
})
