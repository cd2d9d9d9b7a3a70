/**
 * A `SqlClient` of `effect/sql` on the SQLite that is built into Node.js.
 *
 * There is one connection, lent to one statement or transaction at a time, because SQLite has one writer. `node:sqlite`
 * works synchronously: a statement runs to its end on the thread that asked. Waiting for a lock of another process does not
 * block the thread.
 *
 * @since 0.1.0
 */
import { DatabaseSync } from "node:sqlite"

import {
  Cause,
  Config,
  Context,
  Duration,
  Effect,
  identity,
  Layer,
  Schedule,
  type Scope,
  Semaphore,
  Stream,
} from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, type SqlError, Statement } from "effect/sql"

import { OpenFiles } from "./internal/openFiles.ts"
import { codeOf, failure, fileMoved, isBusy } from "./internal/sqliteFailure.ts"
import { type Shape, Statements } from "./internal/statements.ts"

/**
 * Which database, and how it is opened.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A path, or `":memory:"`. The file is made if there is none; its folder is not. */
  readonly filename: string
  /** Only reads. The file has to be there. `false` if left out. */
  readonly readonly?: boolean | undefined
  /** How long to wait while another process holds the database. 5 seconds if left out. */
  readonly busyTimeout?: Duration.Input | undefined
  /**
   * When a commit is on the disk. `full`, if left out, survives a loss of power; `normal` may then lose the last
   * transactions, but none when only the process dies, and is several times as fast.
   */
  readonly synchronous?: "full" | "normal" | undefined
  /** How many prepared statements are kept. 200 if left out. */
  readonly preparedStatements?: number | undefined
  /** From the names in the program to those in the database, such as `String.camelToSnake`. */
  readonly transformQueryNames?: ((name: string) => string) | undefined
  /** From the names in the database to those in the program. */
  readonly transformResultNames?: ((name: string) => string) | undefined
  /** Added to the spans of statements. */
  readonly spanAttributes?: Readonly<Record<string, unknown>> | undefined
}

/**
 * SQLite's extended result code of a failure, such as 13 for a full disk. `undefined` if SQLite did not raise it.
 *
 * **When to use**
 *
 * Use where the reasons of `effect/sql` are too coarse: a full disk (13), a damaged file (11) and a file that is not a database
 * (26) are all `UnknownError`. The codes are listed at https://www.sqlite.org/rescode.html.
 *
 * @since 0.1.0
 * @category getters
 */
export const resultCode = (error: SqlError.SqlError): number | undefined => codeOf(error.reason.cause)

