/**
 * What one item of a job costs: reserved when the job is prepared, settled when its answer is read.
 *
 * A budget's own guard does both, with its prices, its limits and its events. It works on a ledger that names reservations after the
 * item instead of the attempt, so that both halves, and any process that does one of them again, speak of the same one.
 */
import { type Attempt, AttemptGuard, type Failure, Resilient } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider, type Exchange } from "@holdfast/core/provider/BatchProvider"
import { Budget, Ledger, Money } from "@holdfast/cost"
import { Clock, Context, Duration, Effect, Layer, Schedule } from "effect"

import { type ItemRow } from "./rows.ts"

/** The item whose program is running. */
export interface Account {
  readonly job: string
  readonly id: string
  /** Of the reservation. */
  readonly reservation: string
  /** What is known of the answer. While it is not there yet, what the item may cost is reserved. */
  readonly row: ItemRow | undefined
  /** Whether the item is to be settled; nothing is moved for one that is settled already. */
  readonly settles: boolean
  attempts: number
  turns: number
  /** The request as the vendor wants it. */
  body: unknown
  /** How many texts it asks vectors for. */
  texts: number
  asked: boolean
  /** Why it cannot be sent. */
  unsent: unknown
  worst: Money.Money
  reserved: boolean
  refusal: Budget.Refusal | undefined
  settled: boolean
  ledgerFailure: Ledger.LedgerUnavailable | undefined
}

export const accountOf = (fields: Pick<Account, "id" | "job" | "reservation" | "row" | "settles">): Account => ({
  ...fields,
  attempts: 0,
  turns: 0,
  body: undefined,
  texts: 0,
  asked: false,
  unsent: undefined,
  worst: Money.zero,
  reserved: false,
  refusal: undefined,
  settled: false,
  ledgerFailure: undefined,
})

export const CurrentAccount: Context.Reference<Account | undefined> = Context.Reference<Account | undefined>(
  "@holdfast/batch/CurrentAccount",
  { defaultValue: () => undefined },
)

/** The reservations of a job: by its round, and by the place of the item. */
export const reservationOf = (job: string, round: number, seq: number): string => `batch/${job}/${round}/${seq}`

/** What limits a job, and how it is priced. */
export interface Accounting {
  readonly budgets?: ReadonlyArray<Budget.Options> | undefined
  readonly settings?: Omit<Budget.Settings, "lease" | "wait"> | undefined
}

/** How long a reservation is kept when nobody comes back for the job: the longest batch takes 48 hours. */
const lease = Duration.hours(50)

/** The guard of a job's attempts: prices are those of a batch, and what nobody can know counts with its worst case. */
const jobGuard = Effect.fnUntraced(function* ({ budgets = [], settings = {} }: Accounting) {
  const ledger = yield* Ledger.Ledger
  const { request } = settings
  const guard = yield* Effect.provideService(
    Budget.guard(budgets, {
      unreported: Budget.atMost,
      ...settings,
      request: (start) => ({ ...request?.(start), serviceTier: "batch" }),
    }),
    Ledger.Ledger,
    byItem(ledger),
  )
  return guarding(guard)
})

/** The model that the programs of a job's items ask, by way of an exchange, and what they run with. */
export const itemModel = Effect.fnUntraced(function* <K extends Kind>(
  provider: BatchProvider<K>,
  exchange: Exchange,
  accounting: Accounting,
) {
  const model = anyModel(guarded(provider.via(exchange), yield* jobGuard(accounting)))
  return { model, context: yield* Layer.build(model) }
})

/** A model whose attempts are guarded so. */
const guarded = <K extends Kind, E, R>(
  model: Resilient.Resilient<K, E, R>,
  guard: AttemptGuard.AttemptGuard<Budget.Refusal>,
): Resilient.Resilient<K, E | Budget.Refusal, R> =>
  Resilient.policy<Budget.Refusal>({ name: "BatchJob", place: "budget", settings: {} }, (call) =>
    Effect.succeed(AttemptGuard.install(call, guard)),
  )(model)

/** A model of whichever operation. */
export type AnyModel = Resilient.Resilient<Kind, unknown>

/** The program of an item asks for no other operation, as its types have it. */
const anyModel = <K extends Kind, E, R>(model: Resilient.Resilient<K, E, R>): AnyModel => model as unknown as AnyModel

