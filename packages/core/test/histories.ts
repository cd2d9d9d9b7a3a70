/**
 * Plays random histories against the real policies, on a provider that does what the history says.
 *
 * What happened is told in plain data: each attempt with its times, each call with its end. A test compares that with what
 * its own short model of the policy expects.
 */
import { assert } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber, Random, Stream } from "effect"
import { type AiError, LanguageModel, type Response } from "effect/ai"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import * as Deadline from "../src/Deadline.ts"
import * as Event from "../src/Event.ts"
import type * as ProviderModel from "../src/provider/ProviderModel.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import {
  type Behaviour,
  behaviourOf,
  type Commands,
  courseOf,
  type Fault,
  faults,
  longestPatience,
  type Planned,
  planned,
  type Told,
  type Tried,
} from "./commands.ts"
import { deliver, delta, finish, request } from "./scripted.ts"

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
  readonly events: ReadonlyArray<Event.Event>
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

type Pulled = Effect.Effect<readonly [Response.StreamPartEncoded], AiError.AiError | Cause.Done>

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
      const pull = Effect.suspend((): Pulled => {
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

const toggle = (off: Set<number>, model: number): void => {
  if (!off.delete(model)) off.add(model)
}

/** Plays a history against a stack, and tells what became of each call. */
export const played = <E>(
  all: Commands,
  build: (world: World) => ResilientModel.ResilientModel<E>,
  options?: { readonly chances?: ReadonlyArray<number> },
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
          if (one._tag === "Toggle") toggle(off, one.model)
        }),
      )
    const chances = [...(options?.chances ?? [])]
    const running = yield* Effect.all([...others.map(other), ...calls.map(caller)], { concurrency: "unbounded" }).pipe(
      Event.listen(log.sink),
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
  }).pipe(Effect.scoped)

class Log {
  readonly events: Array<Event.Event> = []
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

  readonly sink: Event.Sink = (event) => {
    this.events.push(event)
    if (event._tag === "AttemptStarted") {
      const attempt = { model: event.model, began: this.world.now(), ended: -1, how: "lost" }
      const { id } = this.world.callOf(event.request.options.span!)
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
  const ids = (tag: Event.Event["_tag"]) =>
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
