/**
 * Random histories for model-based tests: calls that fare in all ways, while time passes and the wall clock is set back.
 *
 * A history is played against the real policies on a provider that does what the history says, and told in plain data:
 * each attempt with its times, each call with its end. A test compares that with what its own short model of the policy
 * expects. All times are milliseconds, and those of different calls are never the same: what the n-th call does happens n
 * milliseconds after a full `unit`. Timers that could tie within one call have places of their own in the unit.
 */
import { assert } from "@effect/vitest"
import { Cause, Clock, Context, Effect, Exit, Fiber, Random, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import * as Attempt from "../src/Attempt.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Failure from "../src/Failure.ts"
import type * as ProviderModel from "../src/provider/ProviderModel.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { deliver, delta, errors, finish, type Mode, request } from "./scripted.ts"

export const unit = 64

/** Where in a unit the timers of a call go off. */
export const places = { hedge: 8, stop: 16, firstPart: 32, betweenParts: 48, total: 56 } as const

export const faults = {
  transient: errors.transient,
  overloaded: errors.overloaded,
  throttled: errors.throttled(),
  soon: errors.throttled(2 * unit),
  late: errors.throttled("2 minutes"),
  badRequest: errors.badRequest,
  contentPolicy: errors.contentPolicy,
  undecodable: errors.undecodable,
  broken: errors.broken,
}

export type Fault = keyof typeof faults

/** What the provider does in one attempt. */
export interface Behaviour {
  /** Until the first part, or until it fails. */
  readonly after: number
  /** From the first part to the end. */
  readonly rest: number
  readonly ends: "answers" | "breaks" | "dies" | "hangs" | Fault
}

/** What a caller does. Its attempts fare as `attempts` say, the last one for ever. */
export interface Call {
  readonly _tag: "Call"
  readonly mode: Mode
  readonly attempts: ReadonlyArray<Behaviour>
  /** When it gives up. */
  readonly patience: number
  readonly tenant: string
  readonly priority: RequestContext.Priority
  readonly weight: number
  readonly question: string
}

export type Command =
  | Call
  | { readonly _tag: "Advance"; readonly by: number }
  | { readonly _tag: "SetBack"; readonly by: number }
  | { readonly _tag: "Toggle"; readonly model: number }

export type Commands = ReadonlyArray<Command>

/** A call of a history, and when it begins. */
export interface Planned extends Call {
  readonly id: number
  readonly at: number
}

/** What became of an attempt: `Completed`, `Interrupted`, `Abandoned`, or the name of its failure. */
export interface Tried {
  readonly model: string
  readonly began: number
  readonly ended: number
  readonly how: string
}

/** What became of a call: `answered`, `interrupted`, or the name of its failure. */
export interface Told {
  readonly outcome: string
  readonly at: number
  readonly attempts: ReadonlyArray<Tried>
}

const often = <A>(weight: number, arbitrary: fc.Arbitrary<A>) => ({ weight, arbitrary })
const units = (most: number, least = 0) => fc.integer({ min: least, max: most }).map((count) => count * unit)

export const longestPatience = 4_000 * unit + places.stop

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  after: units(12, 1),
  rest: units(6, 1),
  ends: fc.oneof(
    often(6, fc.constant("answers" as const)),
    often(1, fc.constantFrom("breaks" as const, "dies" as const, "hangs" as const)),
    often(5, fc.constantFrom("transient", "overloaded", "throttled", "soon")),
    often(1, fc.constantFrom("late", "badRequest", "contentPolicy", "undecodable")),
  ) as fc.Arbitrary<Behaviour["ends"]>,
})

const call: fc.Arbitrary<Call> = fc.record({
  _tag: fc.constant("Call" as const),
  mode: fc.constantFrom<Mode>("generate", "stream"),
  attempts: fc.array(behaviour, { minLength: 1, maxLength: 4 }),
  patience: fc.oneof(
    often(3, fc.constant(longestPatience)),
    often(
      1,
      units(40).map((patience) => patience + places.stop),
    ),
  ),
  tenant: fc.constantFrom("a", "b", "c"),
  priority: fc.constantFrom<RequestContext.Priority>("interactive", "critical", "batch", "best-effort"),
  weight: fc.oneof(often(3, fc.constant(1)), often(1, fc.integer({ min: 2, max: 5 }))),
  question: fc.constantFrom("p", "q"),
})

export const mostCalls = 8

