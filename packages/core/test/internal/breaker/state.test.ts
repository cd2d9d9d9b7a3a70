import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import * as BreakerState from "../../../src/internal/breaker/state.ts"
import { type Command, command, outcomeOf, someRules } from "../../breakerCommands.ts"

const openFor = 5_000

/** What is tested: the state, and the calls that are under way. */
interface Real {
  state: BreakerState.State
  readonly rules: BreakerState.Rules
  readonly tickets: Array<{ readonly ticket: BreakerState.Ticket; readonly call: Call; committed: boolean }>
  now: number
}

interface Call {
  readonly phase: number
  readonly probe: boolean
  readonly at: number
  verdict: "none" | "good" | "bad" | "void"
  slow: boolean
}

/**
 * The same rules, told as a log: every call since the beginning is kept, and all that is asked is read from there.
 */
class Model {
  phase: "closed" | "open" | "halfOpen" = "closed"
  /** Counts the phases; calls of an earlier one say nothing. */
  number = 0
  opened = 0
  closedAt: number | undefined
  readonly calls: Array<Call> = []
  readonly verdicts: Array<{
    readonly call: Call
    readonly at: number
    readonly bad: boolean
    readonly amends: boolean
  }> = []
  row = 0
  readonly rules: BreakerState.Rules

  constructor(rules: BreakerState.Rules) {
    this.rules = rules
  }

  change(phase: Model["phase"]): void {
    this.phase = phase
    this.number++
    this.row = 0
  }

  private ofPhase(): ReadonlyArray<Call> {
    return this.calls.filter(({ phase }) => phase === this.number)
  }

  takenProbes(now: number): number {
    return this.ofPhase().filter(
      ({ at, verdict }) =>
        verdict === "good" || verdict === "bad" || (verdict === "none" && at + this.rules.lease > now),
    ).length
  }

  admits(now: number, chance: number): boolean {
    if (this.phase === "open" && now >= this.opened + openFor) this.change("halfOpen")
    if (this.phase === "open") return false
    if (this.phase === "halfOpen") return this.takenProbes(now) < this.rules.probes
    if (this.closedAt === undefined || now - this.closedAt >= this.rules.ramp) return true
    return chance < 0.1 + (0.9 * (now - this.closedAt)) / this.rules.ramp
  }

  /** Whether the circuit has to open after this. */
  hear(call: Call, outcome: BreakerState.Outcome, now: number): boolean {
    if (call.phase !== this.number || this.phase === "open") return false
    return this.phase === "halfOpen" ? this.hearProbe(call, outcome, now) : this.hearCall(call, outcome, now)
  }

  private hearProbe(call: Call, outcome: BreakerState.Outcome, now: number): boolean {
    if (call.verdict !== "none") return false
    const slow =
      outcome._tag === "Committed" &&
      this.rules.slowRate !== undefined &&
      outcome.timeToFirstPart > this.rules.slowerThan
    const good = outcome._tag === "Committed" && !slow
    // A failure after the lease, when others have taken all places, has no say.
    const late = call.at + this.rules.lease <= now && this.takenProbes(now) >= this.rules.probes
    call.verdict = outcome._tag === "Ignored" || (late && !good) ? "void" : good ? "good" : "bad"
    const verdicts = this.ofPhase().map(({ verdict }) => verdict)
    if (verdicts.filter((verdict) => verdict === "good").length >= this.rules.successes) {
      this.change("closed")
      this.closedAt = now
      return false
    }
    return verdicts.filter((verdict) => verdict === "bad").length > this.rules.probes - this.rules.successes
  }

  private hearCall(call: Call, outcome: BreakerState.Outcome, now: number): boolean {
    if (outcome._tag === "Ignored") return false
    if (outcome._tag === "Completed") {
      this.row = 0
      return this.trips(now, false)
    }
    if (outcome._tag === "Committed") {
      call.slow = outcome.timeToFirstPart > this.rules.slowerThan
      if (!outcome.streamed) this.row = 0
    } else this.row++
    const bad = outcome._tag !== "Committed"
    this.verdicts.push({ call, at: now, bad, amends: outcome._tag === "Broken" })
    return this.trips(now, true)
  }

  private trips(now: number, heard: boolean): boolean {
    if (!heard) return false
    const { consecutive, failureRate, minimumCalls, slowRate, window } = this.rules
    if (consecutive !== undefined && this.row >= consecutive) return true
    const mine = this.verdicts.filter(({ call }) => call.phase === this.number)
    const slice = (at: number) => (window._tag === "Time" ? Math.floor((at * 10) / window.millis) : 0)
    const recent =
      window._tag === "Time" ? mine.filter(({ at }) => slice(at) > slice(now) - 10) : lastCalls(mine, window.calls)
    const calls = recent.filter(({ amends }) => !amends).length
    const failures = recent.filter(({ bad }) => bad).length
    const slow = recent.filter(({ amends, bad, call }) => !amends && !bad && call.slow).length
    if (calls < minimumCalls) return false
    if (failureRate !== undefined && failures > 0 && failures / calls >= failureRate) return true
    return slowRate !== undefined && slow > 0 && slow / calls >= slowRate
  }
}

