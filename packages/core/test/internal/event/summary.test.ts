import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"

import * as Event from "../../../src/Event.ts"
import * as Fallback from "../../../src/Fallback.ts"
import * as Retry from "../../../src/Retry.ts"
import {
  answer,
  call,
  chunk,
  delta,
  errors,
  fails,
  finish,
  hangs,
  observed,
  refused,
  script,
  scripted,
  timePasses,
  wait,
} from "../../scripted.ts"

describe("the summary of an event", () => {
  it.effect("tells what happened, in one line each", () =>
    Effect.gen(function* () {
      const first = scripted([refused(errors.throttled("1500 millis")), refused(errors.badKey)], { name: "first" })
      const second = scripted([script(wait("20 millis"), chunk(delta("a")), chunk(finish()))], { name: "second" })
      const stack = first.model.pipe(Retry.schedule(Retry.standard), Fallback.to(second.model))
      const [, events] = yield* timePasses(observed(call(stack, "stream")))
      assert.deepStrictEqual(events.map(Event.summary), [
        "attempt 1: first-1 of first",
        "attempt 1: first-1 of first failed after 0 ms: RateLimitError: slow down",
        "retrying first-1 of first in 1.5 s",
        "attempt 2: first-1 of first",
        "attempt 2: first-1 of first failed after 0 ms: AuthenticationError: who are you",
        "falling back from first-1 of first to second-1 of second",
        "attempt 3: second-1 of second",
        "attempt 3: second-1 of second answered in 20 ms, 7 tokens in, 3 out",
      ])
    }),
  )

  it.effect("tells how streams end before their time", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const listen = Event.listen((event) => {
        if (event._tag === "AttemptEnded") lines.push(Event.summary(event))
      })
      yield* listen(call(scripted([script(chunk(delta("a")), fails(errors.broken))]).model, "stream"))
      for (const played of [script(hangs), script(chunk(delta("a")), hangs)]) {
        const fiber = yield* Effect.forkChild(listen(call(scripted([played]).model, "stream")))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      }
      assert.include(lines[0], "acme-1 of acme failed after 1 part: NetworkError")
      assert.deepStrictEqual(lines.slice(1), [
        "attempt 1: acme-1 of acme was interrupted after 2.0 s",
        "attempt 1: acme-1 of acme was closed by its reader after 1 part",
      ])
    }),
  )

  it.effect("leaves out tokens that nobody counted", () =>
    Effect.gen(function* () {
      const uncounted = { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } } as const
      const model = scripted([script(chunk(delta("a")), chunk(uncounted)), answer("a")])
      const [, events] = yield* observed(call(model.model, "stream"))
      assert.strictEqual(events.map(Event.summary).at(-1), "attempt 1: acme-1 of acme answered in 0 ms")
    }),
  )

  it("tells what concerns more than one call", () => {
    const events: ReadonlyArray<Event.Event> = [
      { _tag: "CacheHit", callId: "c", provider: "acme", model: "acme-1" },
      { _tag: "CircuitChanged", key: "acme/acme-1", sequence: 1, from: "halfOpen", to: "ramping" },
      { _tag: "LimitTightened", key: "acme/acme-1", dimension: "tokens", remaining: 5, for: Duration.seconds(2) },
      { _tag: "SharedStateUnavailable", policy: "Breaker.guard", error: "gone" },
      { _tag: "SharedStateRecovered", policy: "Breaker.guard", unavailableFor: Duration.seconds(90) },
    ]
    assert.deepStrictEqual(events.map(Event.summary), [
      "the cache answered in place of acme-1 of acme",
      "the circuit of acme/acme-1 changed from half-open to closed (traffic still growing)",
      "acme/acme-1 has only 5 tokens left for 2.0 s",
      "Breaker.guard cannot reach its shared state",
      "Breaker.guard reached its shared state again after 90.0 s",
    ])
  })
})
