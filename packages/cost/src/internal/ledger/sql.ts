/**
 * A ledger in a database.
 *
 * What several fibers ask for at the same time is done in one transaction: it locks the accounts, reads their totals, lets
 * a ledger in memory decide, and writes down what came of it. So limits are checked by the same code as in memory, one commit
 * serves many, and of what fails nothing is written.
 */
import { Cause, Deferred, type Duration, Effect, Exit, Option, Queue, Schedule, type Schema } from "effect"
import { type SqlClient, SqlError } from "effect/sql"

import { type Claim, type DamagedRow, type Entry, idOf, read, writeReservation } from "./journal.ts"
import { type Held, MemoryLedger } from "./memory.ts"
import { within } from "./patience.ts"
import { type Asker, UntoldMovements } from "./sqlMovements.ts"
import { type Answer, claimsIn, detailsOf, idsOf, type Operation, perform } from "./sqlOperation.ts"
import { type AccountSpan, LedgerStore, type TotalRow } from "./sqlTables.ts"
import { apply, type Event, type Time } from "./state.ts"

export type Trouble = SqlError.SqlError | Schema.SchemaError | DamagedRow

interface SqlLedger {
  readonly store: LedgerStore
  /** Does it in the next transaction, also when its fiber no longer waits for the answer, which is not longer than the timeout. */
  readonly submit: (operation: Operation) => Effect.Effect<Answer, Trouble>
}

interface Pending extends Asker {
  readonly operation: Operation
  /** What the journal keeps of it. */
  readonly details: ReadonlyArray<readonly [content: object, text: string]>
  readonly answer: Deferred.Deferred<Answer, Trouble>
}

/** How many operations one transaction does at most. */
const batch = 256

export const open = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  options: { readonly prefix: string; readonly tolerance: number; readonly timeout: Duration.Duration },
) {
  const { timeout } = options
  const store = new LedgerStore(sql, options)
  const pending = yield* Queue.unbounded<Pending>()
  const latest = yield* within(store.latest, timeout)
  const time = { latest, doubt: undefined }
  const untold = new UntoldMovements()
  const session: Session = { store, tolerance: options.tolerance, timeout, time, claims: new Map(), untold }
  const work = Effect.flatMap(Queue.takeBetween(pending, 1, batch), (some) =>
    Effect.uninterruptible(answered(session, some)),
  )
  // What is still asked for when the ledger is closed is done before it is.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(Queue.clear(pending), (rest) =>
      Effect.andThen(Queue.shutdown(pending), rest.length === 0 ? Effect.void : answered(session, rest)),
    ),
  )
  yield* Effect.forkScoped(Effect.forever(work))
  const submit = (operation: Operation): Effect.Effect<Answer, Trouble> =>
    Effect.flatMap(detailsOf(operation), (details) =>
      Effect.suspend(() => {
        const one: Pending = { operation, details, answer: Deferred.makeUnsafe<Answer, Trouble>(), isLost: false }
        if (!Queue.offerUnsafe(pending, one)) return Effect.fail(closed)
        return Effect.onError(within(Deferred.await(one.answer), timeout), () =>
          Effect.sync(() => {
            one.isLost = true
          }),
        )
      }),
    )
  const ledger: SqlLedger = { store, submit }
  return ledger
})

interface Session {
  readonly store: LedgerStore
  readonly tolerance: number
  readonly timeout: Duration.Duration
  /** That of the last entry that this process knows of. */
  time: Time
  /**
   * Of reservations that this process asked for and has not ended, so that it knows what to lock. Also where the answer was lost:
   * an end that did not wait for its beginning would overtake it.
   */
  readonly claims: Map<string, ReadonlyArray<Claim>>
  readonly untold: UntoldMovements
}

