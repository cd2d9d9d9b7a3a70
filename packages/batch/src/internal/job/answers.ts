/**
 * Reads the answers of a job: each item's program runs to its end on the answer that the vendor gave, and is settled once.
 *
 * Settling is idempotent by item, so no lease is needed, and whoever starts the job again reads all of its answers again.
 */
import { Resilient } from "@holdfast/core"
import * as Events from "@holdfast/core/Event"
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { Ledger } from "@holdfast/cost"
import { type Context, Effect, Result, Stream } from "effect"

import { Meter } from "../bulk/bill.ts"
import { type BulkResult } from "../bulk/options.ts"
import { type Entry } from "../bulk/session.ts"
import { accountOf, type AnyModel, CurrentAccount, itemModel, reservationOf, settleUnread } from "./account.ts"
import { JobDiffers, type JobsUnavailable } from "./errors.ts"
import { type Options } from "./options.ts"
import { replaying } from "./replay.ts"
import { type ItemRow, type JobRow } from "./rows.ts"
import { stateOf } from "./state.ts"
import { type Store } from "./store.ts"
import { tellMove } from "./told.ts"

export interface Reading<I, A, E, K extends Kind, EI> {
  readonly store: Store
  readonly provider: BatchProvider<K>
  readonly options: Pick<Options<I, A, E, unknown, K>, "ask" | "budgets" | "settings">
  readonly window: number
  readonly job: JobRow
  readonly entries: Stream.Stream<Entry<I>, EI>
  /** Whether an item that the job does not have is known to be over elsewhere. */
  readonly isDone: (id: string) => boolean
}

/** A result, and the item that it is of. */
export interface Given<I, A> {
  readonly item: I
  readonly result: BulkResult<A, unknown>
}

type Failures = JobDiffers | JobsUnavailable | Ledger.LedgerUnavailable

export const answers = <I, A, E, K extends Kind, EI>(
  work: Reading<I, A, E, K, EI>,
): Stream.Stream<Given<I, A>, EI | Failures, Ledger.Ledger> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { entries, job, options, provider, store, window } = work
      const ledger = yield* Ledger.Ledger
      const { context, model } = yield* itemModel(provider, replaying, options)
      const settles = stateOf(yield* store.pieces(job.id)) !== "settled"
      let found = 0
      const one = (entry: Entry<I>, row: ItemRow) => {
        found++
        return Effect.map(answered(work, { entry, row, ledger, context, model, settles }), (result): Given<I, A> => ({
          item: entry.item,
          result,
        }))
      }
      return entries.pipe(
        Stream.grouped(window),
        Stream.mapEffect((some) => rowsOf(work, some)),
        Stream.flattenIterable,
        Stream.mapEffect(({ entry, row }) => one(entry, row), { concurrency: window }),
        Stream.concat(Stream.fromEffectDrain(Effect.suspend(() => ended(work, found, settles)))),
      )
    }),
  )

interface Pair<I> {
  readonly entry: Entry<I>
  readonly row: ItemRow
}

const rowsOf = <I>(
  { isDone, job, store }: Pick<Reading<I, unknown, unknown, Kind, unknown>, "isDone" | "job" | "store">,
  entries: ReadonlyArray<Entry<I>>,
): Effect.Effect<ReadonlyArray<Pair<I>>, JobDiffers | JobsUnavailable> =>
  Effect.flatMap(
    store.items.byId(
      job.id,
      entries.map(({ id }) => JSON.stringify(id)),
    ),
    (rows) => {
      const byId = new Map(rows.map((row) => [row.id, row]))
      const pairs: Array<Pair<I>> = []
      for (const entry of entries) {
        const row = byId.get(JSON.stringify(entry.id))
        if (row !== undefined) pairs.push({ entry, row })
        else if (!isDone(entry.id)) {
          return Effect.fail(new JobDiffers({ job: job.id, reason: "UnknownItem", detail: entry.id }))
        }
      }
      return Effect.succeed(pairs)
    },
  )

interface Asked<I> extends Pair<I> {
  readonly ledger: Ledger.Service
  readonly context: Context.Context<never>
  readonly model: AnyModel
  readonly settles: boolean
}

const answered = <I, A, E, K extends Kind, EI>(
  { job, options, provider }: Reading<I, A, E, K, EI>,
  { context, entry: { id, index, item }, ledger, model, row, settles }: Asked<I>,
): Effect.Effect<BulkResult<A, unknown>, Ledger.LedgerUnavailable> =>
  Effect.suspend(() => {
    const meter = new Meter()
    const account = accountOf({
      job: job.id,
      id,
      reservation: reservationOf(job.id, job.round, row.seq),
      row,
      settles: settles && row.kind !== "Unsent",
    })
    const asked = Resilient.withFailures(options.ask(item), model) as Effect.Effect<A, E>
    const heard = Events.listen(Effect.provideContext(asked, context), meter.sink)
    return Effect.flatMap(Effect.result(Effect.provideService(heard, CurrentAccount, account)), (outcome) => {
      if (account.ledgerFailure !== undefined) return Effect.fail(account.ledgerFailure)
      const { bill } = meter
      const result: BulkResult<A, unknown> = Result.isSuccess(outcome)
        ? { _tag: "Answered", id, index, answer: outcome.success, bill }
        : { _tag: "Failed", id, index, error: outcome.failure, bill }
      return account.settles && !account.settled
        ? Effect.as(settleUnread(ledger, account, provider), result)
        : Effect.succeed(result)
    })
  })

/** All items are settled, unless some of them were not given this time. */
const ended = <K extends Kind>(
  { job, provider, store }: Pick<Reading<never, unknown, unknown, K, unknown>, "job" | "provider" | "store">,
  found: number,
  settles: boolean,
): Effect.Effect<void, JobDiffers | JobsUnavailable> => {
  const items = job.items ?? 0
  if (found < items) {
    return Effect.fail(new JobDiffers({ job: job.id, reason: "ItemsMissing", detail: String(items - found) }))
  }
  if (!settles) return Effect.void
  const files = Effect.flatMap(store.pieces(job.id), (pieces) =>
    Effect.forEach(pieces, ({ file }) => (file === undefined ? Effect.void : Effect.ignore(provider.forget(file))), {
      discard: true,
    }),
  )
  // A file that stays costs nothing, and expires.
  const settled = Effect.flatMap(store.settled(job.id), (pieces) =>
    Effect.forEach(pieces, (piece) => tellMove(job, { piece, intentAt: undefined }, "settled"), { discard: true }),
  )
  return Effect.andThen(settled, files)
}
