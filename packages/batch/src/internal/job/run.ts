/**
 * A job from the items to the results, in whichever state it is found.
 */
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { type Ledger } from "@holdfast/cost"
import { Clock, Duration, Effect, Semaphore, Stream } from "effect"

import { DuplicateItem } from "../bulk/errors.ts"
import { type Entry } from "../bulk/session.ts"
import { answers, type Given as Result } from "./answers.ts"
import { JobDiffers } from "./errors.ts"
import { type Rooms } from "./jobs.ts"
import { type Held, holding, LeaseLost } from "./lease.ts"
import { type Ended, type Options } from "./options.ts"
import { advance } from "./piece.ts"
import { standardPoll } from "./poll.ts"
import { isRoundOver, prepare } from "./prepare.ts"
import { type JobRow } from "./rows.ts"
import { type Working } from "./working.ts"

/** Vendors' SDKs hold what they send in memory, so a batch is smaller than most vendors allow. */
const mostBytes = 50_000_000

interface Given<I, A, E, K extends Kind, EI> {
  readonly rooms: Rooms
  readonly provider: BatchProvider<K>
  readonly options: Omit<Options<I, A, E, unknown, K>, "provider">
  readonly items: Iterable<I> | Stream.Stream<I, EI>
  /** Whether an item is over without the job, so that it is not taken into it. */
  readonly isDone: (id: string) => boolean
}

export const results = <I, A, E, K extends Kind, EI>(
  given: Given<I, A, E, K, EI>,
): Stream.Stream<Result<I, A>, EI | Ended, Ledger.Ledger> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { isDone, options, provider, rooms } = given
      const mistake = mistakeIn(options)
      if (mistake !== undefined) return yield* Effect.die(new Error(`BatchJob.run: ${mistake}`))
      const job = yield* driven(given)
      return answers({
        store: rooms.store,
        provider,
        options,
        window: options.window ?? 64,
        job,
        entries: entriesOf(given),
        isDone,
      })
    }),
  )

const mistakeIn = ({
  job,
  limits,
  window = 64,
}: Pick<Options<never, unknown, unknown, unknown, Kind>, "job" | "limits" | "window">) => {
  if (job === "") return "job must not be empty"
  if (!Number.isInteger(window) || window < 1) return "window must be a whole number, 1 or more"
  for (const limit of [limits?.items, limits?.bytes, limits?.texts]) {
    if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1))
      return "limits must be whole numbers, 1 or more"
  }
  return undefined
}

/** The items with their ids, no two of which are equal. */
const entriesOf = <I, EI>({
  items,
  options: { id },
}: Pick<Given<I, unknown, unknown, Kind, EI>, "items"> & {
  readonly options: Pick<Options<I, unknown, unknown, unknown, Kind>, "id">
}): Stream.Stream<Entry<I>, EI | DuplicateItem> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    return (Stream.isStream(items) ? items : Stream.fromIterable(items)).pipe(
      Stream.map((item, index): Entry<I> => ({ item, index, id: id(item) })),
      Stream.mapEffect((entry) => {
        if (seen.has(entry.id)) return Effect.fail(new DuplicateItem({ id: entry.id }))
        seen.add(entry.id)
        return Effect.succeed(entry)
      }),
    )
  })

/** Works on a job until all of its answers are there, or waits for the process that does. */
const driven = <I, A, E, K extends Kind, EI>(
  given: Given<I, A, E, K, EI>,
): Effect.Effect<JobRow, EI | Ended, Ledger.Ledger> =>
  Effect.gen(function* () {
    const { options, provider, rooms } = given
    const { store, wakes } = rooms
    const now = yield* Clock.currentTimeMillis
    const key = globalThis.crypto.randomUUID().replaceAll("-", "").slice(0, 16)
    const { model, operation, provider: vendor } = provider
    yield* store.insert({ id: options.job, key, operation, provider: vendor, model, now })
    const context = yield* Effect.context<Ledger.Ledger>()
    const lease = Duration.fromInputUnsafe(options.lease ?? "1 minute")
    const done = holding({ store, wakes, job: options.job, duration: lease }, (held) =>
      Effect.provideContext(work(given, held), context),
    )
    // Another process has it, which may die as well: wait for the job once more.
    const again: Effect.Effect<JobRow, EI | Ended> = Effect.catch(done, (error) =>
      error instanceof LeaseLost ? again : Effect.fail(error),
    )
    return yield* again
  })

const work = <I, A, E, K extends Kind, EI>(given: Given<I, A, E, K, EI>, held: Held) =>
  Effect.gen(function* () {
    const { isDone, options, provider, rooms } = given
    const { store } = rooms
    const entries = Stream.filter(entriesOf(given), ({ id }) => !isDone(id))
    const prepared = Effect.gen(function* () {
      const job = yield* current(given)
      if (job.items !== undefined) return
      const limits = {
        items: Math.min(provider.limits.items, options.limits?.items ?? Infinity),
        bytes: Math.min(provider.limits.bytes, options.limits?.bytes ?? mostBytes),
        texts: Math.min(provider.limits.texts ?? Infinity, options.limits?.texts ?? Infinity),
      }
      yield* prepare({ store, provider, options, limits, job, held, entries })
    })
    yield* Effect.retry(prepared, { while: isRoundOver, times: 2 })
    const job = yield* current(given)
    const pieces = yield* store.pieces(job.id)
    const working = yield* workingOf(given, held, job)
    yield* Effect.forEach(pieces, (piece) => advance(working, piece), { concurrency: "unbounded", discard: true })
    return job
  })

const current = <I, A, E, K extends Kind, EI>({ options, provider, rooms }: Given<I, A, E, K, EI>) =>
  Effect.flatMap(rooms.store.job(options.job), (job) => {
    if (job !== undefined && isAt(job, provider)) return Effect.succeed(job)
    const detail = job === undefined ? "it was forgotten" : placeOf(job, provider.operation)
    return Effect.fail(new JobDiffers({ job: options.job, reason: "OtherModel", detail }))
  })

type Place = Pick<JobRow, "model" | "operation" | "provider">

const placeOf = ({ model, operation, provider }: Place, asked: string): string =>
  `${model} of ${provider}${operation === asked ? "" : ` for ${operation}`}`

const isAt = (job: Place, { model, operation, provider }: Place): boolean =>
  job.provider === provider && job.model === model && job.operation === operation

const workingOf = <I, A, E, K extends Kind, EI>(
  { options, provider, rooms }: Given<I, A, E, K, EI>,
  held: Held,
  job: JobRow,
): Effect.Effect<Working> =>
  Effect.map(Semaphore.make(1), (sending) => ({
    ...rooms,
    provider,
    job,
    held,
    poll: options.poll ?? standardPoll,
    onProgress: options.onProgress,
    whenUnsure: options.whenUnsure ?? { _tag: "Wait" },
    createTimeout: Duration.fromInputUnsafe(options.createTimeout ?? "5 minutes"),
    listDelay: Duration.fromInputUnsafe(options.listDelay ?? "1 minute"),
    sending,
  }))
