/**
 * The circuits of one process, by key.
 */
import { type Queue, Queue as Queues } from "effect"

import * as BreakerState from "./breakerState.ts"

/** How a circuit is to behave, whatever the calls say. */
export type Mode = "normal" | "forcedOpen" | "disabled" | "observing"

export type Phase = "closed" | "ramping" | "open" | "halfOpen"

export interface Change {
  readonly key: string
  readonly sequence: number
  readonly from: Phase
  readonly to: Phase
}

export interface Circuit {
  readonly key: string
  state: BreakerState.State
  mode: Mode
  rules: BreakerState.Rules
}

export class Circuits {
  private readonly all = new Map<string, Circuit>()
  private readonly listeners = new Set<Queue.Enqueue<Change>>()
  private sequence = 0

  /** The circuit of a key; its rules are those of the policy that came last. */
  declare(key: string, rules: BreakerState.Rules): Circuit {
    const circuit: Circuit = this.all.get(key) ?? { key, state: BreakerState.initial, mode: "normal", rules }
    circuit.rules = rules
    this.all.set(key, circuit)
    return circuit
  }

  admit(circuit: Circuit, at: { readonly now: number; readonly chance: () => number }): BreakerState.Admission {
    const { mode, rules, state } = circuit
    if (mode === "forcedOpen") return { _tag: "Refused", retryAfter: forcedRetryAfter }
    if (mode !== "normal") return { _tag: "Admitted", ticket: { epoch: state.epoch, probe: undefined } }
    const chance = state.circuit._tag === "Closed" && state.circuit.since !== undefined ? at.chance() : 0
    const [next, admission] = BreakerState.admit(state, rules, { now: at.now, chance })
    this.set(circuit, next, at.now)
    return admission
  }

  /** Takes note, and gives the number of the opening that is due, if one is. */
  record(circuit: Circuit, event: Parameters<typeof BreakerState.record>[2]): number | undefined {
    if (circuit.mode === "disabled") return undefined
    const [next, trips] = BreakerState.record(circuit.state, circuit.rules, event)
    this.set(circuit, next, event.now)
    return trips ? BreakerState.nextOpening(circuit.state, event.now) : undefined
  }

  /** Opens the circuit, unless it has changed since the call was admitted. */
  open(circuit: Circuit, epoch: number, at: { readonly now: number; readonly openFor: number }): void {
    if (circuit.state.epoch === epoch) this.set(circuit, BreakerState.opened(circuit.state, at), at.now)
  }

  setMode(key: string, mode: Mode, now: number): boolean {
    const circuit = this.all.get(key)
    if (circuit === undefined) return false
    circuit.mode = mode
    if (mode === "normal") this.set(circuit, BreakerState.reset(circuit.state), now)
    return true
  }

  status(
    now: number,
  ): ReadonlyArray<{ readonly key: string; readonly phase: Phase; readonly mode: Mode; readonly available: boolean }> {
    return [...this.all].map(([key, circuit]) => ({
      key,
      phase: phaseOf(circuit.state, circuit.rules, now),
      mode: circuit.mode,
      available: this.wouldAdmit(circuit, now),
    }))
  }

  wouldAdmit({ mode, rules, state }: Circuit, now: number): boolean {
    return mode === "normal" ? BreakerState.wouldAdmit(state, rules, now) : mode !== "forcedOpen"
  }

  listen(queue: Queue.Enqueue<Change>): () => void {
    this.listeners.add(queue)
    return () => void this.listeners.delete(queue)
  }

  private set(circuit: Circuit, next: BreakerState.State, now: number): void {
    const before = circuit.state
    circuit.state = next
    if (before.epoch === next.epoch) return
    const change = {
      key: circuit.key,
      sequence: ++this.sequence,
      from: phaseOf(before, circuit.rules, now),
      to: phaseOf(next, circuit.rules, now),
    }
    for (const queue of this.listeners) Queues.offerUnsafe(queue, change)
  }
}

const forcedRetryAfter = 60_000

const phaseOf = ({ circuit }: BreakerState.State, { ramp }: BreakerState.Rules, now: number): Phase => {
  if (circuit._tag === "Open") return "open"
  if (circuit._tag === "HalfOpen") return "halfOpen"
  return circuit.since !== undefined && now - circuit.since < ramp ? "ramping" : "closed"
}
