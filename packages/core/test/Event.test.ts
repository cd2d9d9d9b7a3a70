import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Schedule, Stream } from "effect"
import { AiError, LanguageModel, Prompt, ResponseIdTracker } from "effect/ai"
import { TestClock } from "effect/testing"

import * as AttemptGuard from "../src/AttemptGuard.ts"
import * as Breaker from "../src/Breaker.ts"
import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Event from "../src/Event.ts"
import * as Fallback from "../src/Fallback.ts"
import type * as ModelCall from "../src/ModelCall.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import * as Retry from "../src/Retry.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import {
  answer,
  chunk,
  delta,
  ended,
  errors,
  fails,
  finish,
  hangs,
  type Mode,
  observed,
  refused,
  request as requestTo,
  script,
  scripted,
  silent,
  timePasses,
  wait,
} from "./scripted.ts"

type Model<E> = ResilientModel.ResilientModel<E>

const modes: ReadonlyArray<Mode> = ["generate", "stream"]

/** One call by the service, whatever becomes of it, and its events. */
const asked = <E>(model: Model<E>, mode: Mode) => {
  const call: Effect.Effect<unknown, unknown, LanguageModel.LanguageModel> =
    mode === "generate"
      ? LanguageModel.generateText({ prompt: "hi" })
      : Stream.runDrain(LanguageModel.streamText({ prompt: "hi" }))
  return Effect.map(observed(Effect.exit(Effect.provide(call, model))), ([, events]) => events)
}

const callsIn = (events: ReadonlyArray<Event.Event>) => events.filter((event) => event._tag === "CallEnded")

const refusals = (events: ReadonlyArray<Event.Event>) =>
  events.flatMap((event) => (event._tag === "Refused" ? [event.policy] : []))

