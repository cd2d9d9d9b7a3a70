/**
 * Transactions that end, also on a connection that was lost in their midst.
 */
import { Cause, Duration, Effect, Predicate } from "effect"
import { type SqlClient, type SqlConnection, SqlError } from "effect/sql"

import { endedWithin } from "./patience.ts"

/** All of it is written, or nothing is. A connection that is lost is a failure, wherever that happens. */
export const transaction = <A, E>(
  sql: SqlClient.SqlClient,
  self: Effect.Effect<A, E>,
): Effect.Effect<A, E | SqlError.SqlError> =>
  withFailures<A, E | SqlError.SqlError>(
    sql.onDialectOrElse({
      pg: () => interruptible(sql, self),
      orElse: () => sql.withTransaction(self),
    }),
  )

// Each step can be interrupted, also the first and the last one: a driver drops a connection only when what was asked on it is
// interrupted, and those of `withTransaction` cannot be.
const interruptible = <A, E>(
  sql: SqlClient.SqlClient,
  self: Effect.Effect<A, E>,
): Effect.Effect<A, E | SqlError.SqlError> =>
  Effect.scoped(
    Effect.flatMap(sql.reserve, (connection) =>
      connection.executeUnprepared("BEGIN", [], undefined).pipe(
        Effect.andThen(Effect.provideService(self, sql.transactionService, [connection, 0])),
        Effect.tap(commit(connection)),
        Effect.onError(() => endedWithin(connection.executeUnprepared("ROLLBACK", [], undefined), rollbackTimeout)),
      ),
    ),
  )

const rollbackTimeout = Duration.seconds(2)

// PostgreSQL answers the commit of a transaction that has failed with the command that it ran instead.
const commit = (connection: SqlConnection.Connection): Effect.Effect<void, SqlError.SqlError> =>
  Effect.flatMap(connection.executeRaw("COMMIT", []), (result) =>
    Predicate.hasProperty(result, "command") && result.command === "ROLLBACK" ? Effect.fail(rolledBack) : Effect.void,
  )

const rolledBack = new SqlError.SqlError({
  reason: new SqlError.UnknownError({ message: "the transaction was rolled back", cause: undefined }),
})

// Clients die of a failure to roll back, which is what a lost connection looks like to them.
const withFailures = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError.SqlError> =>
  Effect.catchCause(self, (cause): Effect.Effect<never, E | SqlError.SqlError> => {
    const defect = cause.reasons.find(isLost)
    return defect === undefined ? Effect.failCause(cause) : Effect.fail(defect.defect)
  })

const isLost = (reason: Cause.Reason<unknown>): reason is Cause.Die & { readonly defect: SqlError.SqlError } =>
  Cause.isDieReason(reason) && Predicate.isTagged(reason.defect, "SqlError")
