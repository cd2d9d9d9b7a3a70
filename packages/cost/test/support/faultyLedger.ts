/**
 * Ledgers whose storage fails at will: before anything is written, in its midst, after it was written, or by silence.
 */
import { Deferred, Effect, Exit, Layer, Scope } from "effect"
import { SqlClient, type SqlConnection, SqlError } from "effect/sql"

import * as Ledger from "../../src/Ledger.ts"
import { ledgerInMemory } from "../budgeted.ts"
import { ledgerOn } from "../databases.ts"

export const faults = ["before", "midst", "after", "silence"] as const

type Fault = (typeof faults)[number]

/** What is wrong at the moment. */
class Weather {
  fault: Fault | undefined
  /** A process that is no more does nothing any more. */
  isDead = false
  #calm = Deferred.makeUnsafe<void>()

  get silence(): Effect.Effect<void> {
    return Deferred.await(this.#calm)
  }

  heal(): void {
    this.fault = undefined
    Deferred.doneUnsafe(this.#calm, Effect.void)
    this.#calm = Deferred.makeUnsafe<void>()
  }
}

/** A ledger of one process, and a way to end that process. */
export interface FaultyLedger {
  readonly ledger: Ledger.Service
  readonly weather: Weather
  readonly kill: Effect.Effect<void>
}

const lost = (): SqlError.SqlError =>
  new SqlError.SqlError({ reason: new SqlError.ConnectionError({ message: "lost", cause: undefined }) })

/** Does one thing in the weather that there is. `half` is what it comes to when it fails in its midst. */
const exposed = <A, E, E2>(
  weather: Weather,
  self: Effect.Effect<A, E>,
  { error, half }: { readonly error: () => E2; readonly half: Effect.Effect<unknown, unknown> },
): Effect.Effect<A, E | E2> =>
  Effect.suspend((): Effect.Effect<A, E | E2> => {
    const failure = Effect.suspend(() => Effect.fail(error()))
    switch (weather.isDead ? "before" : weather.fault) {
      case "before":
        return failure
      case "midst":
        return Effect.andThen(Effect.exit(half), failure)
      case "after":
        return Effect.andThen(self, failure)
      case "silence":
        return Effect.andThen(weather.silence, failure)
      default:
        return self
    }
  })

/** In memory: what fails is the way to it. */
export const inMemory = Effect.map(ledgerInMemory, (ledger): FaultyLedger => {
  const weather = new Weather()
  const through = <A>(
    operation: "reserve" | "settle" | "release",
    self: Effect.Effect<A, Ledger.LedgerUnavailable>,
  ): Effect.Effect<A, Ledger.LedgerUnavailable> =>
    exposed(weather, self, {
      error: () => new Ledger.LedgerUnavailable({ operation, reason: "ConnectionLost" }),
      half: Effect.void,
    })
  // A reservation that is given up may have been made.
  const reserve: Ledger.Service["reserve"] = (reservation) =>
    Effect.onInterrupt(Effect.interruptible(through("reserve", ledger.reserve(reservation))), () =>
      Effect.asVoid(ledger.persist(through("release", ledger.release(reservation.id)))),
    )
  return {
    ledger: {
      ...ledger,
      reserve,
      settle: (settlement) => through("settle", ledger.settle(settlement)),
      release: (id) => through("release", ledger.release(id)),
    },
    weather,
    kill: Effect.void,
  }
})

const rolledBack = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<never, E | SqlError.SqlError> =>
  Effect.andThen(
    self,
    Effect.suspend(() => Effect.fail(lost())),
  )

/** The client of a database whose transactions fail with the weather. */
const exposedClient = (sql: SqlClient.SqlClient, weather: Weather): SqlClient.SqlClient =>
  new Proxy(sql, {
    get: (target, name, receiver) => {
      if (name === "withTransaction") {
        return <A, E>(self: Effect.Effect<A, E>) =>
          exposed(weather, target.withTransaction(self), {
            error: lost,
            half: target.withTransaction(rolledBack(self)),
          })
      }
      if (name === "reserve") return Effect.map(target.reserve, (connection) => exposedConnection(connection, weather))
      return Reflect.get(target, name, receiver) as unknown
    },
  })

const exposedConnection = (connection: SqlConnection.Connection, weather: Weather): SqlConnection.Connection =>
  new Proxy(connection, {
    get: (target, name, receiver) => {
      const found: unknown = Reflect.get(target, name, receiver)
      if (typeof found !== "function") return found
      return (sql: string, ...rest: ReadonlyArray<unknown>) => {
        const self = Reflect.apply(found, target, [sql, ...rest]) as Effect.Effect<unknown, SqlError.SqlError>
        // A transaction is lost with its first or its last word.
        if (sql !== "COMMIT" && sql !== "BEGIN") return self
        if (sql === "BEGIN" && (weather.fault === "after" || weather.fault === "midst")) return self
        return exposed(weather, self, { error: lost, half: Effect.void })
      }
    },
  })

/** In a database, by a process of its own. */
export const inDatabase = (sql: SqlClient.SqlClient): Effect.Effect<FaultyLedger, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const weather = new Weather()
    const scope = yield* Scope.fork(yield* Effect.scope)
    const client = Layer.succeed(SqlClient.SqlClient, exposedClient(sql, weather))
    const ledger = yield* Scope.provide(ledgerOn(client, { timeout: "2 minutes", pollInterval: "1 second" }), scope)
    const kill = Effect.suspend(() => {
      weather.isDead = true
      weather.heal()
      return Scope.close(scope, Exit.void)
    })
    return { ledger, weather, kill }
  })
