import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import { ofParts } from "../src/internal/answer/complete.ts"
import * as SlidingWindow from "../src/internal/rateLimit/state.ts"
import { type ModelCall, type Part } from "../src/ModelCall.ts"
import { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { inMemory, inRedis, type Place } from "./limited.ts"
import { redisIsMissing } from "./redis.ts"
import { errors, finish, request } from "./scripted.ts"

type Kind = "ok" | "slow" | "fail" | "refused" | "throttled" | "defect" | "hang"

interface Asked {
  readonly kind: Kind
  readonly cost: number
  readonly actual: number
}

type Command =
  | ({ readonly _tag: "Call" } & Asked)
  | { readonly _tag: "Interrupt"; readonly which: number }
  | { readonly _tag: "Wait"; readonly millis: number }
  | { readonly _tag: "Back" }

const rules = [
  { name: "requests", limit: 4, window: 1_000 },
  { name: "tokens", limit: 100, window: 700 },
]

const slowness = 333
const hint = 250

const commandsWith = (back: boolean) =>
  fc.array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          _tag: fc.constant("Call" as const),
          kind: fc.constantFrom<Kind>(
            "ok",
            "ok",
            "ok",
            "slow",
            "slow",
            "fail",
            "refused",
            "throttled",
            "defect",
            "hang",
          ),
          cost: fc.integer({ min: 0, max: 60 }),
          actual: fc.integer({ min: 0, max: 80 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Interrupt" as const), which: fc.nat(20) }) },
      {
        weight: 6,
        arbitrary: fc.record({ _tag: fc.constant("Wait" as const), millis: fc.integer({ min: 1, max: 800 }) }),
      },
      ...(back ? [{ weight: 1, arbitrary: fc.constant({ _tag: "Back" as const }) }] : []),
    ) as fc.Arbitrary<Command>,
    { maxLength: 30, size: "max" },
  )

/** Those for the same time go off in the order in which they were set. */
interface Alarm {
  readonly at: number
  readonly order: number
}

const never: Alarm = { at: Infinity, order: Infinity }

const sooner = (one: Alarm, other: Alarm): Alarm =>
  other.at < one.at || (other.at === one.at && other.order < one.order) ? other : one

/** A limit as a line of calls and an account, told in one place. */
class Model {
  now = 0
  readonly sent: Array<number> = []
  private readonly account = SlidingWindow.make(rules, 0)
  private readonly calls: Array<Asked & { state: "waiting" | "sent" | "over"; at: number; ends: Alarm }> = []
  /** When the first one in line asks again; a whole millisecond, as it sleeps. */
  private asks: Alarm = never
  private alarms = 0

  call(asked: Asked): void {
    this.calls.push({ ...asked, state: "waiting", at: 0, ends: never })
    if (this.calls.filter(({ state }) => state === "waiting").length === 1) this.serve()
  }

  interrupt(which: number): void {
    const call = this.calls[which]
    if (call === undefined || call.state === "over") return
    const first = this.calls.find(({ state }) => state === "waiting") === call
    if (call.state === "sent") this.end(call, 0)
    else call.state = "over"
    if (first) this.serve()
    this.wait(0)
  }

  wait(millis: number): void {
    const until = this.now + millis
    for (;;) {
      const next = [this.asks, ...this.calls.map(({ ends }) => ends)].reduce(sooner)
      if (next.at > until) break
      this.now = next.at
      const over = this.calls.find(({ ends }) => ends === next)
      if (over === undefined) this.serve()
      else this.end(over, over.actual)
    }
    this.now = until
  }

  private alarm(millis: number): Alarm {
    return { at: this.now + millis, order: this.alarms++ }
  }

  private serve(): void {
    this.asks = never
    for (const [number, call] of this.calls.entries()) {
      if (call.state !== "waiting") continue
      const refusal = SlidingWindow.take(this.account, rules, [1, call.cost], this.now)
      if (refusal !== undefined) {
        this.asks = this.alarm(Math.ceil(refusal.wait))
        return
      }
      call.state = "sent"
      call.at = this.now
      this.sent.push(number)
      if (call.kind === "slow") call.ends = this.alarm(slowness)
      else if (call.kind !== "hang") this.end(call, call.kind === "ok" ? call.actual : undefined)
    }
  }

  private end(call: (typeof this.calls)[number], actual: number | undefined): void {
    call.state = "over"
    call.ends = never
    const changes = call.kind === "refused" ? [-1, -call.cost] : [0, (actual ?? 0) - call.cost]
    const throttled = call.kind === "throttled" ? { hint } : undefined
    SlidingWindow.report(this.account, rules, { at: call.at, changes, hints: [], throttled }, this.now)
    const first = this.calls.find(({ state }) => state === "waiting")
    // What was given back may be enough.
    if (first !== undefined && this.asks !== never) {
      if (SlidingWindow.wouldRefuse(this.account, rules, [1, first.cost], this.now) === undefined)
        this.asks = { at: this.now, order: -1 }
    }
  }
}

const monotonic = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/** A limited model whose answers are as they were asked for, and what was sent when. */
const world = Effect.fnUntraced(function* (place: Place) {
  const asked: Array<Asked> = []
  const sent: Array<{ readonly number: number; readonly at: number }> = []
  const began = yield* monotonic
  const answer = ({ actual }: Asked): Stream.Stream<Part<"chat">> =>
    ofParts([{ ...finish(), usage: { inputTokens: { total: 0 }, outputTokens: { total: actual } } }])
  const provider: Omit<ModelCall<ResilientModel.CallFailure, "chat">, "operation"> = {
    provider: "acme",
    model: "acme-1",
    open: ({ options }) =>
      Effect.flatMap(monotonic, (now): ReturnType<ModelCall<ResilientModel.CallFailure, "chat">["open"]> => {
        const number = Number(options.previousResponseId)
        const one = asked[number]!
        sent.push({ number, at: now - began })
        switch (one.kind) {
          case "ok":
            return Effect.succeed(answer(one))
          case "slow":
            return Effect.as(Effect.sleep(slowness), answer(one))
          case "fail":
            return Effect.fail(errors.transient)
          case "throttled":
            return Effect.fail(errors.throttled(hint))
          case "refused":
            return Effect.fail(
              new UnsupportedOption({ provider: "acme", model: "acme-1", option: "a", explanation: "b" }),
            )
          case "defect":
            return Effect.die(new Error("a bug"))
          case "hang":
            return Effect.never
        }
      }),
  }
  const limit = RateLimit.limits(
    [RateLimit.requests(4, 1_000), { ...RateLimit.tokens(100, 700), cost: ({ output }) => output }],
    {
      estimate: ({ options }) => ({ input: 0, output: asked[Number(options.previousResponseId)]!.cost }),
      maxWait: "1 day",
    },
  )
  const call = yield* Effect.provide(
    Effect.scoped(
      ResilientModel.callOf(limit(ResilientModel.make(Effect.succeed(provider), { name: "acme", settings: {} }))),
    ),
    place.limits,
  )
  const send = (one: Asked) => {
    const number = asked.push(one) - 1
    return Effect.forkChild(
      Effect.exit(
        Effect.scoped(
          Effect.flatMap(call.open(request("generate", { previousResponseId: String(number) })), Stream.runDrain),
        ),
      ),
      { startImmediately: true },
    )
  }
  return { asked, sent, send }
})

type World = Effect.Success<ReturnType<typeof world>>

/** In no window is there more than the limit, of what at least each call took. Times are known as well as the place knows. */
const checkWindows = ({ asked, sent }: Pick<World, "asked" | "sent">, { resolution }: Place) => {
  for (const { at: from } of sent) {
    const counted = (window: number, cost: (one: Asked) => number) =>
      sent
        .filter(({ at }) => at >= from && at < from + window - resolution)
        .reduce((sum, { number }) => sum + cost(asked[number]!), 0)
    assert.isAtMost(
      counted(1_000, ({ kind }) => (kind === "refused" ? 0 : 1)),
      4,
    )
    assert.isAtMost(
      counted(700, ({ actual, cost, kind }) => (kind === "ok" ? Math.min(cost, actual) : 0)),
      100,
    )
  }
}

const play = Effect.fnUntraced(function* (place: Place, commands: ReadonlyArray<Command>) {
  const { asked, send, sent } = yield* world(place)
  const model = new Model()
  const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
  let back = false
  for (const command of commands) {
    switch (command._tag) {
      case "Call":
        fibers.push(yield* send(command))
        model.call(command)
        break
      case "Interrupt": {
        const fiber = fibers[command.which]
        if (fiber !== undefined) yield* Fiber.interrupt(fiber)
        model.interrupt(command.which)
        break
      }
      case "Wait":
        model.wait(command.millis)
        break
      case "Back":
        back = true
        yield* TestClock.setTime(0)
        break
    }
    yield* place.pass(command._tag === "Wait" ? command.millis : 0)
    if (!back)
      assert.deepStrictEqual(
        sent.map(({ number }) => number),
        model.sent,
      )
  }
  yield* Effect.forEach(fibers, Fiber.interrupt)
  checkWindows({ asked, sent }, place)
  return sent.length
})

describe("a limit in memory", () => {
  it.effect("sends what a model of it sends, whatever calls and callers do", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        let sent = 0
        for (const commands of fc.sample(commandsWith(false), { numRuns: 1_000, seed: 11 }))
          sent += yield* play(place, commands)
        assert.isAbove(sent, 5_000)
      }),
    ),
  )

  it.effect("never sends more than it may when the wall clock is set back", () =>
    inMemory((place) =>
      Effect.gen(function* () {
        let sent = 0
        for (const commands of fc.sample(commandsWith(true), { numRuns: 300, seed: 12 }))
          sent += yield* play(place, commands)
        assert.isAbove(sent, 1_000)
      }),
    ),
  )
})

describe.skipIf(redisIsMissing)("a limit on Redis (REDIS_URL)", () => {
  it.effect("never sends more than it may, and keeps the order", () =>
    inRedis((place) =>
      Effect.gen(function* () {
        let sent = 0
        for (const commands of fc.sample(commandsWith(false), { numRuns: 40, seed: 13 })) {
          const { asked, send, sent: log } = yield* world(place)
          const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
          for (const command of commands) {
            if (command._tag === "Call") fibers.push(yield* send(command))
            if (command._tag === "Interrupt" && fibers[command.which]) yield* Fiber.interrupt(fibers[command.which]!)
            yield* place.pass(command._tag === "Wait" ? command.millis : 0)
          }
          yield* Effect.forEach(fibers, Fiber.interrupt)
          checkWindows({ asked, sent: log }, place)
          const numbers = log.map(({ number }) => number)
          assert.deepStrictEqual(
            numbers,
            numbers.toSorted((a, b) => a - b),
          )
          sent += log.length
        }
        assert.isAbove(sent, 200)
      }),
    ),
  )
})
