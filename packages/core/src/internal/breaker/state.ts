/**
 * What a breaker decides: state, event and clock reading in, state and decision out.
 *
 * Plain data, without a clock, a timer or an effect: an open circuit becomes half-open when somebody asks, so nothing can
 * get stuck because a timer was lost. Times are milliseconds of a clock that is never set back.
 */
import * as CallWindow from "./window.ts"

export interface Rules {
  readonly window: CallWindow.Span
  /** Shares of the calls of the window, from 0 to 1. */
  readonly failureRate: number | undefined
  readonly slowRate: number | undefined
  readonly slowerThan: number
  readonly consecutive: number | undefined
  /** Rates say nothing of fewer calls. */
  readonly minimumCalls: number
  readonly probes: number
  readonly successes: number
  /** How long a probe holds its place before another one may be let through beside it. */
  readonly lease: number
  readonly ramp: number
}

interface Closed {
  readonly _tag: "Closed"
  readonly window: CallWindow.CallWindow
  readonly consecutive: number
  /** When it closed after having been open; traffic grows from there. */
  readonly since: number | undefined
}

interface Open {
  readonly _tag: "Open"
  readonly until: number
}

interface HalfOpen {
  readonly _tag: "HalfOpen"
  /** Probes that are under way, by their number, and until when they hold a place. */
  readonly probes: ReadonlyMap<number, number>
  readonly started: number
  readonly succeeded: number
  readonly failed: number
}

/** What is known of one circuit. */
export interface State {
  readonly circuit: Closed | Open | HalfOpen
  /** Counts the changes of the circuit. What was admitted before a change says nothing after it. */
  readonly epoch: number
  /** Openings since the circuit last stayed closed for as long as it had been open. */
  readonly openings: number
  /** How long it was opened for the last time. */
  readonly openFor: number
}

export type Phase = "closed" | "ramping" | "open" | "halfOpen"

export const initial: State = {
  circuit: { _tag: "Closed", window: CallWindow.empty, consecutive: 0, since: undefined },
  epoch: 0,
  openings: 0,
  openFor: 0,
}

/** A call that was let through, to be handed back with what became of it. */
export interface Ticket {
  readonly epoch: number
  readonly probe: number | undefined
}

export type Admission =
  | { readonly _tag: "Admitted"; readonly ticket: Ticket }
  | { readonly _tag: "Refused"; readonly retryAfter: number }

/**
 * What became of a call.
 *
 * `committed` is the verdict: the first part came. It is followed by `completed` or `broken` when the answer is a stream.
 */
export type Outcome =
  | { readonly _tag: "Committed"; readonly timeToFirstPart: number; readonly streamed: boolean }
  | { readonly _tag: "Completed" }
  | { readonly _tag: "Broken" }
  | { readonly _tag: "Failed" }
  | { readonly _tag: "Ignored" }

/** The share of calls that a ramp begins with. */
const rampFrom = 0.1

/** Probes whose place was given away are remembered, up to so many for each place, for they may still answer. */
const maxEpochs = 100

/**
 * Whether a call may go through, where that takes nobody's place; `undefined` where it would be a probe. `chance` is
 * uniform between 0 and 1, and is asked for only while a ramp lasts.
 */
export const decide = (state: State, rules: Rules, now: number, chance: () => number): Admission | undefined => {
  const { circuit } = state
  if (circuit._tag === "Closed") {
    return circuit.since === undefined || chance() < share(circuit.since, rules, now)
      ? admitted(state, undefined)
      : refused(rules.ramp / 10)
  }
  const wait = circuit._tag === "Open" ? circuit.until - now : untilPlace(circuit, rules, now)
  return wait > 0 ? refused(wait) : undefined
}

/** Whether a call may go through. Takes the place of a probe where it is one. */
export const admit = (
  state: State,
  rules: Rules,
  { chance, now }: { readonly now: number; readonly chance: number },
): readonly [State, Admission] => {
  const answered = decide(state, rules, now, () => chance)
  return answered === undefined ? probe(state, rules, now) : [state, answered]
}

/** Whether a call would go through, without letting it. A ramp counts as open for traffic. */
export const wouldAdmit = ({ circuit }: State, rules: Rules, now: number): boolean => {
  if (circuit._tag === "Closed") return true
  return circuit._tag === "Open" ? now >= circuit.until : untilPlace(circuit, rules, now) <= 0
}

/** Takes note of what became of a call. The second value says whether the circuit has to open now. */
export const record = (
  state: State,
  rules: Rules,
  { now, outcome, ticket }: { readonly ticket: Ticket; readonly outcome: Outcome; readonly now: number },
): readonly [State, trips: boolean] => {
  if (ticket.epoch !== state.epoch) return [state, false]
  const { circuit } = state
  if (circuit._tag === "Closed") return recordClosed(state, circuit, rules, outcome, now)
  if (circuit._tag === "HalfOpen" && ticket.probe !== undefined) {
    return recordProbe(state, circuit, rules, { probe: ticket.probe, outcome, now })
  }
  return [state, false]
}

/** How many times in a row the circuit will have been open when it opens now. */
export const nextOpening = ({ circuit, openFor, openings }: State, now: number): number =>
  circuit._tag === "Closed" && circuit.since !== undefined && now - circuit.since >= openFor ? 1 : openings + 1

/** The circuit opens, whatever it was. */
export const opened = (state: State, { now, openFor }: { readonly now: number; readonly openFor: number }): State => ({
  circuit: { _tag: "Open", until: now + openFor },
  epoch: state.epoch + 1,
  openings: nextOpening(state, now),
  openFor,
})

