/**
 * Histories of calls under a budget, made of a seed: calls of every kind in both modes, some of them given up, storage that fails in
 * every way, leases that run out, and processes that die; and what must be true of the journal afterwards.
 */
import { Deadline, Event, type ModelCall, ModelRequest, ResilientModel } from "@holdfast/core"
import { Effect, type Fiber, Layer, type Scope, Stream } from "effect"
import { type SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"

import {
  chunk,
  delta,
  errors,
  fails,
  finish,
  hangs,
  metadata,
  refused,
  type Script,
  script,
  scripted,
} from "../../../core/test/scripted.ts"
import * as Budget from "../../src/Budget.ts"
import * as Ledger from "../../src/Ledger.ts"
import { money, pricing, real, worst } from "../budgeted.ts"
import { type FaultyLedger, faults, inDatabase, inMemory } from "./faultyLedger.ts"
import { numbers } from "./numbers.ts"

/** Where the ledgers of a history are. A process that dies is followed by another one, unless nothing would be left. */
export interface Place {
  readonly open: Effect.Effect<FaultyLedger, unknown, Scope.Scope>
  readonly survives: boolean
  /** Lets happen what does not wait for the clock. */
  readonly pause: Effect.Effect<void>
}

const answered = script(chunk(metadata), chunk(delta("a")), chunk(delta("b")), chunk(finish()))

const scripts: ReadonlyArray<Script> = [
  answered,
  answered,
  answered,
  refused(errors.transient),
  script(chunk(metadata), chunk(delta("a")), fails(errors.broken)),
  script(chunk(delta("a")), hangs),
]

/** How long a call may take, and how long what it reserved is kept. Seconds. */
const deadline = 10
const lease = 60

interface Process extends FaultyLedger {
  readonly call: (mode: "generate" | "stream") => Effect.Effect<unknown>
}

/** What became of one history. */
export interface Outcome {
  readonly calls: number
  readonly settled: number
  readonly deaths: number
  readonly faults: ReadonlyMap<string, number>
  /** What is not as it must be. */
  readonly mistakes: ReadonlyArray<string>
}

const steps = 14

const startProcess = (
  { open }: Place,
  { name, spy }: { readonly name: string; readonly spy: ReturnType<typeof scripted> },
): Effect.Effect<Process, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const faulty = yield* open
    const model = spy.model.pipe(
      Budget.enforce({ name, daily: money(400n), lease: `${lease} seconds` }),
      Deadline.total(`${deadline} seconds`),
      ResilientModel.connect(Layer.merge(pricing, Layer.succeed(Ledger.Ledger, faulty.ledger))),
    )
    const built: ModelCall.ModelCall<unknown, "chat"> = yield* ResilientModel.callOf(model)
    const call: Process["call"] = (mode) =>
      Effect.exit(Effect.scoped(Effect.flatMap(built.open(ModelRequest.make(mode, "hi")), Stream.runDrain)))
    return { ...faulty, call }
  })

/** Plays the history of a seed, and says what is wrong with it. */
const play = (place: Place, seed: number): Effect.Effect<Outcome, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const below = numbers(seed)
    const name = `budget-${seed}`
    const spy = scripted(Array.from({ length: 3 * steps }, () => scripts[below(scripts.length)] ?? answered))
    const mistakes: Array<string> = []
    const counts = new Map<string, number>()
    let served = 0
    let calls = 0
    let deaths = 0
    const heard = <A, E, R>(self: Effect.Effect<A, E, R>) =>
      Event.listen(self, (event) => {
        if (event._tag === "AttemptEnded" && event.usage !== undefined) served++
      })
    let process = yield* startProcess(place, { name, spy })
    let fibers: Array<Fiber.Fiber<unknown>> = []
    /** Time passes, and whoever is late is noted. */
    const pass = Effect.gen(function* () {
      yield* TestClock.adjust(`${deadline} seconds`)
      yield* place.pause
      // A call that ends may have to ask the database once more, which has a short pause before it.
      yield* TestClock.adjust("50 millis")
      yield* place.pause
      for (const fiber of fibers)
        if (fiber.pollUnsafe() === undefined) mistakes.push("a call went on after its deadline")
      fibers = []
    })
    for (let step = 0; step < steps; step++) {
      const dice = below(20)
      if (dice < 11) {
        calls++
        const call = heard(process.call(below(2) === 0 ? "generate" : "stream"))
        fibers.push(yield* Effect.forkDetach(call, { startImmediately: true }))
      } else if (dice < 14) {
        const fault = faults[below(faults.length)] ?? "before"
        process.weather.fault = fault
        counts.set(fault, (counts.get(fault) ?? 0) + 1)
      } else if (dice < 16) process.weather.heal()
      else if (dice < 17) fibers[below(fibers.length + 1)]?.interruptUnsafe()
      else if (dice < 18) yield* pass
      else if (dice < 19) yield* Effect.forkDetach(process.ledger.expire, { startImmediately: true })
      else if (place.survives) {
        deaths++
        process.weather.isDead = true
        for (const fiber of fibers) fiber.interruptUnsafe()
        yield* passing(place, process.kill)
        fibers = []
        process = yield* startProcess(place, { name, spy })
      }
      if (below(3) === 0) yield* TestClock.adjust(`${1 + below(4)} seconds`)
      if (below(2) === 0) yield* place.pause
    }
    yield* pass
    process.weather.heal()
    // A failed try waits half a minute at most for the next one; then leases are over, and are looked for every minute.
    for (let minute = 0; minute < 2; minute++) {
      yield* TestClock.adjust("30 seconds")
      yield* place.pause
    }
    yield* TestClock.adjust(`${lease} seconds`)
    // However slow the machine is: what is looked for every minute is found in the end.
    const own = Effect.map(process.ledger.outstanding, (some) =>
      some.filter(({ reservation: { id } }) => id.endsWith(`/${name}`)),
    )
    // A database that has no time for it now is asked again.
    const asked = <A, E>(self: Effect.Effect<A, E>) => Effect.retry(self, { times: 100 })
    // A database takes its own time, also where that of the history is over. What a call that was given up still asks of it is
    // done before what is asked now; nobody could see a reservation before that.
    const done = passing(place, asked(process.ledger.release("nothing")))
    yield* Effect.repeat(
      asked(
        Effect.andThen(Effect.andThen(Effect.andThen(TestClock.adjust("1 minute"), done), process.ledger.expire), own),
      ),
      { until: (some) => (deaths === 0 ? some.length === 0 : some.every(({ expired }) => expired)), times: 1_000 },
    )
    const all = yield* asked(Stream.runCollect(process.ledger.entries()))
    const settled = check({ all, name, served, deaths, mistakes })
    const total = yield* asked(process.ledger.total({ account: JSON.stringify([name, "day"]), since: 0 }))
    const open = yield* asked(own)
    for (const { expired } of open) if (!expired) mistakes.push("a reservation is open after its lease")
    if (deaths === 0 && open.length > 0) mistakes.push("a reservation was left behind by a process that lives")
    const spent = settled.reduce((sum, { cost }) => sum + cost, 0n)
    const left = open.reduce((sum, { reservation }) => sum + reservation.worst, 0n)
    if (total.spent !== spent || total.reserved !== 0n || total.uncertain !== left) {
      mistakes.push(
        `the total says ${total.spent}, ${total.reserved}, ${total.uncertain}, and the journal ${spent}, 0, ${left}`,
      )
    }
    if (spent + left < real * BigInt(served)) mistakes.push(`${served} answers were served, and ${spent} counted`)
    if (spent > 400n) mistakes.push(`the limit was passed: ${spent}`)
    return { calls, settled: settled.length, deaths, faults: counts, mistakes }
  })

