/**
 * Wakes those fibers of this process that wait for a job.
 */
import { Deferred, Effect } from "effect"

export class Wakes {
  readonly #waiting = new Map<string, Deferred.Deferred<void>>()

  /** Ends when the job is woken after now. */
  next(job: string): Effect.Effect<void> {
    const waiting = this.#waiting.get(job) ?? Deferred.makeUnsafe<void>()
    this.#waiting.set(job, waiting)
    return Deferred.await(waiting)
  }

  signal(job: string): void {
    const waiting = this.#waiting.get(job)
    if (waiting === undefined) return
    this.#waiting.delete(job)
    Deferred.doneUnsafe(waiting, Effect.void)
  }
}
