/**
 * Tables as they came about: made where there are none, brought up to date where they are older, and left alone where a later
 * version of this library has made them. For the ledger, and for other packages that keep tables beside it.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import { Migrator, SqlClient, type SqlError } from "effect/sql"

/**
 * One change of tables whose names begin with a prefix.
 *
 * @since 0.1.0
 * @category models
 */
export type Migration = (sql: SqlClient.SqlClient, prefix: string) => Effect.Effect<unknown, SqlError.SqlError>

/**
 * The database has tables that this version does not know how to keep.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewerTables {
  readonly _tag: "NewerTables"
  readonly message: string
}

/**
 * Makes tables, or brings them up to date. What was done is written down in the table `<prefix>_migrations`.
 *
 * **Details**
 *
 * Migrations are named by version and name, such as `1_ledger`. What was published is never changed; a change of the tables is one more.
 *
 * @since 0.1.0
 * @category combinators
 */
export const migrate = (
  prefix: string,
  migrations: Readonly<Record<string, Migration>>,
): Effect.Effect<void, Migrator.MigrationError | SqlError.SqlError | NewerTables, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => {
    const table = `${prefix}_migrations`
    const known = Math.max(...Object.keys(migrations).map(Number.parseFloat))
    const steps = Object.entries(migrations).map(([name, run]) => [name, run(sql, prefix)] as const)
    const newest = sql.unsafe<{ readonly found: unknown }>(
      `SELECT COALESCE(MAX(migration_id), 0) AS found FROM ${table}`,
    )
    return Migrator.make({})({ loader: Migrator.fromRecord(Object.fromEntries(steps)), table }).pipe(
      Effect.andThen(newest.withoutTransform),
      Effect.flatMap(([row]) => {
        const found = Number(row?.found)
        return found > known ? Effect.fail(newer(found, known)) : Effect.void
      }),
    )
  })

const newer = (found: number, known: number): NewerTables => ({
  _tag: "NewerTables",
  message: `its tables are of version ${found}, and this program knows version ${known} and earlier ones`,
})
