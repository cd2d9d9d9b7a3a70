/**
 * What a process needs to work on the pieces of a job.
 */
import { Failure } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { type Duration, Effect, Schedule, type Semaphore } from "effect"

import { type JobsUnavailable } from "./errors.ts"
import { type Held } from "./lease.ts"
import { type Options, type WhenUnsure } from "./options.ts"
import { type JobRow } from "./rows.ts"
import { type Store } from "./store.ts"
import { type Wakes } from "./wakes.ts"

export interface Working {
  readonly store: Store
  readonly wakes: Wakes
  /** All but its model: what is asked and answered is none of this work. */
  readonly provider: Omit<BatchProvider<Kind>, "operation" | "via">
  readonly job: JobRow
  readonly held: Held
  readonly poll: Schedule.Schedule<unknown>
  readonly onProgress: Options<never, unknown, unknown, unknown, Kind>["onProgress"]
  readonly whenUnsure: WhenUnsure
  readonly createTimeout: Duration.Duration
  readonly listDelay: Duration.Duration
  /** What is sent is held in memory by vendors' SDKs: one at a time. */
  readonly sending: Semaphore.Semaphore
}

/** Whether somebody wished an end of the job, as the database says. */
export const isCanceled = ({ held, job, store }: Working): Effect.Effect<boolean, JobsUnavailable> =>
  job.canceled || held.signals().canceled
    ? Effect.succeed(true)
    : Effect.map(store.job(job.id), (row) => row?.canceled ?? false)

/** Asks the vendor once more where that can help and cannot harm. */
export const patiently = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.retry(self, { schedule: patience, while: isPassing })

export const isPassing = (error: unknown): boolean => {
  const { kind } = Failure.classify(error)
  return kind === "transient" || kind === "throttled" || kind === "overloaded"
}

const patience = Schedule.exponential("1 second").pipe(Schedule.jittered, Schedule.upTo({ times: 6 }))