export const commands: fc.Arbitrary<Commands> = fc
  .array(
    fc.oneof(
      often(6, call),
      often(
        4,
        units(20, 1).map((by) => ({ _tag: "Advance" as const, by })),
      ),
      often(2, fc.constant({ _tag: "SetBack" as const, by: 3_600_000 })),
      often(
        1,
        fc.nat(2).map((model) => ({ _tag: "Toggle" as const, model })),
      ),
    ),
    // Without it, few histories have more than ten commands.
    { maxLength: 14, size: "max" },
  )
  .filter((all) => all.filter(({ _tag }) => _tag === "Call").length <= mostCalls)

/** When everything happens. */
export const planned = (all: Commands) => {
  let at = 0
  const calls: Array<Planned> = []
  const others: Array<Exclude<Command, Call> & { readonly at: number }> = []
  for (const command of all) {
    if (command._tag === "Advance") at += command.by
    else if (command._tag === "Call") calls.push({ ...command, id: calls.length, at: at + calls.length })
    // Just before anything that a call does.
    else others.push({ ...command, at: Math.max(0, at - 1) })
  }
  return { calls, others }
}

export const behaviourOf = ({ attempts }: Call, number: number): Behaviour =>
  attempts[Math.min(number, attempts.length - 1)] as Behaviour

/** When an attempt by itself commits and is over, counted from its beginning, and what it fails with. */
export const courseOf = (asked: Call, number: number) => {
  const { after, ends, rest } = behaviourOf(asked, number)
  if (ends === "hangs") return { commits: Infinity, over: Infinity, how: "" }
  if (ends !== "answers" && ends !== "breaks") return { commits: Infinity, over: after, how: ends }
  const how = ends === "answers" ? "Completed" : "broken"
  const over = after + rest
  if (asked.mode === "stream") return { commits: after, over, how }
  return { commits: ends === "answers" ? over : Infinity, over, how }
}

/** An attempt as it goes when nobody cuts it. */
export const attemptOf = (asked: Call, number: number, { began, model }: { began: number; model: string }) => {
  const { commits, how, over } = courseOf(asked, number)
  return { model, began, commits: began + commits, ended: began + over, how }
}

export type Going = ReturnType<typeof attemptOf>

/** What is told of an attempt that is cut at some time, if it is not over by then: by the caller, or by what is named. */
export const cutAt = ({ began, commits, ended, how, model }: Going, cut: number, by?: string): Tried => {
  if (ended <= cut) return { model, began, ended, how }
  return { model, began, ended: cut, how: by ?? (commits < cut ? "Abandoned" : "Interrupted") }
}

/** Whether a failure came before anything was delivered. */
export const failedEarly = ({ commits, ended, how }: Going): boolean => how !== "Completed" && commits > ended

/** What the classifier says of a failure by its name. */
export const kindOf = (how: string) => (how in faults ? Failure.classify(faults[how as Fault]) : undefined)

export const isRetryable = (how: string): boolean =>
  ["transient", "throttled", "overloaded"].includes(kindOf(how)?.kind ?? "")

export interface World {
  /** A model that fares as the calls say. */
  readonly model: (name: string, provider?: string) => ResilientModel.ResilientModel<ResilientModel.CallFailure>
  /** Whether the n-th model is switched off, by `Toggle`. */
  readonly isOff: (model: number) => boolean
  /** The call that a request belongs to. */
  readonly callOf: (span: object) => Planned
  /** Milliseconds of the history. */
  readonly now: () => number
  /** Attempts that hold something. */
  held: number
}

export interface Played {
  readonly calls: ReadonlyArray<Planned>
  readonly told: ReadonlyArray<Told>
  readonly texts: ReadonlyArray<string>
  readonly events: ReadonlyArray<Attempt.Event>
  readonly world: World
}

const nameOf = (error: unknown): string => {
  for (const [name, fault] of Object.entries(faults)) if (error === fault) return name
  if (error instanceof Error && error.message === "a bug") return "dies"
  if (error instanceof Deadline.DeadlineExceeded) return error.bound
  return String((error as { readonly _tag?: unknown })._tag)
}

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "answered"
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail") return nameOf(reason.error)
    if (reason._tag === "Die") return nameOf(reason.defect)
  }
  return "interrupted"
}