/** The circuit closes as if nothing had happened. */
export const reset = (state: State): State => ({ ...initial, epoch: state.epoch + 1 })

const admitted = ({ epoch }: State, probe: number | undefined): Admission => ({
  _tag: "Admitted",
  ticket: { epoch, probe },
})

const refused = (retryAfter: number): Admission => ({ _tag: "Refused", retryAfter: Math.max(1, retryAfter) })

const share = (since: number, { ramp }: Rules, now: number): number =>
  now - since >= ramp ? 1 : rampFrom + (1 - rampFrom) * ((now - since) / ramp)

/** How long all places are taken, by probes and by verdicts. Not above 0 where one is free. */
const untilPlace = ({ failed, probes, succeeded }: HalfOpen, rules: Rules, now: number): number => {
  const held = [...probes.values()].filter((until) => until > now).toSorted((a, b) => a - b)
  const tooMany = held.length + succeeded + failed - rules.probes
  return tooMany < 0 ? 0 : (held[tooMany] ?? now + rules.lease) - now
}

const probe = (state: State, rules: Rules, now: number): readonly [State, Admission] => {
  const { circuit, epoch } = state.circuit._tag === "HalfOpen" ? { ...state, circuit: state.circuit } : halfOpen(state)
  const number = circuit.started + 1
  const probes = new Map([...circuit.probes].slice(1 - rules.probes * maxEpochs)).set(number, now + rules.lease)
  const next: State = { ...state, epoch, circuit: { ...circuit, probes, started: number } }
  return [next, admitted(next, number)]
}

const halfOpen = ({ epoch }: State): { readonly circuit: HalfOpen; readonly epoch: number } => ({
  circuit: { _tag: "HalfOpen", probes: new Map(), started: 0, succeeded: 0, failed: 0 },
  epoch: epoch + 1,
})

const recordClosed = (
  state: State,
  circuit: Closed,
  rules: Rules,
  outcome: Outcome,
  now: number,
): readonly [State, boolean] => {
  const next = afterCall(circuit, rules, outcome, now)
  if (next === circuit) return [state, false]
  return [
    { circuit: next, epoch: state.epoch, openings: state.openings, openFor: state.openFor },
    trips(next, rules, now),
  ]
}

const afterCall = (circuit: Closed, rules: Rules, outcome: Outcome, now: number): Closed => {
  const { consecutive, since, window } = circuit
  switch (outcome._tag) {
    case "Ignored":
      return circuit
    case "Completed":
      return consecutive === 0 ? circuit : { ...circuit, consecutive: 0 }
    case "Broken":
    case "Failed": {
      const call = outcome._tag === "Failed" ? "failed" : "broken"
      const added = CallWindow.add(window, rules.window, now, call)
      return { _tag: "Closed", window: added, consecutive: consecutive + 1, since }
    }
    case "Committed": {
      const call = outcome.timeToFirstPart > rules.slowerThan ? "slow" : "good"
      const added = CallWindow.add(window, rules.window, now, call)
      // A stream that has only begun may still break, and then it is one more in a row.
      return { _tag: "Closed", window: added, consecutive: outcome.streamed ? consecutive : 0, since }
    }
  }
}

const trips = (circuit: Closed, rules: Rules, now: number): boolean => {
  if (rules.consecutive !== undefined && circuit.consecutive >= rules.consecutive) return true
  const { calls, failures, slow } = CallWindow.counts(circuit.window, rules.window, now)
  if (calls < rules.minimumCalls || calls === 0) return false
  if (rules.failureRate !== undefined && failures > 0 && failures / calls >= rules.failureRate) return true
  return rules.slowRate !== undefined && slow > 0 && slow / calls >= rules.slowRate
}

const recordProbe = (
  state: State,
  circuit: HalfOpen,
  rules: Rules,
  { now, outcome, probe: number }: { readonly probe: number; readonly outcome: Outcome; readonly now: number },
): readonly [State, boolean] => {
  const until = circuit.probes.get(number)
  // The verdict was given before.
  if (until === undefined) return [state, false]
  const probes = new Map([...circuit.probes].filter(([other]) => other !== number))
  const good = outcome._tag === "Committed" && outcome.timeToFirstPart <= slowestProbe(rules)
  // However late an answer comes, it shows that the model is back. A late failure is old news where its place was taken.
  const late = until <= now && untilPlace(circuit, rules, now) > 0
  if (outcome._tag === "Ignored" || (late && !good)) {
    return [{ ...state, circuit: { ...circuit, probes } }, false]
  }
  const succeeded = circuit.succeeded + (good ? 1 : 0)
  const failed = circuit.failed + (good ? 0 : 1)
  if (succeeded >= rules.successes) return [closed(state, now), false]
  const next: State = { ...state, circuit: { ...circuit, probes, succeeded, failed } }
  return [next, failed > rules.probes - rules.successes]
}

// Where slowness trips, a slow probe is no recovery.
const slowestProbe = ({ slowRate, slowerThan }: Rules): number => (slowRate === undefined ? Infinity : slowerThan)

const closed = (state: State, now: number): State => ({
  ...state,
  circuit: { _tag: "Closed", window: CallWindow.empty, consecutive: 0, since: now },
  epoch: state.epoch + 1,
})

/** Where a circuit stands. A closed one that lets only part of the traffic through is ramping. */
export const phaseOf = ({ circuit }: State, { ramp }: Rules, now: number): Phase => {
  if (circuit._tag === "Open") return "open"
  if (circuit._tag === "HalfOpen") return "halfOpen"
  return circuit.since !== undefined && now - circuit.since < ramp ? "ramping" : "closed"
}
