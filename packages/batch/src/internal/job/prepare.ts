/**
 * Prepares a job: every item's request as the vendor wants it, kept in the database, with what it may cost reserved. Nothing is sent.
 *
 * Rows are written in order and without gaps, so a process that goes on with it begins after the last one.
 */
import { Resilient } from "@holdfast/core"
import * as Events from "@holdfast/core/Event"
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider, type Limits } from "@holdfast/core/provider/BatchProvider"
import { type Budget, Ledger } from "@holdfast/cost"
import { type Context, Effect, Exit, Predicate, Stream } from "effect"
import { AiError } from "effect/ai"

import { type Entry } from "../bulk/session.ts"
import { type Account, accountOf, type AnyModel, CurrentAccount, itemModel, reservationOf } from "./account.ts"
import { type JobsUnavailable } from "./errors.ts"
import { type Held, LeaseLost } from "./lease.ts"
import { type Options } from "./options.ts"
import { capturing, writeError } from "./replay.ts"
import { type ItemRow, type JobRow } from "./rows.ts"
import { nameOf, Splitter } from "./state.ts"
import { type Store } from "./store.ts"
import { tellCounts, tellMove } from "./told.ts"

/** How many items are prepared at the same time, and written at once. */
const many = 128

export interface Preparing<I, K extends Kind, EI> {
  readonly store: Store
  readonly provider: BatchProvider<K>
  readonly options: Pick<Options<I, unknown, unknown, unknown, K>, "ask" | "budgets" | "settings">
  readonly limits: Limits
  readonly job: JobRow
  readonly held: Held
  /** The items of the job, in their order. */
  readonly entries: Stream.Stream<Entry<I>, EI>
}

type Trouble = Budget.Refusal | JobsUnavailable | LeaseLost

/** Prepares all items and cuts them into pieces. A job that does not fit its budgets is refused whole, and holds nothing. */
export const prepare = <I, K extends Kind, EI>(
  work: Preparing<I, K, EI>,
): Effect.Effect<void, EI | Trouble, Ledger.Ledger> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { entries, job, store } = work
      const ledger = yield* Ledger.Ledger
      const { context, model } = yield* itemModel(work.provider, capturing, work.options)
      const written = yield* store.items.count(job.id)
      let began = written
      const one = (entry: Entry<I>, seq: number): Effect.Effect<ItemRow, Budget.Refusal> =>
        Effect.suspend(() => {
          began = Math.max(began, seq + 1)
          const account = accountOf({
            job: job.id,
            id: entry.id,
            reservation: reservationOf(job.id, job.round, seq),
            row: undefined,
            settles: false,
          })
          return Effect.andThen(
            captured(work.options.ask(entry.item), { model, context, account }),
            Effect.suspend(() => rowOf({ work, ledger, account, seq, id: entry.id })),
          )
        })
      const all = entries.pipe(
        Stream.drop(written),
        Stream.mapEffect((entry, index) => one(entry, written + index), { concurrency: many }),
        Stream.grouped(many),
        Stream.runForEach((rows) => store.items.add(job.id, rows)),
      )
      yield* Effect.tapError(all, (error) => (isRefusal(error) ? giveBack(work, ledger, began) : Effect.void))
      const items = yield* store.items.count(job.id)
      const ranges = yield* piecesOf(work, items)
      yield* store.addPieces(job.id, ranges)
      if (!(yield* store.prepared({ job: job.id, owner: work.held.owner, items }))) return yield* new LeaseLost()
      yield* Effect.forEach(ranges, (_, piece) => tellMove(job, { piece, intentAt: undefined }, "prepared"))
      // Those that cannot be sent.
      yield* tellCounts(job, yield* store.items.kinds(job.id))
    }),
  )

interface Running {
  readonly model: AnyModel
  readonly context: Context.Context<never>
  readonly account: Account
}

