/**
 * Random commands for model-based tests, and what the models of the policies have in common.
 *
 * Calls fare in all ways, while time passes and the wall clock is set back. All times are milliseconds, and those of
 * different calls are never the same: what the n-th call does happens n milliseconds after a full `unit`. Timers that could
 * tie within one call have places of their own in the unit.
 */
import * as fc from "fast-check"

import * as Failure from "../src/Failure.ts"
import type * as RequestContext from "../src/RequestContext.ts"
import { errors, type Mode } from "./scripted.ts"

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

type Command =
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

const mostCalls = 8

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

/** The steps of a model in the order of their times; those of the same time in the order in which they were planned. */
export class Agenda {
  private readonly steps: Array<{ readonly time: number; readonly step: (now: number) => void }> = []

  at(time: number, step: (now: number) => void): void {
    if (time === Infinity) return
    const later = this.steps.findIndex((known) => known.time > time)
    this.steps.splice(later < 0 ? this.steps.length : later, 0, { time, step })
  }

  run(): void {
    for (let next = this.steps.shift(); next !== undefined; next = this.steps.shift()) next.step(next.time)
  }
}