/** A provider each of whose answers says by its text which attempt of which call it belongs to. */
const providerIn =
  (world: World, attempts: Map<number, number>) =>
  (model: string, provider = model) => {
    const begun = (options: LanguageModel.ProviderOptions) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          world.held++
          const asked = world.callOf(options.span)
          const number = attempts.get(asked.id) ?? 0
          attempts.set(asked.id, number + 1)
          return { ...behaviourOf(asked, number), text: `${asked.id}.${number};` }
        }),
        () => Effect.sync(() => world.held--),
      )
    const failing = (ends: Behaviour["ends"]) => {
      if (ends === "dies") return Effect.die(new Error("a bug"))
      return Effect.fail(faults[ends === "breaks" ? "broken" : (ends as Fault)])
    }
    const answers = (ends: Behaviour["ends"]) => ends === "answers" || ends === "breaks"
    const silence = ({ after, ends }: Behaviour) => (ends === "hangs" ? Effect.never : Effect.sleep(after))
    const made: ProviderModel.ProviderModel = {
      provider,
      model,
      codecTransformer: LanguageModel.defaultCodecTransformer,
      generate: ({ options }) =>
        Effect.flatMap(begun(options), ({ after, ends, rest, text }) =>
          Effect.andThen(
            silence({ after: answers(ends) ? after + rest : after, ends, rest }),
            ends === "answers"
              ? Effect.succeed({ headers: {}, parts: [{ type: "text" as const, text }, finish()] })
              : failing(ends),
          ),
        ),
      stream: ({ options }) =>
        Effect.flatMap(begun(options), (behaves) =>
          Effect.andThen(
            silence(behaves),
            answers(behaves.ends) ? Effect.succeed({ headers: {}, parts: streamed(behaves) }) : failing(behaves.ends),
          ),
        ),
    }
    const streamed = ({ ends, rest, text }: Behaviour & { readonly text: string }) => {
      let step = 0
      const pull = Effect.suspend(() => {
        step++
        if (step === 1) return Effect.succeed([delta(text)] as const)
        if (step > 2) return Cause.done()
        const last = ends === "answers" ? Effect.succeed([finish()] as const) : Effect.fail(faults.broken)
        return Effect.andThen(Effect.sleep(rest), last)
      })
      return Stream.fromPull(Effect.succeed(pull))
    }
    return ResilientModel.fromProvider(Effect.succeed(made), { name: model, settings: {} })
  }

/** The clock of the test, whose wall clock can be set back without any timer noticing. */
export const settable = Effect.map(Clock.Clock, (timers) => {
  let back = 0
  const epoch = timers.monotonicTimeNanosUnsafe()
  const millis = () => timers.currentTimeMillisUnsafe() - back
  const nanos = () => timers.currentTimeNanosUnsafe() - BigInt(back) * 1_000_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeNanosUnsafe: nanos,
    monotonicTimeNanosUnsafe: () => timers.monotonicTimeNanosUnsafe(),
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanos: timers.monotonicTimeNanos,
    sleep: (duration) => timers.sleep(duration),
  }
  return {
    setBack: (by: number) => void (back += by),
    /** Milliseconds that have passed. */
    now: () => Number(timers.monotonicTimeNanosUnsafe() - epoch) / 1e6,
    provide: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.provideService(self, Clock.Clock, clock),
  }
})

/** Plays a history against a stack, and tells what became of each call. */
export const played = <E>(
  all: Commands,
  build: (world: World) => ResilientModel.ResilientModel<E>,
  options?: { readonly chances?: ReadonlyArray<number>; readonly context?: Context.Context<never> },
): Effect.Effect<Played> =>
  Effect.gen(function* () {
    const { calls, others } = planned(all)
    const { now, provide, setBack } = yield* settable
    const off = new Set<number>()
    const spans = new Map<object, Planned>()
    const world: World = {
      model: (name, provider) => providerIn(world, taken)(name, provider),
      isOff: (model) => off.has(model),
      callOf: (span) => spans.get(span) as Planned,
      now,
      held: 0,
    }
    const taken = new Map<number, number>()
    const log = new Log(world)
    const stack = yield* ResilientModel.callOf(build(world))
    const ask = (one: Planned) => {
      const asked = request(one.mode, { previousResponseId: one.question })
      spans.set(asked.options.span, one)
      const { priority, tenant } = one
      return Effect.map(RequestContext.annotate(deliver(stack, asked), { priority, tenant }), ({ exit, text }) => {
        log.texts[one.id] = text
        return exit
      }).pipe(Effect.flatten)
    }
    const caller = (one: Planned) =>
      Effect.gen(function* () {
        yield* Effect.sleep(one.at)
        const fiber = yield* Effect.forkChild(ask(one), { startImmediately: true })
        fiber.addObserver((exit) => log.ended(one.id, outcomeOf(exit)))
        yield* Effect.sleep(one.patience)
        yield* Fiber.interrupt(fiber)
      })
    const other = (one: (typeof others)[number]) =>
      Effect.andThen(
        Effect.sleep(one.at),
        Effect.sync(() => {
          if (one._tag === "SetBack") setBack(one.by)
          if (one._tag === "Toggle") off.has(one.model) ? off.delete(one.model) : off.add(one.model)
        }),
      )
    const chances = [...(options?.chances ?? [])]
    const running = yield* Effect.all([...others.map(other), ...calls.map(caller)], { concurrency: "unbounded" }).pipe(
      Attempt.listen(log.sink),
      provide,
      Effect.provideService(Random.Random, {
        nextDoubleUnsafe: () => chances.shift() ?? 0.5,
        nextIntUnsafe: () => 0,
      }),
      Effect.forkChild,
    )
    yield* TestClock.adjust(longestPatience * 2)
    yield* Fiber.join(running)
    return { calls, told: calls.map(({ id }) => log.told(id)), texts: log.texts, events: log.events, world }
  }).pipe(Effect.scoped, Effect.provideContext((options?.context ?? Context.empty()) as Context.Context<never>))