interface Journal {
  readonly all: ReadonlyArray<Ledger.Entry>
  readonly name: string
  /** How many answers were served to their end. */
  readonly served: number
  readonly deaths: number
  readonly mistakes: Array<string>
}

/** The settlements of a budget; the journal has each once, and as many answers as were served. */
const check = ({ all, deaths, mistakes, name, served }: Journal): ReadonlyArray<Ledger.Settlement> => {
  const settled = all
    .flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : []))
    .filter(({ id }) => id.endsWith(`/${name}`))
  if (new Set(settled.map(({ id }) => id)).size !== settled.length) mistakes.push("an attempt was settled twice")
  const reported = settled.filter(({ basis }) => basis === "reported")
  if (deaths === 0 ? reported.length !== served : reported.length > served) {
    mistakes.push(`${served} answers were served, and ${reported.length} are in the journal`)
  }
  for (const { basis, cost } of settled) {
    if (basis === "reported" ? cost !== real : cost < 0n || cost > worst) mistakes.push(`${basis} at ${cost}`)
  }
  return settled
}

/** Waits for something that waits for the clock itself. */
const passing = ({ pause }: Place, self: Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(Effect.forkDetach(self, { startImmediately: true }), (fiber) =>
    Effect.repeat(Effect.andThen(TestClock.adjust("50 millis"), pause), {
      until: () => fiber.pollUnsafe() !== undefined,
    }),
  )

const yields = Effect.repeat(Effect.yieldNow, { times: 50 })

/** So many turns of the event loop, for what goes through a socket. */
const turns = TestClock.withLive(Effect.sleep("2 millis"))

export const inMemoryPlace: Place = { open: inMemory, survives: false, pause: yields }

/** All histories are played on one database, each under a budget of its own. */
export const databasePlace = (sql: SqlClient.SqlClient): Place => ({
  open: inDatabase(sql),
  survives: true,
  pause: sql.onDialectOrElse({ pg: () => Effect.repeat(turns, { times: 3 }), orElse: () => yields }),
})

interface Summary {
  readonly calls: number
  readonly settled: number
  readonly deaths: number
  readonly faults: Readonly<Record<string, number>>
  readonly mistakes: ReadonlyArray<string>
}

/** Plays histories from a seed on, one after the other. */
export const playAll = (place: Effect.Effect<Place, unknown, Scope.Scope>, from: number, count: number) =>
  Effect.gen(function* () {
    const all: Array<Outcome & { readonly seed: number }> = []
    for (let seed = from; seed < from + count; seed += perDatabase) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const here = yield* place
          for (let each = seed; each < Math.min(from + count, seed + perDatabase); each++) {
            all.push({ seed: each, ...(yield* Effect.scoped(play(here, each))) })
          }
        }),
      )
    }
    const sum = (of: (outcome: Outcome) => number) => all.reduce((total, outcome) => total + of(outcome), 0)
    const summary: Summary = {
      calls: sum(({ calls }) => calls),
      settled: sum(({ settled }) => settled),
      deaths: sum(({ deaths }) => deaths),
      faults: Object.fromEntries(faults.map((fault) => [fault, sum((outcome) => outcome.faults.get(fault) ?? 0)])),
      mistakes: all.flatMap(({ mistakes, seed }) => mistakes.map((mistake) => `history ${seed}: ${mistake}`)),
    }
    return summary
  })

/** A journal is read after each history, so it must not become long. */
const perDatabase = 20
