import { Deferred, Effect } from "effect"

/** Lets any number of fibers wait for the next change, and costs nothing while none does. */
export class NextChange {
  #waiting: Deferred.Deferred<void> | undefined

  next(): Effect.Effect<void> {
    this.#waiting ??= Deferred.makeUnsafe<void>()
    return Deferred.await(this.#waiting)
  }

  happened(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    Deferred.doneUnsafe(waiting, Effect.void)
  }
}
