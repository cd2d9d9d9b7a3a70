/**
 * A ledger on PostgreSQL behind a network that loses one packet: every one of them, in both directions.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Layer, Schedule, Stream } from "effect"
import { SqlClient } from "effect/sql"

import type * as Ledger from "../src/Ledger.ts"
import { ledgerOn, postgresIn, schema, withoutPostgres } from "./databases.ts"
import { claim, reservation, settlement, total } from "./ledgerSuite.ts"
import { type Fault, throughProxy } from "./support/faultyProxy.ts"

const scenarios = ["reserve", "interrupt", "settle", "release"] as const

type Scenario = (typeof scenarios)[number]

/** More than an operation has; the last ones have to pass unharmed. */
const packets = 14

const faults = scenarios.flatMap((scenario) =>
  (["cut", "swallow", "delay"] as const).flatMap((kind) =>
    (["toServer", "toClient"] as const).flatMap((direction) =>
      Array.from({ length: packets }, (_, index) => ({ scenario, kind, direction, packet: index + 1 })),
    ),
  ),
)

const lease = 4_102_444_800_000

/** A ledger through a proxy of its own. */
const ledgerThroughProxy = Effect.fnUntraced(function* (name: string) {
  const { layer, proxy } = yield* throughProxy(name)
  // Opening is not what is tried here, and a busy machine may be late with it.
  const ledger = yield* Effect.retry(ledgerOn(layer, { timeout: "1 second" }), Schedule.spaced("100 millis"))
  return { proxy, ledger }
})

const persistently = <A>(self: Effect.Effect<A, Ledger.LedgerUnavailable>) =>
  Effect.retry(self, Schedule.spaced("100 millis"))

/** Longer than any operation may take on a slow machine. A connection that hangs does so for ever. */
const inTime = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<Exit.Exit<A, E>> =>
  Effect.map(Effect.timeoutOption(Effect.exit(self), "60 seconds"), (exit) => {
    assert.strictEqual(exit._tag, "Some", "a call went on for ever")
    return exit._tag === "Some" ? exit.value : Exit.die("unreachable")
  })

const isTyped = (exit: Exit.Exit<unknown, unknown>): boolean => Exit.isSuccess(exit) || !Cause.hasDies(exit.cause)

/** Plays the scenario with the fault, and says whether the reservation was served. */
const play = Effect.fnUntraced(function* (
  id: string,
  { proxy, ledger }: Effect.Success<ReturnType<typeof ledgerThroughProxy>>,
  { fault, scenario }: { readonly fault: Fault; readonly scenario: Scenario },
) {
  const asked = reservation(id, 5n, [claim(100n, { account: id })], { expiresAt: lease })
  const reserve = ledger.reserve(asked)
  if (scenario === "settle" || scenario === "release") {
    yield* reserve
    proxy.arm(fault)
    const end = scenario === "settle" ? ledger.settle(settlement(id, 2n)) : Effect.as(ledger.release(id), [])
    const ended = yield* inTime(end)
    assert.isTrue(isTyped(ended), String(ended))
    const movements = Exit.isSuccess(ended) ? ended.value : yield* persistently(end)
    // Whatever was lost, it is told what moved, and it is told once.
    assert.lengthOf(movements, scenario === "settle" ? 1 : 0, id)
    proxy.disarm()
    assert.lengthOf(yield* persistently(end), 0, id)
    return scenario === "settle"
  }
  proxy.arm(fault)
  if (scenario === "interrupt") {
    const fiber = yield* Effect.forkChild(Effect.uninterruptible(reserve), { startImmediately: true })
    yield* Effect.sleep(5)
    yield* inTime(Fiber.interrupt(fiber))
    const exit = yield* Fiber.await(fiber)
    assert.isTrue(isTyped(exit), String(exit))
    if (Exit.isFailure(exit)) return false
    yield* persistently(ledger.settle(settlement(id, 2n)))
    return true
  }
  const reserved = yield* inTime(reserve)
  assert.isTrue(isTyped(reserved), String(reserved))
  const isReserved = Exit.isSuccess(reserved)
  yield* persistently(isReserved ? ledger.settle(settlement(id, 2n)) : ledger.release(id))
  return isReserved
})

describe.skipIf(withoutPostgres !== undefined)("a ledger on PostgreSQL whose network loses a packet", () => {
  it.live("ends every call in time, and has in its journal what was served, and nothing that stays open", () =>
    Effect.gen(function* () {
      const name = yield* schema
      const database = postgresIn(name)
      const calm = yield* ledgerOn(database)
      const sql = Context.get(yield* Layer.build(database), SqlClient.SqlClient)
      const outcomes = yield* Effect.forEach(
        faults,
        ({ scenario, ...fault }) =>
          Effect.scoped(
            Effect.gen(function* () {
              const id = `${scenario} ${fault.kind} ${fault.direction} ${fault.packet}`
              const through = yield* ledgerThroughProxy(name)
              const served = yield* play(id, through, { scenario, fault })
              // What is given back in the background is there in the end.
              yield* Effect.repeat(
                sql`SELECT id FROM holdfast_journal WHERE id = ${id} AND kind IN ('Settled', 'Released')`,
                { until: (ends) => ends.length > 0, schedule: Schedule.spaced("50 millis") },
              )
              assert.deepStrictEqual(yield* calm.total({ account: id, since: 0 }), total(served ? 2n : 0n, 0n, 0n), id)
              through.proxy.close()
              return { scenario, kind: fault.kind, packet: fault.packet, hit: through.proxy.hit(), served, id }
            }),
          ),
        { concurrency: 20 },
      )
      assert.deepStrictEqual(yield* calm.outstanding, [])
      const entries = yield* Stream.runCollect(calm.entries())
      const settled = entries.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement.id] : []))
      assert.deepStrictEqual(settled.toSorted(), outcomes.flatMap(({ id, served }) => (served ? [id] : [])).toSorted())
      for (const kind of ["cut", "swallow", "delay"]) {
        assert.isAtLeast(outcomes.filter((each) => each.kind === kind && each.hit).length, 30)
      }
      // An end is one operation, so there is nothing after it that could be harmed.
      const ends = outcomes.filter(({ scenario }) => scenario === "settle" || scenario === "release")
      assert.isTrue(ends.every(({ hit, kind, packet }) => packet < packets || kind !== "delay" || !hit))
    }),
  )
})
