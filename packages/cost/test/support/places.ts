import { Context, Effect, Layer, type Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

import { postgres, sqlite, withoutPostgres } from "../databases.ts"
import { databasePlace, inMemoryPlace, type Place } from "./histories.ts"

const on = (database: Effect.Effect<Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>, unknown, Scope.Scope>) =>
  Effect.map(Effect.flatMap(database, Layer.build), (context) =>
    databasePlace(Context.get(context, SqlClient.SqlClient)),
  )

/** Where histories are played, and which share of all of them, as their speed allows. */
export const places: ReadonlyArray<{
  readonly name: string
  readonly place: Effect.Effect<Place, unknown, Scope.Scope>
  readonly share: number
  readonly missing: string | undefined
}> = [
  { name: "memory", place: Effect.succeed(inMemoryPlace), share: 1, missing: undefined },
  { name: "SQLite", place: on(sqlite), share: 0.4, missing: undefined },
  { name: "PostgreSQL", place: on(postgres), share: 0.1, missing: withoutPostgres },
]