// Everything is idempotent, so a transaction that may or may not have been committed can be repeated.
const again = Schedule.exponential("20 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 3 }))

const mayHelp = (error: Trouble): boolean =>
  error._tag === "SqlError" && error.isRetryable && error.reason._tag !== "LockTimeoutError"

const answered = (session: Session, all: ReadonlyArray<Pending>): Effect.Effect<void> => {
  for (const { operation } of all) {
    if (operation._tag === "Reserve") session.claims.set(operation.reservation.id, operation.reservation.claims)
  }
  let isDoubtful = false
  const attempt = Effect.tapError(session.store.transaction(transaction(session, all)), (error) =>
    Effect.sync(() => {
      isDoubtful ||= isConnectionLost(error)
    }),
  )
  const attempts = Effect.retry(attempt, { schedule: again, while: mayHelp })
  return within(attempts, session.timeout).pipe(
    Effect.exit,
    Effect.flatMap((exit) => {
      if (Exit.isSuccess(exit)) remember(session, all, exit.value)
      else {
        if (!isDoubtful && !mayBeWritten(exit.cause)) forget(session, all)
        if (all.length > 1 && isDamage(exit.cause)) return inHalves(session, all)
      }
      for (const [index, { answer }] of all.entries()) {
        Deferred.doneUnsafe(
          answer,
          Exit.map(exit, ({ answers }) => answers[index] ?? "unchanged"),
        )
      }
      return Effect.void
    }),
  )
}

/** A row that cannot be read fails what asked for it, and not what happened to be done in the same transaction. */
const inHalves = (session: Session, all: ReadonlyArray<Pending>): Effect.Effect<void> => {
  const middle = all.length >> 1
  return Effect.andThen(answered(session, all.slice(0, middle)), answered(session, all.slice(middle)))
}

const isDamage = (cause: Cause.Cause<Trouble>): boolean => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  return error !== undefined && error._tag !== "SqlError"
}

const mayBeWritten = (cause: Cause.Cause<Trouble>): boolean => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  return error === undefined || isConnectionLost(error)
}

const isConnectionLost = (error: Trouble): boolean =>
  error._tag === "SqlError" && error.reason._tag === "ConnectionError"

const forget = (session: Session, all: ReadonlyArray<Pending>): void => {
  for (const { operation } of all) if (operation._tag === "Reserve") session.claims.delete(operation.reservation.id)
}

interface Done {
  readonly answers: ReadonlyArray<Answer>
  readonly time: Time
}

const transaction = Effect.fnUntraced(function* (session: Session, all: ReadonlyArray<Pending>) {
  const { store } = session
  const ids = [...new Set(all.flatMap(({ operation }) => idsOf(operation)))]
  const claims = yield* claimsOf(session, all)
  const accounts = [...new Set(claims.map(({ account }) => account))]
  yield* store.lock(accounts)
  const held = heldBy(yield* Effect.forEach(yield* store.entries(ids), read))
  const known = yield* store.totals(spansOf(claims))
  const memory = new MemoryLedger({ keep: Infinity, tolerance: session.tolerance, held })
  memory.time = session.time
  for (const { account, bucket, ...total } of known) memory.load(account, bucket, total)
  const { untold } = session
  const answers = all.map((one) =>
    perform(memory, one.operation, {
      untold: (id) => untold.get(id, one),
      moved: (id, movements) => untold.set(id, one, movements),
    }),
  )
  yield* write(store, memory, { known, all, claims })
  const done: Done = { answers, time: memory.time }
  return done
})

/** From when on each account is read. Windows of different lengths may be charged in one transaction. */
const spansOf = (claims: ReadonlyArray<AccountSpan>): ReadonlyArray<AccountSpan> => {
  const spans = new Map<string, number>()
  for (const { account, since } of claims) spans.set(account, Math.min(since, spans.get(account) ?? since))
  return [...spans].map(([account, since]) => ({ account, since }))
}

interface Written {
  readonly known: ReadonlyArray<TotalRow>
  readonly all: ReadonlyArray<Pending>
  readonly claims: ReadonlyArray<Claim>
}

const write = Effect.fnUntraced(function* (store: LedgerStore, memory: MemoryLedger, { all, claims, known }: Written) {
  const entries = memory.entries(0, Infinity)
  if (entries.length === 0) return
  const before = new Map(known.map((row) => [`${row.bucket} ${row.account}`, row]))
  const totals = [...memory.totals()].flatMap(([account, bucket, { reserved, spent, uncertain }]) => {
    const old = before.get(`${bucket} ${account}`)
    const same = old?.spent === spent && old.reserved === reserved && old.uncertain === uncertain
    return same ? [] : [{ account, bucket, spent, reserved, uncertain, isNew: old === undefined }]
  })
  const over = new Set(entries.filter(isEnd).map(idOf))
  const reserved = entries.flatMap((entry) => (entry._tag === "Reserved" ? [entry.reservation] : []))
  const left = reserved.filter(({ id }) => !over.has(id))
  yield* store.append(yield* rowsOf(entries, all))
  yield* store.save(totals)
  yield* store.open(left.map(({ expiresAt, id }) => ({ id, expires_at: expiresAt })))
  yield* store.close([...over])
  yield* store.expired(entries.filter(({ _tag }) => _tag === "Expired").map(idOf))
  const moved = new Set(totals.flatMap(({ account, isNew }) => (isNew ? [account] : [])))
  yield* store.prune(endedBefore(claims, moved, memory))
})