/**
 * Opens a database, and closes it with the scope.
 *
 * **Details**
 *
 * - The journal is a write-ahead log, foreign keys are checked, and the schema is not trusted to call functions with side
 *   effects.
 * - A transaction takes the write lock when it begins (`BEGIN IMMEDIATE`), so that it never fails half-way because another
 *   one was quicker. Transactions inside of transactions are savepoints.
 * - Integers are read as numbers where these are exact, and as `bigint` beyond 2^53. Booleans are written as 0 and 1, dates
 *   as ISO 8601 text.
 * - Failures have the reasons of `effect/sql`: `LockTimeoutError` for a database that stays locked, `UniqueViolation` and
 *   `ConstraintError`, `AuthorizationError` for one that may only be read, `SqlSyntaxError`, `ConnectionError` for a file
 *   that cannot be opened or read, and `UnknownError` for the rest (see `resultCode`).
 * - A file that was deleted or replaced while it is open is a `ConnectionError`, until it is back. SQLite itself would go on
 *   writing into what nobody will find again.
 *
 * **Gotchas**
 *
 * A statement blocks the thread for as long as it runs.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  if (options.filename === "") return yield* Effect.die(new Error("SqliteClient: filename must not be empty"))
  const kept = options.preparedStatements ?? 200
  if (!Number.isInteger(kept) || kept < 1) {
    return yield* Effect.die(new Error("SqliteClient: preparedStatements must be a whole number, 1 or more"))
  }
  const database = yield* opened(options)
  const connection = connectionOf(database, {
    files: new OpenFiles(options.filename),
    statements: new Statements(database, kept),
    busyTimeout: Duration.fromInputUnsafe(options.busyTimeout ?? "5 seconds"),
  })
  const transformResult = options.transformResultNames
  const client = yield* SqlClient.make({
    ...SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore: yield* Semaphore.make(1),
      isTransaction: () => database.isTransaction,
    }),
    compiler: Statement.makeCompilerSqlite(options.transformQueryNames),
    ...(transformResult !== undefined && {
      transformRows: Statement.defaultTransforms(transformResult).array,
    }),
    driver: "sqlite-node",
    beginTransaction: options.readonly === true ? "BEGIN" : "BEGIN IMMEDIATE",
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    prepareTransactionControls: true,
    spanAttributes: [["db.system.name", "sqlite"], ...Object.entries(options.spanAttributes ?? {})],
  })
  const { withTransaction } = client
  return Object.assign(client, {
    withTransaction: <R, E, A>(self: Effect.Effect<A, E, R>) =>
      Effect.flatMap(callersMask, (restore) => Effect.provideService(withTransaction(self), TransactionMask, restore)),
  })
})

/**
 * A client of one database.
 *
 * **Example** (A database in memory)
 *
 * ```ts
 * import { SqliteClient } from "@holdfast/sqlite"
 * import { Effect } from "effect"
 * import { SqlClient } from "effect/sql"
 *
 * const answer = Effect.gen(function* () {
 *   const sql = yield* SqlClient.SqlClient
 *   const [row] = yield* sql<{ answer: bigint }>`SELECT 9007199254740993 AS answer`
 *   return row?.answer
 * })
 *
 * await Effect.runPromise(Effect.provide(answer, SqliteClient.layer({ filename: ":memory:" }))) // => 9007199254740993n
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))

/**
 * A client with its options from the configuration.
 *
 * **Example** (The path from the environment)
 *
 * ```ts
 * import { SqliteClient } from "@holdfast/sqlite"
 * import { Config, Layer } from "effect"
 *
 * const database = SqliteClient.layerConfig({ filename: Config.String("DATABASE_FILE") })
 *
 * Layer.isLayer(database) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Wrap<Options>,
): Layer.Layer<SqlClient.SqlClient, Config.ConfigError | SqlError.SqlError> =>
  Layer.unwrap(Config.map(Config.unwrap(config), layer))

const opened = (options: Options): Effect.Effect<DatabaseSync, SqlError.SqlError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => new DatabaseSync(options.filename, { readOnly: options.readonly ?? false }),
      catch: (cause) => failure(cause, "open"),
    }),
    (database) => Effect.sync(() => database.close()),
  ).pipe(
    Effect.tap((database) =>
      patiently(
        Effect.try({ try: () => database.exec(pragmas(options)), catch: (cause) => failure(cause, "open") }),
        Duration.fromInputUnsafe(options.busyTimeout ?? "5 seconds"),
      ),
    ),
  )

// SQLite's own wait for a lock would block the thread, so it is off.
const pragmas = ({ readonly = false, synchronous = "full" }: Options): string =>
  [
    "busy_timeout = 0",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    ...(readonly ? [] : ["journal_mode = WAL", `synchronous = ${synchronous}`]),
    // Reads the file's header, which tells whether it is a database at all.
    "schema_version",
  ]
    .map((pragma) => `PRAGMA ${pragma};`)
    .join("\n")

type Restore = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

// A transaction begins uninterruptibly, but the wait for its lock can be interrupted where its caller can be.
const TransactionMask: Context.Reference<Restore> = Context.Reference<Restore>("@holdfast/sqlite/TransactionMask", {
  defaultValue: () => identity,
})

const callersMask: Effect.Effect<Restore> = Effect.uninterruptibleMask((restore) => Effect.succeed(restore))

interface Session {
  readonly files: OpenFiles
  readonly statements: Statements
  readonly busyTimeout: Duration.Duration
}

const connectionOf = (
  database: DatabaseSync,
  { busyTimeout, files, statements }: Session,
): SqlConnection.Connection => {
  const execute = (sql: string, run: () => unknown): Effect.Effect<unknown, SqlError.SqlError> => {
    const tried = Effect.try({ try: run, catch: (cause) => failure(cause, "execute") })
    // Once at the beginning of a transaction, and once more before it is said to be written.
    const once = Effect.suspend(() => {
      const isWithin = !database.isOpen || (database.isTransaction && sql !== "COMMIT")
      const moved = isWithin ? undefined : files.moved
      return moved === undefined ? tried : Effect.fail(fileMoved(moved))
    })
    return Effect.catchIf(
      once,
      // Within a transaction the one who waits holds a lock itself. Only its end may be tried again.
      (error) => isBusy(error) && (!database.isTransaction || sql === "COMMIT"),
      () =>
        sql.startsWith("BEGIN")
          ? Effect.flatMap(TransactionMask, (restore) => restore(patiently(once, busyTimeout)))
          : patiently(once, busyTimeout),
    )
  }
  const prepared = (sql: string, parameters: ReadonlyArray<unknown>, shape: Shape) =>
    execute(sql, () => statements.run(sql, parameters, shape))
  const unprepared = (sql: string, parameters: ReadonlyArray<unknown>, shape: Shape) =>
    execute(sql, () => statements.runOnce(sql, parameters, shape))
  return {
    execute: (sql, parameters, transform) => Effect.map(prepared(sql, parameters, "rows"), rowsOf(transform)),
    executeRaw: (sql, parameters) => prepared(sql, parameters, "changes"),
    executeValues: (sql, parameters) => Effect.map(prepared(sql, parameters, "values"), valuesOf),
    executeUnprepared: (sql, parameters, transform) =>
      Effect.map(unprepared(sql, parameters, "rows"), rowsOf(transform)),
    executeValuesUnprepared: (sql, parameters) => Effect.map(unprepared(sql, parameters, "values"), valuesOf),
    executeStream: (sql, parameters, transform) =>
      Stream.suspend(() => streamed(statements.rows(sql, parameters), rowsOf(transform))),
  }
}

// As SQLite itself would wait, but asleep: from 1 millisecond up to 25.
const busyWaits = Schedule.exponential("1 millis", 1.5).pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.millis(25)))),
)

const patiently = <A>(
  self: Effect.Effect<A, SqlError.SqlError>,
  busyTimeout: Duration.Duration,
): Effect.Effect<A, SqlError.SqlError> =>
  Effect.retry(self, { schedule: busyWaits.pipe(Schedule.upTo({ duration: busyTimeout })), while: isBusy })

type Rows = ReadonlyArray<SqlConnection.Row>
type Transform = (<A extends object>(rows: ReadonlyArray<A>) => ReadonlyArray<A>) | undefined

const rowsOf =
  (transform: Transform) =>
  (rows: unknown): Rows =>
    transform === undefined ? (rows as Rows) : transform(rows as Rows)

const valuesOf = (rows: unknown) => rows as ReadonlyArray<ReadonlyArray<unknown>>

const batch = 128

const streamed = (
  rows: Generator<object>,
  transform: (rows: unknown) => Rows,
): Stream.Stream<SqlConnection.Row, SqlError.SqlError> => {
  const pull = Effect.suspend(() => {
    const some: Array<object> = []
    return Effect.flatMap(
      Effect.try({
        try: () => {
          while (some.length < batch) {
            const next = rows.next()
            if (next.done === true) break
            some.push(next.value)
          }
        },
        catch: (cause) => failure(cause, "stream"),
      }),
      () =>
        some.length === 0
          ? Cause.done()
          : Effect.succeed(transform(some) as unknown as readonly [SqlConnection.Row, ...Array<SqlConnection.Row>]),
    )
  })
  return Stream.ensuring(
    Stream.fromPull(Effect.succeed(pull)),
    Effect.sync(() => rows.return(undefined)),
  )
}
