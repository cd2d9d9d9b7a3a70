/**
 * How a deadline ends an answer that is complete, and only waits in case that more comes, rather than fail it.
 */
import { Context, Deferred, Effect } from "effect"

/** What a pull says of itself to the deadline over it. */
export interface Patience {
  /** Ends the wait of the pull, if it is such a wait. */
  readonly settle: () => boolean
  readonly offer: (settle: (() => boolean) | undefined) => void
}

/** The patience of the running pull; none where no deadline is over it. */
export const Patience: Context.Reference<Patience | undefined> = Context.Reference<Patience | undefined>(
  "@holdfast/core/deadline/Patience",
  { defaultValue: () => undefined },
)

/** A patience of one pull, which nothing is offered yet. */
export const make = (): Patience => {
  let offered: (() => boolean) | undefined
  return {
    settle: () => offered?.() ?? false,
    offer: (settle) => {
      offered = settle
    },
  }
}

/** What arrives first: something, or after the wait, or the deadline instead of it, that nothing did. */
export const settling = <A, E, None>(
  arriving: Effect.Effect<A, E>,
  wait: Effect.Effect<unknown>,
  none: None,
): Effect.Effect<A | None, E> =>
  Effect.flatMap(Patience, (patience) => {
    const waited = Effect.as(wait, none)
    if (patience === undefined) return Effect.raceFirst(arriving, waited)
    const deadline = Deferred.makeUnsafe<None>()
    patience.offer(() => Deferred.doneUnsafe(deadline, Effect.succeed(none)))
    return Effect.raceFirst(Effect.raceFirst(arriving, waited), Deferred.await(deadline)).pipe(
      Effect.ensuring(Effect.sync(() => patience.offer(undefined))),
    )
  })
