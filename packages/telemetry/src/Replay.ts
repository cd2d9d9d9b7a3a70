/**
 * Runs recorded calls through another stack, on virtual time: what would a hedge at the 95th percentile have cost last Tuesday?
 *
 * Callers ask at the times at which they asked, with requests as long, and providers answer as they did, as far as that is known. What
 * is not known is drawn from what is, by a seed, and counted, so that an answer says how much of it is a guess.
 *
 * @since 0.1.0
 */
import { type ResilientModel } from "@holdfast/core"
import * as ResilientModels from "@holdfast/core/ResilientModel"
import { Money } from "@holdfast/cost"
import * as VirtualTime from "@holdfast/testing/VirtualTime"
import { Clock, Effect, Fiber, Layer } from "effect"

import { type CallTrace } from "./CallTrace.ts"
import * as Collector from "./Collector.ts"
import { decisionTraceOf } from "./internal/decisions/of.ts"
import { type Attempt, type DecisionTrace } from "./internal/decisions/schema.ts"
import { asking } from "./internal/replay/caller.ts"
import { type Course, Pools, sameTime } from "./internal/replay/course.ts"
import { CurrentReplay, millis, recordedModel, ReplayedCall } from "./internal/replay/provider.ts"
import { type Totals, totalsOf } from "./internal/replay/totals.ts"

export type { Quantiles, Totals } from "./internal/replay/totals.ts"

/**
 * A model of a provider that answers from the recording.
 *
 * @since 0.1.0
 * @category models
 */
export type Models = (provider: string, model: string) => ResilientModel.ResilientModel<ResilientModel.CallFailure>

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<E, R> {
  /** The stack that is asked, on models of the recording. */
  readonly stack: (model: Models) => ResilientModel.ResilientModel<E, R>
  /** Of all chance: jitter, and what is drawn. */
  readonly seed: number
}

/**
 * How much of a replay is a guess.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unknown {
  /** Attempts that went as they were recorded. */
  readonly recorded: number
  /** Attempts that went as recorded, although they began at another time. */
  readonly moved: number
  /** Attempts that nobody waited for then. They took longer than that; how long is drawn. */
  readonly censored: number
  /** Attempts that were not made then, and went as some other one at the same model did. */
  readonly drawn: number
  /** Attempts at models of which nothing is recorded. They failed. */
  readonly nothing: number
  /** Attempts that were cut before their recorded end, and are counted at their whole cost. */
  readonly cut: number
  /** Recorded calls that are no chats, and were left out. */
  readonly skipped: number
  /** What no recording has, in words. */
  readonly limits: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Replay {
  /** What would have happened, call by call, by the ids and in the order of the recording. */
  readonly traces: ReadonlyArray<DecisionTrace>
  readonly recorded: Totals
  readonly replayed: Totals
  readonly unknown: Unknown
}

/**
 * Runs recorded traces through a stack.
 *
 * **Details**
 *
 * The same stack with the same seed gives the recorded decisions again, where the recording was made in virtual time with that seed.
 *
 * **Gotchas**
 *
 * Providers do not notice: more load does not make them slower, nor does a 429 come that did not come then.
 *
 * @since 0.1.0
 * @category running
 */
export const decisions = <E, R>(
  traces: ReadonlyArray<DecisionTrace>,
  { seed, stack }: Options<E, R>,
): Effect.Effect<Replay, never, R> => {
  const chats = traces
    .filter(({ operation }) => operation === "chat")
    .toSorted((one, other) => one.startedAt - other.startedAt)
  const pools = new Pools(chats, chanceOf(seed))
  const model = ResilientModels.fresh(stack((provider, name) => recordedModel(provider, name, pools)))
  const calls = new Map<string, ReplayedCall>()
  return VirtualTime.run(replaying(chats, model, calls), { seed }).pipe(
    Effect.map((ended): Replay => {
      const found = new Map(ended.map((each) => [each.callId, each]))
      const replayed = chats.flatMap(({ callId }) => found.get(callId) ?? [])
      const courses = [...calls.values()].flatMap((call) => call.courses)
      return {
        traces: replayed,
        recorded: totalsOf(chats),
        replayed: totalsOf(replayed),
        unknown: unknownOf(courses, { cut: cuts(replayed, calls), skipped: traces.length - chats.length }),
      }
    }),
  )
}