// An entry holds the very object that was asked for, which says which of several with one id was written.
const rowsOf = (entries: ReadonlyArray<Entry>, all: ReadonlyArray<Pending>) => {
  const details = new Map<object, string>(all.flatMap((one) => one.details))
  return Effect.forEach(entries, (entry) =>
    Effect.map(detailOf(entry, details), (detail) => ({
      id: idOf(entry),
      kind: entry._tag,
      at: entry.at,
      amount: amountOf(entry),
      detail,
    })),
  )
}

const detailOf = (entry: Entry, details: Map<object, string>): Effect.Effect<string, Schema.SchemaError> => {
  if (entry._tag === "Settled") return Effect.succeed(details.get(entry.settlement) ?? "")
  if (entry._tag !== "Reserved") return Effect.succeed("")
  // How much a slice is of is only known now.
  const known = details.get(entry.reservation)
  return known === undefined ? writeReservation(entry.reservation) : Effect.succeed(known)
}

/**
 * Which buckets count no more, of accounts that have just got a new one. They are kept for twice as long as a bucket counts, so
 * that one of yesterday is there when the clock steps back over midnight.
 */
const endedBefore = (
  claims: ReadonlyArray<Claim>,
  moved: ReadonlySet<string>,
  { tolerance }: MemoryLedger,
): ReadonlyArray<AccountSpan> =>
  spansOf(
    claims
      .filter(({ account }) => moved.has(account))
      .map(({ account, bucket, since, until }) => ({ account, since: since - 2 * (until - bucket) - tolerance })),
  )

const isEnd = ({ _tag }: Entry): boolean => _tag === "Settled" || _tag === "Released"

const amountOf = (entry: Entry): string => {
  if (entry._tag === "Reserved") return `${entry.reservation.worst}`
  return entry._tag === "Settled" ? `${entry.settlement.cost}` : "0"
}

/** The claims that the operations touch. Those of other processes' reservations stand in the journal. */
const claimsOf = (session: Session, all: ReadonlyArray<Pending>): Effect.Effect<ReadonlyArray<Claim>, Trouble> => {
  const claims: Array<Claim> = []
  const unknown: Array<string> = []
  for (const { operation } of all) {
    const own = claimsIn(operation)
    if (own !== undefined) claims.push(...own)
    if (operation._tag === "Reserve" || operation._tag === "Exchange") continue
    for (const id of idsOf(operation)) {
      const known = session.claims.get(id)
      if (known === undefined) unknown.push(id)
      else claims.push(...known)
    }
  }
  if (unknown.length === 0) return Effect.succeed(claims)
  return Effect.map(
    Effect.flatMap(Effect.andThen(session.store.configured, session.store.entries(unknown)), (rows) =>
      Effect.forEach(rows, read),
    ),
    (entries) => [
      ...claims,
      ...entries.flatMap((entry) => (entry._tag === "Reserved" ? entry.reservation.claims : [])),
    ],
  )
}

const heldBy = (entries: ReadonlyArray<Entry>): Map<string, Held> => {
  const held = new Map<string, Held>()
  for (const entry of entries) {
    const id = idOf(entry)
    const known = held.get(id)
    const hold = apply(known?.hold, eventOf(entry))?.hold ?? known?.hold
    const reservation = entry._tag === "Reserved" ? entry.reservation : known?.reservation
    if (hold !== undefined) held.set(id, { hold, reservation })
  }
  return held
}

const eventOf = (entry: Entry): Event => {
  if (entry._tag === "Reserved") return { _tag: "Reserved", worst: entry.reservation.worst }
  return entry._tag === "Settled" ? { _tag: "Settled", cost: entry.settlement.cost } : { _tag: entry._tag }
}

const remember = (session: Session, all: ReadonlyArray<Pending>, { answers, time }: Done): void => {
  session.time = time
  for (const [index, { isLost, operation }] of all.entries()) {
    if (!isLost) session.untold.delete(operation)
    if (operation._tag === "Settle") session.claims.delete(operation.settlement.id)
    else if (operation._tag === "Release") session.claims.delete(operation.id)
    else if (operation._tag === "Reserve" && answers[index] !== "admitted") {
      session.claims.delete(operation.reservation.id)
    }
  }
}

const closed = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({ message: "the ledger is closed", cause: undefined }),
})
