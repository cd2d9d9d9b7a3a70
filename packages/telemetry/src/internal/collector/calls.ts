/**
 * The calls that are under way, and what has happened in them so far. Plain state; time comes in with the events.
 */
import { type Attempt, type Event } from "@holdfast/core"
import { type Charge, Money } from "@holdfast/cost"
import { type Clock } from "effect"

import { type CallTrace, type Step, type TracedAttempt } from "../../CallTrace.ts"

export interface Options {
  /** What an attempt cost of which no budget said so. */
  readonly chargeOf: (attempt: Attempt.Attempt) => Charge.Charge
  /** The clock of the running fiber, for the first event of a call. */
  readonly clock: () => Clock.Clock
  readonly over: (trace: CallTrace) => void
}

/** Of calls that begin and never end. None does unless an application drops its own fibers. */
const mostOpen = 100_000

export class Calls {
  private readonly options: Options
  private readonly open = new Map<string, OpenCall>()

  constructor(options: Options) {
    this.options = options
  }

  get size(): number {
    return this.open.size
  }

  add(event: Event.Event): void {
    if (event._tag === "CallStarted") return this.begin(event.callId, new OpenCall(this.options.clock(), event))
    const callId = "callId" in event ? event.callId : undefined
    if (callId === undefined) return
    const known = this.open.get(callId)
    if (known === undefined) return this.alone(event)
    known.add(event)
    if (event._tag === "CallEnded" || (known.started === undefined && known.isOver)) this.end(callId, known)
  }

  private begin(callId: string, call: OpenCall): void {
    if (this.open.size >= mostOpen)
      for (const oldest of this.open.keys()) {
        this.open.delete(oldest)
        break
      }
    this.open.set(callId, call)
  }

  /** An attempt of no call, or of one that is over. */
  private alone(event: Event.Event): void {
    if (event._tag !== "AttemptStarted") return
    const call = new OpenCall(this.options.clock(), undefined)
    call.add(event)
    this.begin(event.callId, call)
  }

  private end(callId: string, call: OpenCall): void {
    this.open.delete(callId)
    this.options.over(call.trace(callId, this.options.chargeOf))
  }
}

class OpenCall {
  readonly started: Event.CallStarted | undefined
  private readonly clock: Clock.Clock
  private readonly began: bigint
  private readonly steps: Array<Step> = []
  private running = 0
  /** Attempts that ended and of which a budget will yet say what they cost. */
  private unsettled = 0

  constructor(clock: Clock.Clock, started: Event.CallStarted | undefined) {
    this.started = started
    this.clock = clock
    this.began = clock.monotonicTimeNanosUnsafe()
    if (started !== undefined) this.steps.push({ at: 0, event: started })
  }

  get isOver(): boolean {
    return this.running === 0 && this.unsettled === 0
  }

  add(event: Event.Event): void {
    this.steps.push({ at: Number(this.clock.monotonicTimeNanosUnsafe() - this.began) / 1_000_000, event })
    if (this.started !== undefined) return
    if (event._tag === "AttemptStarted") this.running++
    else if (event._tag === "AttemptEnded") {
      this.running--
      if (isCharged(event)) this.unsettled++
    } else if (event._tag === "AttemptCharged") this.unsettled--
  }

  trace(callId: string, chargeOf: Options["chargeOf"]): CallTrace {
    const { started, steps } = this
    const attempts = attemptsOf(steps, chargeOf)
    const last = steps.at(-1)?.event
    const first = started ?? (steps[0]?.event as Attempt.AttemptStart)
    let cost = Money.zero
    for (const { charge } of attempts) cost = Money.add(cost, charge.cost)
    return {
      callId,
      startedAt: first.startedAt,
      started,
      ended: last?._tag === "CallEnded" ? last : undefined,
      context: first.context,
      steps,
      attempts,
      cost,
    }
  }
}

const isCharged = ({ request }: Attempt.Attempt): boolean =>
  request.call.guards.some(({ name }) => name?.startsWith("Budget.") === true)

const attemptsOf = (steps: ReadonlyArray<Step>, chargeOf: Options["chargeOf"]): ReadonlyArray<TracedAttempt> => {
  const attempts: Array<TracedAttempt> = []
  for (const { event } of steps) {
    if (event._tag !== "AttemptEnded") continue
    attempts.push({
      at: beginOf(steps, event.id),
      attempt: event,
      charge: chargeIn(steps, event.id) ?? chargeOf(event),
    })
  }
  return attempts
}

const beginOf = (steps: ReadonlyArray<Step>, id: string): number => {
  for (const { at, event } of steps) if (event._tag === "AttemptStarted" && event.id === id) return at
  return 0
}

/** Several budgets may have told it. They have looked at the same attempt. */
const chargeIn = (steps: ReadonlyArray<Step>, id: string): Charge.Charge | undefined => {
  for (const { event } of steps) if (event._tag === "AttemptCharged" && event.attempt === id) return event.charge
  return undefined
}