/** Runs a program up to its request. Nobody hears of it: the attempt is that of the answer. */
const captured = <A, E, R>(ask: Effect.Effect<A, E, R>, { account, context, model }: Running): Effect.Effect<void> =>
  Effect.exit(Effect.provideContext(Resilient.withFailures(ask, model) as Effect.Effect<A, E>, context)).pipe(
    Effect.provideService(CurrentAccount, account),
    Effect.provideService(Events.Sink, undefined),
    Effect.withTracerEnabled(false),
    // A mistake of the program's is one, also before its request. Interruption is how a captured one ends.
    Effect.flatMap((exit) =>
      Exit.isFailure(exit) && !account.asked && account.refusal === undefined && Exit.hasDies(exit)
        ? (Effect.failCause(exit.cause) as Effect.Effect<never>)
        : Effect.void,
    ),
  )

interface Captured<I, K extends Kind, EI> {
  readonly work: Preparing<I, K, EI>
  readonly ledger: Ledger.Service
  readonly account: Account
  readonly seq: number
  readonly id: string
}

const rowOf = <I, K extends Kind, EI>({
  account,
  id,
  ledger,
  seq,
  work,
}: Captured<I, K, EI>): Effect.Effect<ItemRow, Budget.Refusal> => {
  const { refusal } = account
  if (refusal !== undefined) return Effect.fail(refusal)
  const row = { seq, id: JSON.stringify(id), size: 0, texts: account.texts, worst: String(account.worst) }
  const free = account.reserved ? ledger.release(account.reservation) : Effect.void
  // Its program asks nothing, or cannot: that is seen again, and told, where its answer would be read.
  if (!account.asked) return Effect.as(free, { ...row, kind: "Unsent", body: null })
  const { body, job, limits, provider } = { body: account.body, ...work }
  const size = provider.sizeOf({ id: nameOf(job.key, seq), body })
  if (size > limits.bytes) {
    return Effect.andThen(
      free,
      Effect.map(writeError(tooLarge(provider, size, limits)), (text) => ({
        ...row,
        size,
        kind: "Refused" as const,
        body: text,
      })),
    )
  }
  return Effect.sync(() => ({ ...row, size, kind: null, body: JSON.stringify(body) }))
}

const tooLarge = ({ provider }: { readonly provider: string }, size: number, { bytes }: Limits): AiError.AiError =>
  AiError.make({
    module: provider,
    method: "batch",
    reason: new AiError.InvalidRequestError({
      description: `the request has ${size} bytes, and a batch takes ${bytes} at most`,
    }),
  })

/** Whether a job is refused for good, or its reservations are of a round that is over. A ledger that fails is another matter. */
const isRefusal = (error: unknown): boolean =>
  Predicate.isTagged(error, "BudgetExceeded") ||
  Predicate.isTagged(error, "PriceUnknown") ||
  Predicate.isTagged(error, "UnsupportedOption") ||
  isRoundOver(error)

/** Whether the job was given back by a process that did not live to begin the next round. */
export const isRoundOver = (error: unknown): boolean =>
  Predicate.isTagged(error, "LedgerUnavailable") &&
  Predicate.hasProperty(error, "reason") &&
  error.reason === "ReservationOver"

/**
 * Gives back what was reserved. What was given back cannot be reserved again under its name, so the next reservations are those of the
 * next round. The last one is given back first: who is killed leaves the first ones, and who comes after reserves those once more up to
 * one that is over, and comes here again with all of them.
 */
const giveBack = <I, K extends Kind, EI>(
  { held, job, store }: Preparing<I, K, EI>,
  ledger: Ledger.Service,
  items: number,
): Effect.Effect<void, Ledger.LedgerUnavailable | JobsUnavailable> =>
  store.items.dropItems(job.id).pipe(
    Effect.andThen(
      Effect.forEach(
        Array.from({ length: items }, (_, index) => items - 1 - index),
        (seq) => ledger.release(reservationOf(job.id, job.round, seq)),
        { concurrency: many, discard: true },
      ),
    ),
    Effect.andThen(store.nextRound({ job: job.id, owner: held.owner, round: job.round })),
    Effect.asVoid,
  )

const piecesOf = Effect.fnUntraced(function* <I, K extends Kind, EI>(
  { job, limits, store }: Preparing<I, K, EI>,
  items: number,
) {
  const splitter = new Splitter(limits)
  const page = 5_000
  let after = -1
  while (true) {
    const sizes = yield* store.items.sizes(job.id, { after, limit: page })
    for (const each of sizes) splitter.add(each)
    const last = sizes.at(-1)
    if (last === undefined || sizes.length < page) return splitter.end(items)
    after = last.seq
  }
})
