/**
 * A vendor's batch API as durable jobs: half the price, within a day, and paid once however often a process dies on the way.
 *
 * A job takes items and a program for each of them, as `Bulk.run` does. The program runs up to its request, which goes into the batch,
 * and later from the answer on, so that texts, tools and structured answers are read exactly as live ones are. What each item may cost is
 * reserved at the price of a batch before anything is sent, and settled once when its answer is read.
 *
 * **Where in a stack**: beside it. A batch has no policies: nothing of it is repeated, limited or sent elsewhere.
 *
 * @since 0.1.0
 */
import { type Resilient } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
import { type Ledger } from "@holdfast/cost"
import { Effect, Layer, type Schedule, Stream } from "effect"
import { type SqlClient } from "effect/sql"

import { type BulkResult } from "./internal/bulk/options.ts"
import { type JobsUnavailable, type JobUnknown } from "./internal/job/errors.ts"
import { Jobs, makeSql } from "./internal/job/jobs.ts"
import {
  type Ended,
  type Failed,
  type OfOneOperation,
  type Options,
  type Standing,
  type WhenUnsure,
} from "./internal/job/options.ts"
import { standardPoll } from "./internal/job/poll.ts"
import { results } from "./internal/job/run.ts"

export {
  BatchUnsure,
  ItemCanceled,
  ItemExpired,
  type ItemFailure,
  ItemLost,
  JobDiffers,
  JobsUnavailable,
  JobUnknown,
  NoSecondTurn,
} from "./internal/job/errors.ts"
export { Jobs, type Service } from "./internal/job/jobs.ts"
export type { Ended, Failed, OfOneOperation, Options, Progress, Standing, WhenUnsure } from "./internal/job/options.ts"
export type {
  /**
   * How far a batch of the vendor is.
   *
   * @since 0.1.0
   * @category models
   */
  State,
} from "./internal/job/state.ts"

/**
 * Jobs in the database of the `SqlClient` in context: SQLite for workers on one machine, PostgreSQL 14 or later for any number. The
 * tables are made when the layer is built, and brought up to date later on.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSql = (
  options: {
    /** What the names of the tables begin with. `holdfast_batch` if left out. */
    readonly prefix?: string | undefined
  } = {},
): Layer.Layer<Jobs, JobsUnavailable, SqlClient.SqlClient> =>
  Layer.effect(
    Jobs,
    Effect.suspend(() => {
      const prefix = options.prefix ?? "holdfast_batch"
      return /^[a-z_][a-z0-9_]{0,40}$/.test(prefix)
        ? makeSql(prefix)
        : Effect.die(new Error("BatchJob.layerSql: prefix must be a name of small letters, digits and underscores"))
    }),
  )

/**
 * Sends items as a job, or joins the job of this id in whichever state it is, and gives the results in the order of the items.
 *
 * **Details**
 *
 * - All items are reserved under all budgets before anything is sent, each at its worst case as a batch. A job that does not fit is
 *   refused whole, and holds nothing.
 * - Of several processes that run the same job one works on it, by a lease; all of them get the results. When it is killed, wherever,
 *   another one goes on: the vendor gets one batch, and each item is settled once.
 * - An item that the vendor refuses is `Failed`, and costs nothing; the others are answered. `ItemExpired` and `ItemCanceled` cost
 *   nothing either. `ItemLost` is an interval up to its worst case.
 * - Items are read twice, when the job is prepared and when it is over; a one-shot iterator will not do. Their order is kept. Too many
 *   for one batch are several batches of one job.
 * - Answers are kept in the database until `forget`; read again, they cost nothing.
 * - `ask` should ask once. A second request is `NoSecondTurn`: there a tool call is the answer. With tools, leave them unresolved
 *   (`disableToolCallResolution`).
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = <I, A, E, R, K extends Kind, PE = never, PR = never, EI = never, RI = never>(
  items: Iterable<I> | Stream.Stream<I, EI, RI>,
  options: Options<I, A, E, R, K, PE, PR> & OfOneOperation<R, K>,
): Stream.Stream<
  BulkResult<A, E | Failed<K>>,
  EI | PE | Ended,
  Exclude<R, Resilient.Provides<K>> | PR | RI | Jobs | Ledger.Ledger
> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { rooms } = yield* Jobs
      const provider = yield* options.provider
      return results({ rooms, provider, options, items: items as Iterable<I>, isDone: () => false }).pipe(
        Stream.map(({ result }) => result),
      )
    }),
  ) as never

/**
 * How a job stands, by the database alone: nothing is asked of the vendor.
 *
 * @since 0.1.0
 * @category getters
 */
export const status = (job: string): Effect.Effect<Standing, JobsUnavailable | JobUnknown, Jobs> =>
  Effect.flatMap(Jobs, (jobs) => jobs.status(job))

/**
 * Wishes an end of a job. What comes of it, the results say: what is answered all the same is an answer, and is paid.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cancel = (job: string): Effect.Effect<void, JobsUnavailable | JobUnknown, Jobs> =>
  Effect.flatMap(Jobs, (jobs) => jobs.cancel(job))

/**
 * Lets whoever waits for a job ask the vendor at once, in this process or in another one.
 *
 * **When to use**
 *
 * Use it in the handler of a webhook, with the id of the batch. It says nothing of the batch, so a forged one does no harm but a request.
 *
 * @since 0.1.0
 * @category combinators
 */
export const wake = (id: string): Effect.Effect<number, JobsUnavailable, Jobs> =>
  Effect.flatMap(Jobs, (jobs) => jobs.wake(id))

/**
 * Removes a job with its answers. What it cost stays in the ledger.
 *
 * @since 0.1.0
 * @category combinators
 */
export const forget = (job: string): Effect.Effect<void, JobsUnavailable, Jobs> =>
  Effect.flatMap(Jobs, (jobs) => jobs.forget(job))

/**
 * Waits until the batches that may be the job's are over; their results say whose they are.
 *
 * @since 0.1.0
 * @category when it is unsure
 */
export const wait: WhenUnsure = { _tag: "Wait" }

/**
 * Makes another batch. If one was made before, both are paid.
 *
 * @since 0.1.0
 * @category when it is unsure
 */
export const createAgain: WhenUnsure = { _tag: "CreateAgain" }

/**
 * Fails with `BatchUnsure`, so that a person decides.
 *
 * @since 0.1.0
 * @category when it is unsure
 */
export const fail: WhenUnsure = { _tag: "Fail" }

/**
 * Asks after 10 seconds, then after half as long again each time, up to 5 minutes, spread by a fifth.
 *
 * @since 0.1.0
 * @category schedules
 */
export const poll: Schedule.Schedule<unknown> = standardPoll