/** Makes all calls at their times, and gives what became of them. */
const replaying = <E, R>(
  chats: ReadonlyArray<DecisionTrace>,
  model: ResilientModel.ResilientModel<E, R>,
  calls: Map<string, ReplayedCall>,
) =>
  Effect.gen(function* () {
    const ended: Array<DecisionTrace> = []
    const begins = chats[0]?.startedAt ?? 0
    const clock = yield* Clock.Clock
    const consumer: Collector.Consumer = {
      call: (trace: CallTrace) => {
        const own = Fiber.getCurrent()?.getRef(CurrentReplay)
        const kept = decisionTraceOf(trace)
        if (own !== undefined && kept !== undefined) ended.push(asRecorded(kept, own, begins))
      },
    }
    const one = (trace: DecisionTrace) =>
      Effect.andThen(
        Effect.sleep(trace.startedAt - begins),
        Effect.suspend(() => {
          const call = new ReplayedCall(trace, millis(clock))
          calls.set(trace.callId, call)
          return Effect.provideService(asking(trace), CurrentReplay, call)
        }),
      )
    yield* Effect.forEach(chats, one, { concurrency: "unbounded", discard: true }).pipe(
      Effect.provide(Layer.provideMerge(model, Collector.consuming(Effect.succeed(consumer)))),
    )
    return ended
  })

/** By the ids, the times and the prices of the recording. */
const asRecorded = (kept: DecisionTrace, { courses, trace }: ReplayedCall, begins: number): DecisionTrace => {
  const attempts = kept.attempts.map((attempt, index) => priced(attempt, courses[index]))
  return {
    ...kept,
    callId: trace.callId,
    startedAt: begins + kept.startedAt,
    requestSize: trace.requestSize,
    attempts,
    cost: Money.sum(attempts.map(({ cost }) => cost)),
  }
}

/** What was paid then: for the same where it ended in the same way, else for the whole of what it goes like. */
const priced = (attempt: Attempt, course: Course | undefined): Attempt => {
  if (course === undefined || course.known === "nothing") return { ...attempt, cost: Money.zero }
  const { basis, cost } = course.own !== undefined && isSame(attempt, course.own) ? course.own : course.attempt
  return { ...attempt, cost, basis }
}

const isSame = (attempt: Attempt, { duration, outcome }: Attempt): boolean =>
  attempt.outcome === outcome && Math.abs(attempt.duration - duration) <= sameTime

const cuts = (replayed: ReadonlyArray<DecisionTrace>, calls: ReadonlyMap<string, ReplayedCall>): number =>
  replayed.reduce((sum, { attempts, callId }) => {
    const courses = calls.get(callId)?.courses ?? []
    return (
      sum +
      attempts.filter((each, index) => courses[index]?.attempt.outcome === "Completed" && each.outcome !== "Completed")
        .length
    )
  }, 0)

const unknownOf = (courses: ReadonlyArray<Course>, rest: Pick<Unknown, "cut" | "skipped">): Unknown => {
  const count = (known: Course["known"]) => courses.filter((course) => course.known === known).length
  return {
    recorded: count("recorded"),
    moved: count("moved"),
    censored: count("censored"),
    drawn: count("drawn"),
    nothing: count("nothing"),
    ...rest,
    limits: [
      "Providers do not get slower or refuse more under another load.",
      "Prompts are not recorded: which requests were equal is not known, and token estimates go by length.",
      "Callers do not ask more or less because answers come sooner or later.",
      "State that other processes shared is not in the recording.",
    ],
  }
}

/** Numbers from 0 to 1, apart from those that the stack draws. */
const chanceOf = (seed: number): (() => number) => {
  let state = seed ^ 0x51_ed_27_0b
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
