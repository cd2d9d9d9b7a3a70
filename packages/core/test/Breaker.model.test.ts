import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Schedule, Stream } from "effect"
import { type AiError } from "effect/ai"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import * as Breaker from "../src/Breaker.ts"
import { type Part } from "../src/ModelCall.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { delta, errorOf, errors, request } from "./scripted.ts"

/** How a call ends. Whether it was slow is a matter of when. */
const endings = ["ok", "fails", "breaks", "throttled", "bad request", "defect", "interrupted"] as const
type Ending = (typeof endings)[number]

type Command =
  | { readonly _tag: "Call" }
  | { readonly _tag: "End"; readonly which: number; readonly how: Ending }
  | { readonly _tag: "Advance"; readonly millis: number }
  | { readonly _tag: "StepBack"; readonly millis: number }
  | { readonly _tag: "Set"; readonly mode: Breaker.Mode }

interface Rules {
  readonly lastCalls: number
  readonly minimumCalls: number
  readonly row: number
  readonly failureRate: number
  readonly slowRate: number
  readonly probes: number
  readonly successes: number
}

const [openFor, lease, slowerThan] = [2_000, 1_000, 1_500]

interface Told {
  readonly phase: number
  readonly probe: boolean
  readonly at: number
  judged: boolean
}

/** What a breaker is to do, as short as it can be told. */
class Model {
  mode: Breaker.Mode = "normal"
  phase: "closed" | "open" | "halfOpen" = "closed"
  private number = 0
  private openedAt = 0
  private row = 0
  private good = 0
  private bad = 0
  private last: ReadonlyArray<{ readonly bad: boolean; readonly slow: boolean }> = []
  private probes: ReadonlyArray<Told> = []
  private readonly rules: Rules

  constructor(rules: Rules) {
    this.rules = rules
  }

  isAvailable(now: number): boolean {
    if (this.mode !== "normal") return this.mode !== "forcedOpen"
    return this.phase === "open" ? now >= this.openedAt + openFor : this.phase === "closed" || this.hasPlace(now)
  }

  call(now: number): Told | undefined {
    if (!this.isAvailable(now)) return undefined
    if (this.mode === "normal" && this.phase === "open") this.enter("halfOpen")
    const probe = this.mode === "normal" && this.phase === "halfOpen"
    const told = { phase: this.number, probe, at: now, judged: false }
    if (probe) this.probes = [...this.probes, told]
    return told
  }

  hear(call: Told, how: Ending, now: number): void {
    if (this.mode === "disabled" || call.phase !== this.number) return
    const counts = how === "ok" || how === "fails" || how === "breaks"
    const slow = now - call.at > slowerThan
    if (call.probe) return this.hearProbe(call, counts ? how !== "fails" && !slow : undefined, now)
    if (this.phase !== "closed" || !counts) return
    this.count({ bad: how === "fails", slow: slow && how !== "fails" })
    this.row = how === "fails" ? this.row + 1 : this.row
    if (this.trips()) return this.open(now)
    if (how === "ok") this.row = 0
    if (how === "breaks") {
      // It had counted as good.
      this.row++
      const index = this.last.findLastIndex(({ bad }) => !bad)
      this.last = this.last.map((each, at) => (at === index ? { ...each, bad: true } : each))
    }
    if (this.trips()) this.open(now)
  }

  set(mode: Breaker.Mode): void {
    this.mode = mode
    if (mode === "normal") this.enter("closed")
  }

  private hearProbe(call: Told, good: boolean | undefined, now: number): void {
    call.judged = true
    if (good === undefined || (!good && now >= call.at + lease && !this.hasPlace(now))) return
    if (good) this.good++
    else this.bad++
    if (this.good >= this.rules.successes) return this.enter("closed")
    if (this.bad > this.rules.probes - this.rules.successes) this.open(now)
  }

  private hasPlace(now: number): boolean {
    const taken = this.probes.filter(({ at, judged }) => !judged && at + lease > now).length
    return taken + this.good + this.bad < this.rules.probes
  }

  private count(call: { readonly bad: boolean; readonly slow: boolean }): void {
    this.last = [...this.last, call].slice(-this.rules.lastCalls)
  }

  private trips(): boolean {
    const { failureRate, minimumCalls, row, slowRate } = this.rules
    const share = (some: ReadonlyArray<unknown>) => some.length / this.last.length
    if (this.row >= row) return true
    if (this.last.length < minimumCalls) return false
    const [bad, slow] = [share(this.last.filter((call) => call.bad)), share(this.last.filter((call) => call.slow))]
    return bad >= failureRate || slow >= slowRate
  }

  private open(now: number): void {
    this.enter("open")
    this.openedAt = now
  }

  private enter(phase: Model["phase"]): void {
    this.phase = phase
    this.number++
    this.row = this.good = this.bad = 0
    this.last = []
    this.probes = []
  }
}

/** Every call waits to be told how it ends. */
const told = () => {
  const calls: Array<Deferred.Deferred<Stream.Stream<Part<"chat">, AiError.AiError>, AiError.AiError>> = []
  const open = () =>
    Effect.suspend(() => {
      const call = Deferred.makeUnsafe<Stream.Stream<Part<"chat">, AiError.AiError>, AiError.AiError>()
      calls.push(call)
      return Deferred.await(call)
    })
  return { calls, model: ResilientModel.make(Effect.succeed({ provider: "acme", model: "acme-1", open }), label) }
}
const label = { name: "told", settings: {} }

const parts = Stream.make(delta("a"))

