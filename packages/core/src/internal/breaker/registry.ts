/**
 * The circuits of one process, by key.
 *
 * The fiber in which something happens gives the time and the chance, and is told what changes.
 */
import { type Fiber, Queue, Random } from "effect"

import { Sink } from "../../Event.ts"
import { tell } from "../event/tell.ts"
import * as BreakerState from "./state.ts"

/** How a circuit is to behave, whatever the calls say. */
export type Mode = "normal" | "forcedOpen" | "disabled" | "observing"

export interface Change {
  readonly key: string
  readonly sequence: number
  readonly from: BreakerState.Phase
  readonly to: BreakerState.Phase
}

export interface Circuit {
  readonly key: string
  state: BreakerState.State
  mode: Mode
  rules: BreakerState.Rules
  /** Models that are built and use it. */
  users: number
}

export interface Status {
  readonly key: string
  readonly phase: BreakerState.Phase
  readonly mode: Mode
  readonly available: boolean
}

/** How long nobody has to use a circuit until it is forgotten. Milliseconds. */
export const idle = 3_600_000

export class CircuitRegistry {
  private readonly all = new Map<string, Circuit>()
  /** Circuits that nobody uses, and since when. */
  private readonly unused = new Map<Circuit, number>()
  private readonly listeners = new Set<Queue.Enqueue<Change>>()
  private sequence = 0
  private forgetAt = 0

  /** The circuit of a key; its rules are those of the policy that came last. It is to be released. */
  acquire(key: string, rules: BreakerState.Rules): Circuit {
    const circuit = this.all.get(key) ?? { key, state: BreakerState.initial, mode: "normal", rules, users: 0 }
    circuit.rules = rules
    circuit.users++
    this.unused.delete(circuit)
    this.all.set(key, circuit)
    return circuit
  }

  /** One that nobody uses any more is kept for a while: its model may be built again for the next request. */
  release(circuit: Circuit, now: number): void {
    circuit.users--
    if (circuit.users === 0) this.unused.set(circuit, now)
    this.forget(now)
  }

  /** What can be said at once, because it takes nobody's place. */
  decide(circuit: Circuit, now: number, fiber: Fiber.Fiber<unknown, unknown>): BreakerState.Admission | undefined {
    const { mode, rules, state } = circuit
    if (mode === "normal") return BreakerState.decide(state, rules, now, chanceOf(fiber))
    if (mode === "forcedOpen") return { _tag: "Refused", retryAfter: forcedRetryAfter }
    return { _tag: "Admitted", ticket: { epoch: state.epoch, probe: undefined } }
  }

  admit(circuit: Circuit, now: number, fiber: Fiber.Fiber<unknown, unknown>): BreakerState.Admission {
    const answered = this.decide(circuit, now, fiber)
    if (answered !== undefined) return answered
    const [next, admission] = BreakerState.admit(circuit.state, circuit.rules, { now, chance: 0 })
    this.set(circuit, next, now, fiber)
    return admission
  }

  /** Takes note, and gives the number of the opening that is due, if one is. */
  record(
    circuit: Circuit,
    event: Parameters<typeof BreakerState.record>[2],
    fiber: Fiber.Fiber<unknown, unknown>,
  ): number | undefined {
    if (circuit.mode === "disabled") return undefined
    const [next, trips] = BreakerState.record(circuit.state, circuit.rules, event)
    this.set(circuit, next, event.now, fiber)
    return trips ? BreakerState.nextOpening(circuit.state, event.now) : undefined
  }

  /** Opens the circuit, unless it has changed since the call was admitted. */
  open(
    circuit: Circuit,
    epoch: number,
    at: { readonly now: number; readonly openFor: number },
    fiber: Fiber.Fiber<unknown, unknown>,
  ): void {
    if (circuit.state.epoch === epoch) this.set(circuit, BreakerState.opened(circuit.state, at), at.now, fiber)
  }

  setMode(key: string, mode: Mode, now: number, fiber: Fiber.Fiber<unknown, unknown>): boolean {
    const circuit = this.all.get(key)
    if (circuit === undefined) return false
    circuit.mode = mode
    if (mode === "normal") this.set(circuit, BreakerState.reset(circuit.state), now, fiber)
    return true
  }

  /** Puts in what is known from elsewhere. */
  set(circuit: Circuit, next: BreakerState.State, now: number, fiber: Fiber.Fiber<unknown, unknown>): void {
    const before = circuit.state
    circuit.state = next
    if (before.epoch === next.epoch) return
    const from = BreakerState.phaseOf(before, circuit.rules, now)
    const to = BreakerState.phaseOf(next, circuit.rules, now)
    if (from !== to) this.tell({ key: circuit.key, sequence: ++this.sequence, from, to }, fiber)
  }

  get(key: string): Circuit | undefined {
    return this.all.get(key)
  }

  list(now: number): ReadonlyArray<Circuit> {
    this.forget(now)
    return [...this.all.values()]
  }

  status(now: number): ReadonlyArray<Status> {
    return this.list(now).map((circuit) => ({
      key: circuit.key,
      phase: BreakerState.phaseOf(circuit.state, circuit.rules, now),
      mode: circuit.mode,
      available: this.wouldAdmit(circuit, now),
    }))
  }

  wouldAdmit({ mode, rules, state }: Circuit, now: number): boolean {
    return mode === "normal" ? BreakerState.wouldAdmit(state, rules, now) : mode !== "forcedOpen"
  }

  /** Offers all changes from now on to a queue without a bound. */
  listen(queue: Queue.Enqueue<Change>): () => void {
    this.listeners.add(queue)
    return () => void this.listeners.delete(queue)
  }

  private tell(change: Change, fiber: Fiber.Fiber<unknown, unknown>): void {
    for (const queue of this.listeners) Queue.offerUnsafe(queue, change)
    tell(fiber.getRef(Sink), { _tag: "CircuitChanged", ...change })
  }

  // A mode was set by somebody, and stays.
  private forget(now: number): void {
    if (now < this.forgetAt) return
    this.forgetAt = now + idle / 60
    for (const [circuit, since] of this.unused) {
      if (circuit.mode !== "normal" || now - since < keptFor(circuit)) continue
      this.unused.delete(circuit)
      this.all.delete(circuit.key)
    }
  }
}

const forcedRetryAfter = 60_000

const keptFor = ({ rules, state }: Circuit): number => {
  if (state === BreakerState.initial) return 0
  return idle + state.openFor + (rules.window._tag === "Time" ? rules.window.millis : 0)
}

const chanceOf = (fiber: Fiber.Fiber<unknown, unknown>) => () => fiber.getRef(Random.Random).nextDoubleUnsafe()