class Log {
  readonly events: Array<Attempt.Event> = []
  readonly texts: Array<string> = []
  private readonly ends: Array<{ readonly outcome: string; readonly at: number }> = []
  private readonly tried: Array<Array<{ -readonly [K in keyof Tried]: Tried[K] }>> = []
  private readonly byId = new Map<string, { -readonly [K in keyof Tried]: Tried[K] }>()
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  ended(id: number, outcome: string): void {
    this.ends[id] = { outcome, at: this.world.now() }
  }

  told(id: number): Told {
    const { at, outcome } = this.ends[id] ?? { outcome: "lost", at: -1 }
    return { outcome, at, attempts: this.tried[id] ?? [] }
  }

  readonly sink: Attempt.AttemptSink = (event) => {
    this.events.push(event)
    if (event._tag === "AttemptStarted") {
      const attempt = { model: event.model, began: this.world.now(), ended: -1, how: "lost" }
      const { id } = this.world.callOf(event.request.options.span)
      this.byId.set(event.id, attempt)
      ;(this.tried[id] ??= []).push(attempt)
    }
    if (event._tag === "AttemptEnded") {
      const attempt = this.byId.get(event.id)
      if (attempt === undefined) throw new Error("an attempt ended that had not begun")
      attempt.ended = attempt.how === "lost" ? this.world.now() : Number.NaN
      attempt.how = event.outcome._tag === "Failed" ? nameOf(event.outcome.error) : event.outcome._tag
    }
  }
}

/** What holds for every policy: nothing is left open, no attempt is lost, and no answer is lost, doubled or mixed. */
export const checkAlways = ({ calls, events, texts, told, world }: Played): void => {
  assert.strictEqual(world.held, 0)
  const ids = (tag: Attempt.Event["_tag"]) =>
    events.flatMap((event) => (event._tag === tag && "id" in event ? [event.id] : [])).toSorted()
  assert.deepStrictEqual(ids("AttemptEnded"), ids("AttemptStarted"))
  assert.strictEqual(new Set(ids("AttemptEnded")).size, ids("AttemptEnded").length)
  for (const one of calls) {
    const { attempts, at, outcome } = told[one.id] as Told
    const text = texts[one.id] ?? ""
    assert.notStrictEqual(outcome, "lost")
    for (const { ended, how } of attempts) {
      assert.notStrictEqual(how, "lost")
      assert.isAtMost(ended, at)
    }
    const completed = attempts.flatMap(({ how }, number) => (how === "Completed" ? [`${one.id}.${number};`] : []))
    if (outcome === "answered") assert.deepStrictEqual([text], completed)
    else assert.deepStrictEqual(completed, [])
    // Nothing is asked any more once a first part was there.
    for (const [number, { began }] of attempts.entries()) {
      const commits = began + courseOf(one, number).commits
      assert.isTrue(attempts.every((later) => later.began <= commits))
    }
  }
}

/** Runs many histories, each with its own clock, and shrinks what goes wrong. */
export const histories = <A>(
  arbitrary: fc.Arbitrary<A>,
  check: (scenario: A) => Effect.Effect<void>,
  options?: { readonly runs?: number },
): Effect.Effect<void> =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(arbitrary, (scenario) => Effect.runPromise(Effect.provide(check(scenario), TestClock.layer()))),
      { numRuns: options?.runs ?? 1_000, seed: 11 },
    ),
  )

/** The steps of a model in the order of their times; those of the same time in the order in which they were planned. */
export class Agenda {
  private readonly steps: Array<{ readonly time: number; readonly step: (now: number) => void }> = []

  at(time: number, step: (now: number) => void): void {
    if (time === Infinity) return
    const later = this.steps.findIndex((planned) => planned.time > time)
    this.steps.splice(later < 0 ? this.steps.length : later, 0, { time, step })
  }

  run(): void {
    for (let next = this.steps.shift(); next !== undefined; next = this.steps.shift()) next.step(next.time)
  }
}