const onAccount = <A, E>(use: (account: Account) => Effect.Effect<A, E>, otherwise: Effect.Effect<A, E>) =>
  Effect.flatMap(CurrentAccount, (account) => (account === undefined ? otherwise : use(account)))

const admitted: Effect.Effect<Ledger.Admission> = Effect.succeed({ _tag: "Admitted" })

const nothing: AttemptGuard.Reservation = { settle: () => Effect.void, release: Effect.void }

// Only the first attempt of an item is that of the batch. A second one is never sent, and costs nothing.
const guarding = (guard: AttemptGuard.AttemptGuard<Budget.Refusal>): AttemptGuard.AttemptGuard<Budget.Refusal> => ({
  name: "BatchJob",
  reserve: (start) =>
    onAccount((account) => {
      if (account.attempts++ > 0) return Effect.succeed(nothing)
      return Effect.mapBoth(guard.reserve(start), {
        onFailure: (refusal) => {
          account.refusal = refusal
          return refusal
        },
        onSuccess: ({ release, settle }): AttemptGuard.Reservation => ({
          release,
          settle: (attempt) => (account.row === undefined ? Effect.void : settle(certain(attempt))),
        }),
      })
    }, Effect.succeed(nothing)),
})

// An item that the vendor refused came with no status of its own, from which a budget would know that it was refused for certain.
const certain = (attempt: Attempt.Attempt): Attempt.Attempt => {
  const { outcome } = attempt
  if (outcome._tag !== "Failed" || outcome.failure.billed || outcome.committed) return attempt
  const failure: Failure.Failure = { ...outcome.failure, kind: "ignored" }
  return { ...attempt, request: attempt.request, outcome: { ...outcome, failure } }
}

/** A ledger whose reservations are those of the running item. */
const byItem = (ledger: Ledger.Service): Ledger.Service => ({
  ...ledger,
  reserve: (reservation) =>
    onAccount<Ledger.Admission, Ledger.LedgerUnavailable>((account) => {
      account.worst = reservation.worst
      if (account.row !== undefined) return admitted
      return Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.tap(
          ledger.reserve({
            ...reservation,
            id: account.reservation,
            subject: { ...reservation.subject, attempt: account.reservation },
            expiresAt: now + Duration.toMillis(lease),
          }),
          ({ _tag }) => Effect.sync(() => void (account.reserved = _tag === "Admitted")),
        ),
      )
    }, admitted),
  settle: (settlement) =>
    onAccount<ReadonlyArray<Ledger.Movement>, Ledger.LedgerUnavailable>((account) => {
      if (!account.settles) return Effect.succeed([])
      const subject = { ...settlement.subject, attempt: account.reservation }
      return Effect.tap(ledger.settle({ ...settlement, id: account.reservation, subject }), () =>
        Effect.sync(() => void (account.settled = true)),
      )
    }, Effect.succeed([])),
  release: () => Effect.void,
  // An item is not over before it is settled: what cannot be written fails the job, which goes on from there when it is started again.
  persist: (write) =>
    Effect.as(
      Effect.catch(
        Effect.retry(write, {
          schedule: persistence,
          while: ({ reason }) => reason === "Locked" || reason === "ConnectionLost",
        }),
        (error) => onAccount((account) => Effect.sync(() => void (account.ledgerFailure = error)), Effect.void),
      ),
      Effect.void,
    ),
})

const persistence = Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 5 }))

/** Counts an answer with all that it may have cost, where the program that would read it does not ask for it any more. */
export const settleUnread = (
  ledger: Ledger.Service,
  account: Account,
  { model, provider }: { readonly provider: string; readonly model: string },
): Effect.Effect<void, Ledger.LedgerUnavailable> => {
  const worst = Money.fromPicodollars(BigInt(account.row?.worst ?? "0"))
  const isFree = account.row?.kind === "Canceled" || account.row?.kind === "Expired"
  const cost = isFree ? Money.zero : worst
  return Effect.asVoid(
    ledger.settle({
      id: account.reservation,
      subject: { attempt: account.reservation, index: 1, provider, model, tags: {} },
      cost,
      minimum: Money.zero,
      maximum: cost,
      basis: isFree ? "unbilled" : "estimated",
      outcome: "Abandoned",
      tokens: {},
      saved: Money.zero,
    }),
  )
}