describe.each(modes)("a call to %s", (mode) => {
  it.effect("tells what was asked, and not to those who print it", () =>
    Effect.gen(function* () {
      const told = (yield* asked(scripted([answer("a")]).model, mode)).filter(
        (event) => event._tag === "CallStarted" || event._tag === "CallEnded",
      )
      assert.lengthOf(told, 2)
      for (const event of told) {
        assert.strictEqual(event.request.mode, mode)
        assert.strictEqual(event.request.call.id, event.callId)
        assert.notInclude(Object.keys(event), "request")
      }
    }),
  )

  it.effect("begins and ends with an event of its own, around those of its attempts", () =>
    Effect.gen(function* () {
      const first = scripted([refused(errors.transient)], { name: "first" })
      const second = scripted([script(wait("2 seconds"), chunk(delta("a")), wait("1 second"), chunk(finish()))], {
        name: "second",
      })
      const stack = first.model.pipe(Fallback.to(second.model))
      const events = yield* timePasses(asked(stack, mode))
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        [
          "CallStarted",
          "AttemptStarted",
          "AttemptEnded",
          "FallbackChosen",
          "AttemptStarted",
          "AttemptEnded",
          "CallEnded",
        ],
      )
      const [call] = callsIn(events)
      assert.deepInclude(call, {
        operation: "chat",
        mode,
        provider: "first",
        outcome: { _tag: "Completed", finish: "stop" },
        asked: [
          { provider: "first", model: "first-1" },
          { provider: "second", model: "second-1" },
        ],
        attempts: 2,
        cacheHit: false,
        deliveredParts: 1,
      })
      assert.deepStrictEqual(
        [call?.timeToFirstPart, call?.duration, call?.queueWait].map((time) => time && Duration.toSeconds(time)),
        [mode === "stream" ? 2 : 3, 3, 0],
      )
      for (const attempt of ended(events)) assert.strictEqual(attempt.callId, call?.callId)
    }),
  )

  it.effect("says how it failed, and that it was interrupted", () =>
    Effect.gen(function* () {
      const [failed] = callsIn(yield* asked(scripted([refused(errors.badKey)]).model, mode))
      assert.deepInclude(failed?.outcome, { _tag: "Failed", error: errors.badKey, committed: false })
      const events: Array<Event.Event> = []
      const waiting = Effect.provide(
        mode === "generate"
          ? LanguageModel.generateText({ prompt: "hi" })
          : Stream.runDrain(LanguageModel.streamText({ prompt: "hi" })),
        scripted([silent]).model,
      )
      const fiber = yield* Effect.forkChild(Event.listen(waiting, (event) => events.push(event)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const [over] = callsIn(events)
      assert.deepStrictEqual(over?.outcome, { _tag: "Interrupted" })
      assert.strictEqual(over && Duration.toSeconds(over.duration), 1)
    }),
  )

  it.effect("waits in the queue of a limit, and says for how long", () =>
    Effect.gen(function* () {
      const slow = scripted([script(wait("3 seconds"), chunk(delta("a")), chunk(finish()))])
      const limits = [
        slow.model.pipe(Concurrency.limit(1)),
        slow.model.pipe(RateLimit.limits([RateLimit.requests(1, "3 seconds")])),
      ]
      for (const model of limits) {
        const events: Array<Event.Event> = []
        const ask: Effect.Effect<unknown, AiError.AiError, LanguageModel.LanguageModel> =
          mode === "generate"
            ? LanguageModel.generateText({ prompt: "hi" })
            : Stream.runDrain(LanguageModel.streamText({ prompt: "hi" }))
        const both = Effect.all([ask, ask], { concurrency: 2, discard: true })
        yield* timePasses(Event.listen(Effect.provide(both, model), (event) => events.push(event)))
        assert.deepStrictEqual(
          callsIn(events).map(({ queueWait }) => Duration.toSeconds(queueWait)),
          [0, 3],
        )
      }
    }),
  )

  it.effect("that a policy refuses before any attempt leaves the refusal", () =>
    Effect.gen(function* () {
      const broken = scripted([refused(errors.transient)])
      const trip = Breaker.guard({ trip: { consecutiveFailures: 1 } })
      const twice = (model: Model<unknown>) =>
        Effect.provide(Effect.andThen(asked(model, mode), asked(model, mode)), model)
      assert.deepStrictEqual(refusals(yield* twice(broken.model.pipe(trip))), ["Breaker.guard"])
      const quick = scripted([answer("a")]).model
      const limit = RateLimit.perMinute({ requests: 1, queue: 0 })
      assert.deepStrictEqual(refusals(yield* twice(quick.pipe(limit))), ["RateLimit.perMinute"])
      const late = quick.pipe(Deadline.total(0))
      assert.deepStrictEqual(refusals(yield* asked(late, mode)), ["Deadline.total"])
      const few = broken.model.pipe(Retry.schedule(Schedule.recurs(1)), RetryBudget.ratio(0, { minRetries: 0 }))
      assert.deepStrictEqual(refusals(yield* asked(few, mode)), ["RetryBudget.ratio"])
      const never = ResilientModel.policy<"no">({ name: "never", settings: {} }, (call) =>
        Effect.succeed(AttemptGuard.install(call, { name: "never", reserve: () => Effect.fail("no" as const) })),
      )
      const events = yield* asked(quick.pipe(never), mode)
      assert.deepStrictEqual(refusals(events), ["never"])
      assert.deepInclude(callsIn(events)[0], { attempts: 1, asked: [] })
    }),
  )

  it.effect("that a full queue refuses leaves the refusal", () =>
    Effect.gen(function* () {
      const model = scripted([script(wait("1 second"), chunk(delta("a")), chunk(finish()))]).model.pipe(
        Concurrency.limit(1, { queue: 0 }),
      )
      const both = Effect.all([asked(model, mode), asked(model, mode)], { concurrency: 2 })
      const [first, second] = yield* timePasses(Effect.provide(both, model))
      assert.deepStrictEqual([refusals(first), refusals(second)], [[], ["Concurrency.limit"]])
    }),
  )

  it.effect("that the cache answers says so", () =>
    Effect.gen(function* () {
      const model = scripted([answer("a")]).model.pipe(
        ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" }),
      )
      const twice = yield* Effect.provide(Effect.all([asked(model, mode), asked(model, mode)]), model)
      assert.deepStrictEqual(
        twice.map((events) => callsIn(events).map(({ attempts, cacheHit }) => [attempts, cacheHit])),
        [[[1, false]], [[0, true]]],
      )
    }),
  )
})

describe("a streamed call", () => {
  it.effect("that broke after its first part has failed then, and one that was left is abandoned", () =>
    Effect.gen(function* () {
      const broken = scripted([script(chunk(delta("a")), fails(errors.broken))]).model
      const [call] = callsIn(yield* asked(broken, "stream"))
      assert.deepInclude(call?.outcome, { _tag: "Failed", committed: true })
      const endless = scripted([script(chunk(delta("a")), chunk(delta("b")), hangs)]).model
      const [, events] = yield* observed(
        LanguageModel.streamText({ prompt: "hi" }).pipe(Stream.take(1), Stream.runDrain, Effect.provide(endless)),
      )
      assert.deepStrictEqual(callsIn(events)[0]?.outcome, { _tag: "Abandoned" })
    }),
  )
})

describe("the attempts of one call", () => {
  it.effect("are counted through policies that rewrite the prompt", () =>
    Effect.gen(function* () {
      const rewrite = ResilientModel.policy({ name: "rewrite", settings: {} }, (call) =>
        Effect.succeed({
          ...call,
          open: (request) =>
            call.open({
              ...request,
              options:
                request.options.prompt === undefined
                  ? request.options
                  : { ...request.options, prompt: Prompt.concat(request.options.prompt, "please") },
            }),
        }),
      )
      const spy = scripted([refused(errors.transient), refused(errors.transient), answer("a")])
      const events = yield* timePasses(asked(spy.model.pipe(rewrite, Retry.schedule(Schedule.recurs(2))), "generate"))
      assert.deepStrictEqual(
        ended(events).map(({ index }) => index),
        [1, 2, 3],
      )
    }),
  )

  it.effect.each(modes)("are counted when a conversation is sent once more as a whole (%s)", (mode) =>
    Effect.gen(function* () {
      const forgotten = AiError.make({
        module: "acme",
        method: "generate",
        reason: new AiError.InvalidRequestError({ description: "no such response" }),
      })
      const spy = scripted([refused(forgotten), answer("a")])
      const tracker = yield* ResponseIdTracker.make
      const said = Prompt.make("hi")
      const model = LanguageModel.LanguageModel
      const events = yield* Effect.gen(function* () {
        const service = yield* model
        const prompt = Prompt.concat(
          said,
          Prompt.make([
            { role: "assistant", content: "hello", options: {} },
            { role: "user", content: [{ type: "text", text: "and now?" }] },
          ]),
        )
        tracker.markParts(prompt.content.slice(0, 2), "resp_1")
        const ask: Effect.Effect<unknown, unknown> =
          mode === "generate" ? service.generateText({ prompt }) : Stream.runDrain(service.streamText({ prompt }))
        const [, heard] = yield* observed(Effect.exit(ask))
        return heard
      }).pipe(Effect.provide(spy.model), Effect.provideService(ResponseIdTracker.ResponseIdTracker, tracker))
      assert.lengthOf(spy.requests, 2)
      assert.deepStrictEqual(
        ended(events).map(({ index }) => index),
        [1, 2],
      )
      assert.deepStrictEqual(
        callsIn(events).map(({ attempts, outcome }) => [attempts, outcome._tag]),
        [[2, "Completed"]],
      )
      assert.lengthOf(
        events.filter(({ _tag }) => _tag === "CallStarted"),
        1,
      )
    }),
  )

  it.effect("are heard by a limit outside of a policy that rewrites the request", () =>
    Effect.gen(function* () {
      const headers = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "30s" }
      const rewrite = ResilientModel.policy({ name: "rewrite", settings: {} }, (call) =>
        Effect.succeed({ ...call, open: (request) => call.open({ ...request }) }),
      )
      const model = scripted([{ ...answer("a"), headers }]).model.pipe(rewrite, RateLimit.perMinute({ requests: 100 }))
      const events = yield* asked(model, "generate")
      assert.isTrue(events.some(({ _tag }) => _tag === "LimitTightened"))
    }),
  )
})

