/**
 * Circuits whose state is in Redis, with a copy in this process.
 *
 * Each answer of Redis brings the copy up to date. The copy says at once whether a call would be let through, and takes
 * over with the same rules while Redis does not answer.
 */
import { Effect, type Fiber, Random, Schedule, type Scope } from "effect"

import { type RedisLink } from "../redis.ts"
import * as Scripts from "./redisScripts.ts"
import { type Circuit, CircuitRegistry, type Mode, type Status } from "./registry.ts"
import { type Admission, type Outcome, type Rules, type State, type Ticket } from "./state.ts"
import { type BreakerStore, type Result, type CircuitUse, here, openFor, recordHere } from "./store.ts"
import * as CallWindow from "./window.ts"

/** Of a call that Redis let through. */
interface SharedTicket extends Ticket {
  /** The epoch of the copy at that time. */
  readonly replicaEpoch: number
}

/** What Redis said last of a circuit. */
interface Replica {
  readonly epoch: number
  /** The copy's epoch since then; it has another one when it changed by itself. */
  readonly replicaEpoch: number
}

type InFiber = Fiber.Fiber<unknown, unknown>

/** State in Redis, until the scope is closed. */
export const redisStore = (link: RedisLink): Effect.Effect<BreakerStore, never, Scope.Scope> => {
  const store = new RedisCircuits(link)
  return Effect.as(Effect.forkScoped(Effect.repeat(store.lookAgain, Schedule.spaced("1 second"))), store)
}

class RedisCircuits implements BreakerStore {
  readonly circuits = new CircuitRegistry()
  private readonly link: RedisLink
  private readonly said = new WeakMap<Circuit, Replica>()

  constructor(link: RedisLink) {
    this.link = link
  }

  // All processes have a say in it, so nothing is known at once.
  decide(): undefined {
    return undefined
  }

  admit(circuit: Circuit): Effect.Effect<Admission> {
    return Effect.flatMap(Random.next, (chance) =>
      this.ask(circuit, Scripts.admit, [chance], (answer, now, fiber): Admission => {
        if (answer === undefined) return this.admitAlone(circuit, now, fiber)
        const [allowed, detail, , , epoch] = answer
        if (allowed === 0) return { _tag: "Refused", retryAfter: detail }
        const ticket: SharedTicket = {
          epoch,
          probe: detail === 0 ? undefined : detail,
          replicaEpoch: circuit.state.epoch,
        }
        return { _tag: "Admitted", ticket }
      }),
    )
  }

  record(guarded: CircuitUse, ending: Result, fiber: InFiber): Effect.Effect<void> | undefined {
    const { circuit, schedule } = guarded
    const { hint, outcome, ticket } = ending
    if (!isShared(ticket)) return recordHere(this.circuits, guarded, ending, fiber)
    if (saysNothing(outcome, ticket, circuit.rules)) return undefined
    const alone = { ...ending, ticket: { epoch: ticket.replicaEpoch, probe: undefined } }
    const recorded = this.ask(circuit, Scripts.record, ended(outcome, ticket, circuit.rules), (answer) => answer)
    return Effect.flatMap(recorded, (answer) => {
      if (answer === undefined) return recordHere(this.circuits, guarded, alone, fiber) ?? Effect.void
      const [opening] = answer
      if (opening === 0) return Effect.void
      return Effect.flatMap(openFor(schedule, opening, hint), (wait) => this.open(circuit, ticket, wait, opening))
    })
  }

  setMode(key: string, mode: Mode): Effect.Effect<boolean> {
    const known = this.circuits.get(key)
    // One that only others know is asked for by its key.
    const args = [known === undefined ? "{}" : rulesFor(known.rules), mode, known === undefined ? 0 : 1]
    return Effect.flatMap(this.link.ask(Scripts.setMode, { keys: [this.keyOf(key)], args }), (answer) =>
      here((now, fiber) => {
        if (known !== undefined && answer !== undefined) this.learn(known, answer, now, fiber)
        return answer === undefined ? this.circuits.setMode(key, mode, now, fiber) : answer[0] === 1
      }),
    )
  }

  readonly status: Effect.Effect<ReadonlyArray<Status>> = Effect.suspend(() =>
    Effect.andThen(
      this.look(() => true),
      here((now) => this.circuits.status(now)),
    ),
  )

  /** Those that let nobody through here may have changed elsewhere, and nobody asks for them. */
  readonly lookAgain: Effect.Effect<void> = Effect.suspend(() =>
    this.look((circuit, now) => !this.circuits.wouldAdmit(circuit, now)),
  )

  private look(which: (circuit: Circuit, now: number) => boolean): Effect.Effect<void> {
    return Effect.flatMap(
      here((now) => this.circuits.list(now).filter((circuit) => which(circuit, now))),
      (circuits) =>
        Effect.forEach(circuits, (circuit) => this.ask(circuit, Scripts.look, [], () => undefined), {
          concurrency: "unbounded",
          discard: true,
        }),
    )
  }