const endingOf = (how: Ending): Exit.Exit<Stream.Stream<Part<"chat">, AiError.AiError>, AiError.AiError> => {
  if (how === "ok") return Exit.succeed(parts)
  if (how === "breaks") return Exit.succeed(Stream.concat(parts, Stream.fail(errors.broken)))
  if (how === "fails") return Exit.fail(errors.transient)
  if (how === "throttled") return Exit.fail(errors.throttled("1 second"))
  return how === "defect" ? Exit.die(new Error("a bug")) : Exit.fail(errors.badRequest)
}

const compared = Effect.fnUntraced(function* (rules: Rules, commands: ReadonlyArray<Command>, seen: Seen) {
  const options: Breaker.Options = {
    window: { calls: rules.lastCalls },
    minimumCalls: rules.minimumCalls,
    trip: {
      consecutiveFailures: rules.row,
      failureRate: rules.failureRate,
      slowFirstParts: { slowerThan, share: rules.slowRate },
    },
    openFor: Schedule.spaced(openFor),
    recovery: { probes: rules.probes, successes: rules.successes, lease, ramp: 0 },
  }
  const { calls, model: provider } = told()
  const guarded = yield* ResilientModel.callOf(provider.pipe(Breaker.guard(options)))
  const { set, status: all } = yield* Breaker.Breakers
  const ask = Effect.scoped(Effect.flatMap(guarded.open(request("stream")), Stream.runDrain))
  const model = new Model(rules)
  const underWay: Array<{ readonly fiber: Fiber.Fiber<void, unknown>; readonly call: Told; readonly index: number }> =
    []
  let now = 0
  let before: Model["phase"] = "closed"
  for (const command of commands) {
    if (command._tag === "Advance") {
      yield* TestClock.adjust(command.millis)
      now += command.millis
    }
    // The clock on the wall is set back, and no time passes.
    if (command._tag === "StepBack") {
      yield* TestClock.testClockWith((clock) => clock.setTime(clock.currentTimeMillisUnsafe() - command.millis))
    }
    if (command._tag === "Set") {
      yield* set("acme/acme-1", command.mode)
      model.set(command.mode)
    }
    if (command._tag === "Call") {
      const index = calls.length
      const fiber = yield* Effect.forkChild(ask, { startImmediately: true })
      const call = model.call(now)
      assert.strictEqual(calls.length, call === undefined ? index : index + 1)
      if (call !== undefined) underWay.push({ fiber, call, index })
      else {
        const refusal = errorOf(yield* Fiber.await(fiber))
        assert.instanceOf(refusal, Breaker.CircuitOpen)
        assert.isAbove(Duration.toMillis(refusal.retryAfter), 0)
      }
    }
    if (command._tag === "End") {
      const [ended] = underWay.splice(command.which % Math.max(1, underWay.length), 1)
      if (ended === undefined) continue
      if (command.how === "interrupted") yield* Fiber.interrupt(ended.fiber)
      else Deferred.doneUnsafe(calls[ended.index] ?? assert.fail(), endingOf(command.how))
      yield* Fiber.await(ended.fiber)
      model.hear(ended.call, command.how, now)
    }
    const [status] = yield* all
    const expected = { key: "acme/acme-1", phase: model.phase, mode: model.mode, available: model.isAvailable(now) }
    assert.deepStrictEqual(status, expected)
    assert.strictEqual(guarded.available?.(), expected.available)
    seen[model.phase]++
    if (before === "halfOpen" && model.phase === "closed" && command._tag === "End") seen.recovered++
    before = model.phase
  }
  yield* Effect.forEach(underWay, ({ fiber }) => Fiber.interrupt(fiber))
})

/** After how many commands a circuit was what, and how often it has come back. */
interface Seen extends Record<Model["phase"], number> {
  recovered: number
}

const rules: fc.Arbitrary<Rules> = fc.integer({ min: 1, max: 4 }).chain((probes) =>
  fc.record({
    lastCalls: fc.integer({ min: 1, max: 8 }),
    minimumCalls: fc.integer({ min: 1, max: 6 }),
    row: fc.integer({ min: 1, max: 5 }),
    failureRate: fc.constantFrom(0.3, 0.5, 1),
    slowRate: fc.constantFrom(0.5, 1),
    probes: fc.constant(probes),
    successes: fc.integer({ min: 1, max: probes }),
  }),
)

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ _tag: fc.constant("Call" as const) }) },
  {
    weight: 16,
    arbitrary: fc.record({
      _tag: fc.constant("End" as const),
      which: fc.nat(8),
      how: fc.constantFrom<Ending>("ok", "ok", "ok", "fails", "fails", ...endings),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("Advance" as const),
      millis: fc.oneof(fc.nat(500), fc.constantFrom(1_000, 1_501, 2_000)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("StepBack" as const), millis: fc.nat(100_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      _tag: fc.constant("Set" as const),
      mode: fc.constantFrom<Breaker.Mode>("normal", "normal", "normal", "forcedOpen", "disabled", "observing"),
    }),
  },
)

describe("a breaker", () => {
  it.effect("does what a short model of it says, whatever happens", () =>
    Effect.gen(function* () {
      const seen: Seen = { closed: 0, open: 0, halfOpen: 0, recovered: 0 }
      let runs = 0
      const commands = fc.array(command, { maxLength: 80, size: "max" })
      const property = fc.asyncProperty(rules, commands, async (some, all) => {
        const run = Effect.scoped(Effect.provide(compared(some, all, seen), [Breaker.layerMemory, TestClock.layer()]))
        const exit = await Effect.runPromiseExit(run)
        if (Exit.isFailure(exit)) throw exit.cause.reasons[0]
        runs++
      })
      yield* Effect.promise(() => fc.assert(property, { numRuns: 1_200, seed: 42 }))
      assert.strictEqual(runs, 1_200)
      assert.isAbove(Math.min(seen.closed, seen.open, seen.halfOpen), 1_000)
      assert.isAbove(seen.recovered, 60)
    }),
  )
})