describe("a guard's refusal", () => {
  it.effect("can be told from a failure of the model by a policy that catches errors", () =>
    Effect.gen(function* () {
      const caught: Array<boolean> = []
      const nosy = ResilientModel.policy({ name: "nosy", settings: {} }, <E>(call: ModelCall.ModelCall<E>) =>
        Effect.succeed({
          ...call,
          open: (asking: ModelCall.ModelRequest) =>
            Effect.tapError(call.open(asking), (error) =>
              Effect.sync(() => caught.push(AttemptGuard.isRefusal(error))),
            ),
        }),
      )
      const refusing = ResilientModel.policy<"no">({ name: "refusing", settings: {} }, (call) =>
        Effect.succeed(AttemptGuard.install(call, { reserve: () => Effect.fail("no" as const) })),
      )
      const exit = yield* Effect.exit(
        Effect.scoped(
          Effect.flatMap(ResilientModel.callOf(scripted([answer("a")]).model.pipe(nosy, refusing)), (call) =>
            call.open(requestTo("generate")),
          ),
        ),
      )
      assert.deepStrictEqual(exit, Exit.fail("no"))
      yield* asked(scripted([refused(errors.transient)]).model.pipe(nosy), "generate")
      assert.deepStrictEqual(caught, [true, false])
    }),
  )
})

describe("a sink", () => {
  it.effect("that throws breaks neither the call nor the other sink", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const text = yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        Event.listen(() => {
          throw new Error("mine")
        }),
        Event.listen((event) => heard.push(event._tag)),
        Effect.provide(Layer.merge(scripted([answer("a")]).model, Layer.empty)),
      )
      assert.strictEqual(text.text, "a")
      assert.deepStrictEqual(heard, ["CallStarted", "AttemptStarted", "AttemptEnded", "CallEnded"])
    }),
  )
})