  /** Runs a script and takes over what it says, before anything is made of it. */
  private ask<A>(
    circuit: Circuit,
    script: typeof Scripts.look,
    args: ReadonlyArray<string | number>,
    then: (answer: Scripts.Answer | undefined, now: number, fiber: InFiber) => A,
  ): Effect.Effect<A> {
    const call = { keys: [this.keyOf(circuit.key)], args: [rulesFor(circuit.rules), ...args] }
    return Effect.flatMap(this.link.ask(script, call), (answer) =>
      here((now, fiber) => {
        if (answer !== undefined) this.learn(circuit, answer, now, fiber)
        return then(answer, now, fiber)
      }),
    )
  }

  private open(circuit: Circuit, ticket: SharedTicket, wait: number, opening: number): Effect.Effect<void> {
    const lasts = Math.ceil(Math.min(wait, longest))
    return this.ask(circuit, Scripts.open, [ticket.epoch, lasts, opening], (answer, now, fiber) => {
      if (answer === undefined) this.circuits.open(circuit, ticket.replicaEpoch, { now, openFor: lasts }, fiber)
    })
  }

  private admitAlone(circuit: Circuit, now: number, fiber: InFiber): Admission {
    if (this.link.refuses && circuit.mode === "normal") return { _tag: "Refused", retryAfter: 1_000 }
    // What happens meanwhile is over when Redis answers again, and so is what was let through.
    this.said.delete(circuit)
    return this.circuits.admit(circuit, now, fiber)
  }

  private learn(circuit: Circuit, answer: Scripts.Answer, now: number, fiber: InFiber): void {
    const [, , mode, , epoch] = answer
    circuit.mode = mode as Mode
    const said = this.said.get(circuit)
    const same = said !== undefined && said.epoch === epoch && said.replicaEpoch === circuit.state.epoch
    const isFirst = said === undefined && epoch === 0 && circuit.state.epoch === 0
    const ofCopy = same || isFirst ? circuit.state.epoch : circuit.state.epoch + 1
    this.circuits.set(circuit, copyOf(answer, circuit.state, ofCopy, now), now, fiber)
    this.said.set(circuit, { epoch, replicaEpoch: ofCopy })
  }

  private keyOf(key: string): string {
    return `${this.link.prefix}:breaker:${key}`
  }
}

const isShared = (ticket: Ticket): ticket is SharedTicket => "replicaEpoch" in ticket

/** What would change nothing needs no round trip. */
const saysNothing = (outcome: Outcome, { probe }: Ticket, { consecutive }: Rules): boolean => {
  if (outcome._tag === "Ignored") return probe === undefined
  if (outcome._tag === "Completed") return probe !== undefined || consecutive === undefined
  return outcome._tag === "Broken" && probe !== undefined
}

const ended = (outcome: Outcome, ticket: Ticket, { slowerThan }: Rules): ReadonlyArray<string | number> => {
  const begun = outcome._tag === "Committed"
  const slow = begun && outcome.timeToFirstPart > slowerThan
  return [ticket.epoch, ticket.probe ?? 0, outcome._tag, slow ? 1 : 0, begun && outcome.streamed ? 1 : 0]
}

/** The copy after an answer. It counts calls only while Redis does not answer, and begins with none. */
const copyOf = (answer: Scripts.Answer, before: State, epoch: number, now: number): State => {
  const [, , , phase, , first = 0, failed = 0, ...places] = answer
  if (phase === "Open") return { ...before, epoch, circuit: { _tag: "Open", until: now + first } }
  if (phase === "HalfOpen") {
    // The probes of all processes, by numbers that none of ours has.
    const probes = new Map(places.map((place, index) => [-1 - index, now + place]))
    return { ...before, epoch, circuit: { _tag: "HalfOpen", probes, started: 0, succeeded: first, failed } }
  }
  const since = first < 0 ? undefined : now - first
  const { circuit } = before
  return circuit._tag === "Closed" && before.epoch === epoch
    ? { ...before, circuit: { ...circuit, since } }
    : { ...before, epoch, circuit: { _tag: "Closed", window: CallWindow.empty, consecutive: 0, since } }
}

/** A year: nothing that is longer makes a difference, and the scripts know no infinity. */
const longest = 31_536_000_000

const texts = new WeakMap<Rules, string>()

const rulesFor = (rules: Rules): string => {
  const known = texts.get(rules)
  if (known !== undefined) return known
  const text = JSON.stringify(rules, (_, value: unknown) =>
    typeof value === "number" ? Math.min(value, longest) : value,
  )
  texts.set(rules, text)
  return text
}