/** The last verdicts on calls, and what was amended in them: the real one amends the latest good call that it holds. */
const lastCalls = <V extends { readonly bad: boolean; readonly amends: boolean }>(
  verdicts: ReadonlyArray<V>,
  count: number,
) => {
  let held: Array<{ readonly verdict: V; readonly amendment?: V }> = []
  for (const verdict of verdicts) {
    if (!verdict.amends) {
      held = [...held, { verdict }].slice(-count)
      continue
    }
    const index = held.findLastIndex((one) => !one.verdict.bad && one.amendment === undefined)
    held = held.map((one, position) => (position === index ? { ...one, amendment: verdict } : one))
  }
  return held.flatMap(({ amendment, verdict }) => (amendment === undefined ? [verdict] : [verdict, amendment]))
}

const apply = (real: Real, model: Model, entry: Real["tickets"][number], outcome: BreakerState.Outcome): void => {
  const { now, rules, state } = real
  const [next, trips] = BreakerState.record(state, rules, { ticket: entry.ticket, outcome, now })
  real.state = next
  assert.strictEqual(trips, model.hear(entry.call, outcome, now))
  if (!trips) return
  real.state = BreakerState.opened(real.state, { now, openFor })
  model.change("open")
  model.opened = now
}

const run = (real: Real, model: Model, commands: ReadonlyArray<Command>): void => {
  for (const step of commands) {
    if (step._tag === "Wait") real.now += step.millis
    else if (step._tag === "Ask") {
      const [next, admission] = BreakerState.admit(real.state, real.rules, { now: real.now, chance: step.chance })
      real.state = next
      assert.strictEqual(admission._tag === "Admitted", model.admits(real.now, step.chance))
      if (admission._tag === "Refused") {
        assert.isAbove(admission.retryAfter, 0)
        continue
      }
      const call: Call = {
        phase: model.number,
        probe: model.phase === "halfOpen",
        at: real.now,
        verdict: "none",
        slow: false,
      }
      assert.strictEqual(admission.ticket.probe !== undefined, call.probe)
      model.calls.push(call)
      real.tickets.push({ ticket: admission.ticket, call, committed: false })
    } else {
      const entry = real.tickets[step.which % Math.max(1, real.tickets.length)]
      if (entry === undefined) continue
      const outcome = outcomeOf(step.how, entry.committed)
      apply(real, model, entry, outcome)
      if (outcome._tag === "Committed" && outcome.streamed) entry.committed = true
      else real.tickets.splice(real.tickets.indexOf(entry), 1)
    }
    const { circuit } = real.state
    assert.strictEqual(circuit._tag.toLowerCase(), model.phase.toLowerCase())
    if (circuit._tag !== "HalfOpen") continue
    const held = [...circuit.probes.values()].filter((until) => until > real.now)
    assert.isAtMost(held.length, real.rules.probes)
  }
}

describe("a circuit", () => {
  it("decides as a log of all calls would, whatever happens", () => {
    let runs = 0
    fc.assert(
      fc.property(someRules, fc.array(command, { maxLength: 80, size: "max" }), (rules, commands) => {
        run({ state: BreakerState.initial, rules, tickets: [], now: 0 }, new Model(rules), commands)
        runs++
      }),
      { numRuns: 3_000, seed: 42 },
    )
    assert.strictEqual(runs, 3_000)
  })

  it("is never stuck: after the time that a refusal names, a probe goes through", () => {
    fc.assert(
      fc.property(someRules, fc.array(command, { maxLength: 60, size: "max" }), (some, commands) => {
        const rules = { ...some, lease: 2_000 }
        let state = BreakerState.initial
        let now = 0
        const tickets: Array<BreakerState.Ticket> = []
        for (const step of commands) {
          if (step._tag === "Wait") now += step.millis
          if (step._tag === "Ask") {
            const [next, admission] = BreakerState.admit(state, rules, { now, chance: step.chance })
            state = next
            if (admission._tag === "Admitted") tickets.push(admission.ticket)
            else if (state.circuit._tag !== "Closed") {
              const later = BreakerState.admit(state, rules, { now: now + admission.retryAfter, chance: 0 })[1]
              // A half-open circuit that has all its verdicts but one waits for that one.
              assert.strictEqual(later._tag, "Admitted")
            }
          }
          if (step._tag === "End") {
            const ticket = tickets.splice(step.which % Math.max(1, tickets.length), 1)[0]
            if (ticket === undefined) continue
            const [next, trips] = BreakerState.record(state, rules, {
              ticket,
              outcome: outcomeOf(step.how, false),
              now,
            })
            state = trips ? BreakerState.opened(next, { now, openFor }) : next
          }
        }
      }),
      { numRuns: 2_000, seed: 7 },
    )
  })
})
