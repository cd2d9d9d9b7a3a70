/**
 * What a breaker decides: state, event and clock reading in, state and decision out.
 *
 * Plain data, without a clock, a timer or an effect: an open circuit becomes half-open when somebody asks, so nothing can
 * get stuck because a timer was lost. Times are milliseconds of a clock that is never set back.
 */
import * as CallWindow from "./callWindow.ts"

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
  /** How long a probe may take before another one takes its place. */
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
  /** Leases of the probes that are under way, by their number, and when they expire. */
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

/** Whether a call may go through. `chance` is uniform between 0 and 1. */
export const admit = (
  state: State,
  rules: Rules,
  { chance, now }: { readonly now: number; readonly chance: number },
): readonly [State, Admission] => {
  const { circuit } = state
  switch (circuit._tag) {
    case "Closed":
      return [state, chance < share(circuit, rules, now) ? admitted(state, undefined) : refused(rules.ramp / 10)]
    case "Open":
      return now < circuit.until ? [state, refused(circuit.until - now)] : probe(halfOpened(state), rules, now)
    case "HalfOpen":
      return probe(state, rules, now)
  }
}

/** Whether a call would go through, without letting it. A ramp counts as open for traffic. */
export const wouldAdmit = ({ circuit }: State, rules: Rules, now: number): boolean => {
  if (circuit._tag === "Open") return now >= circuit.until
  return circuit._tag === "Closed" || underWay(circuit, now).size + circuit.succeeded + circuit.failed < rules.probes
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

const share = ({ since }: Closed, { ramp }: Rules, now: number): number =>
  since === undefined || now - since >= ramp ? 1 : rampFrom + (1 - rampFrom) * ((now - since) / ramp)

const halfOpened = (state: State): State => ({
  ...state,
  circuit: { _tag: "HalfOpen", probes: new Map(), started: 0, succeeded: 0, failed: 0 },
  epoch: state.epoch + 1,
})

const underWay = ({ probes }: HalfOpen, now: number): ReadonlyMap<number, number> =>
  new Map([...probes].filter(([, expires]) => expires > now))

const probe = (state: State, rules: Rules, now: number): readonly [State, Admission] => {
  const circuit = state.circuit as HalfOpen
  const probes = underWay(circuit, now)
  if (probes.size + circuit.succeeded + circuit.failed >= rules.probes) {
    return [state, refused(Math.min(...probes.values(), now + rules.lease) - now)]
  }
  const number = circuit.started + 1
  const leased = new Map(probes).set(number, now + rules.lease)
  const next: State = { ...state, circuit: { ...circuit, probes: leased, started: number } }
  return [next, admitted(next, number)]
}

const recordClosed = (
  state: State,
  circuit: Closed,
  rules: Rules,
  outcome: Outcome,
  now: number,
): readonly [State, boolean] => {
  const next = counted(circuit, rules, outcome, now)
  return [{ ...state, circuit: next }, next !== circuit && tripped(next, rules, now)]
}

const counted = (circuit: Closed, rules: Rules, outcome: Outcome, now: number): Closed => {
  switch (outcome._tag) {
    case "Ignored":
      return circuit
    case "Completed":
      return circuit.consecutive === 0 ? circuit : { ...circuit, consecutive: 0 }
    case "Broken":
      return {
        ...circuit,
        window: CallWindow.amend(circuit.window, rules.window, now),
        consecutive: circuit.consecutive + 1,
      }
    case "Failed":
      return {
        ...circuit,
        window: CallWindow.add(circuit.window, rules.window, now, { failed: true, slow: false }),
        consecutive: circuit.consecutive + 1,
      }
    case "Committed":
      return {
        ...circuit,
        window: CallWindow.add(circuit.window, rules.window, now, {
          failed: false,
          slow: outcome.timeToFirstPart > rules.slowerThan,
        }),
        // A stream that has only begun may still break, and then it is one more in a row.
        consecutive: outcome.streamed ? circuit.consecutive : 0,
      }
  }
}

const tripped = (circuit: Closed, rules: Rules, now: number): boolean => {
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
  // The verdict was given before, or the lease had run out and another probe took the place.
  if (!circuit.probes.has(number)) return [state, false]
  const probes = new Map(circuit.probes)
  probes.delete(number)
  if (outcome._tag === "Ignored") return [{ ...state, circuit: { ...circuit, probes } }, false]
  const good = outcome._tag === "Committed" && outcome.timeToFirstPart <= slowestProbe(rules)
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
