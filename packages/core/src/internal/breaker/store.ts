/**
 * Where the state of circuits is kept, as the calls see it.
 */
import { Clock, Effect, type Fiber, type Schedule } from "effect"

import { millis } from "../millis.ts"
import { openingDelay } from "./openFor.ts"
import { type Circuit, CircuitRegistry, type Mode, type Status } from "./registry.ts"
import { type Admission, type Outcome, type Ticket } from "./state.ts"

/** A circuit as one policy guards it. */
export interface CircuitUse {
  readonly circuit: Circuit
  /** How long it opens. */
  readonly schedule: Schedule.Schedule<unknown>
}

/** How a call ended. */
export interface Result {
  readonly ticket: Ticket
  readonly outcome: Outcome
  readonly now: number
  /** What the provider asked for, in milliseconds; 0 if it did not. */
  readonly hint: number
}

export interface BreakerStore {
  /** What this process knows. */
  readonly circuits: CircuitRegistry
  /** The answer where it is known at once and takes nobody's place. */
  readonly decide: (circuit: Circuit, now: number, fiber: Fiber.Fiber<unknown, unknown>) => Admission | undefined
  /** Runs uninterruptibly, for it may take the place of a probe. */
  readonly admit: (circuit: Circuit) => Effect.Effect<Admission>
  /** `undefined` where nothing remains to be done. */
  readonly record: (
    guarded: CircuitUse,
    ending: Result,
    fiber: Fiber.Fiber<unknown, unknown>,
  ) => Effect.Effect<void> | undefined
  readonly setMode: (key: string, mode: Mode) => Effect.Effect<boolean>
  readonly status: Effect.Effect<ReadonlyArray<Status>>
}

/** State in the memory of this process. */
export const memoryStore = (): BreakerStore => {
  const circuits = new CircuitRegistry()
  return {
    circuits,
    decide: (circuit, now, fiber) => circuits.decide(circuit, now, fiber),
    admit: (circuit) => here((now, fiber) => circuits.admit(circuit, now, fiber)),
    record: (guarded, ending, fiber) => recordHere(circuits, guarded, ending, fiber),
    setMode: (key, mode) => here((now, fiber) => circuits.setMode(key, mode, now, fiber)),
    status: here((now) => circuits.status(now)),
  }
}

/** Takes note in the memory of this process. */
export const recordHere = (
  circuits: CircuitRegistry,
  { circuit, schedule }: CircuitUse,
  ending: Result,
  fiber: Fiber.Fiber<unknown, unknown>,
): Effect.Effect<void> | undefined => {
  const opening = circuits.record(circuit, ending, fiber)
  if (opening === undefined) return undefined
  const { hint, now, ticket } = ending
  return Effect.map(openFor(schedule, opening, hint), (wait) =>
    circuits.open(circuit, ticket.epoch, { now, openFor: wait }, fiber),
  )
}

export const openFor = (schedule: Schedule.Schedule<unknown>, opening: number, hint: number): Effect.Effect<number> =>
  Effect.map(openingDelay(schedule, opening), (wait) => Math.max(wait, hint, 1))

/** A step that takes no time, in the fiber that takes it. */
export const here = <A>(step: (now: number, fiber: Fiber.Fiber<unknown, unknown>) => A): Effect.Effect<A> =>
  Effect.withFiber((fiber) => Effect.succeed(step(millis(fiber.getRef(Clock.Clock)), fiber)))
