/**
 * What a job tells of itself.
 */
import { Clock, Duration, Effect } from "effect"

import * as BatchEvent from "../../BatchEvent.ts"
import { type JobRow, type Kind } from "./rows.ts"
import { type Piece, type State } from "./state.ts"

const outcomes: Readonly<Record<Kind, BatchEvent.Outcome>> = {
  Answered: "succeeded",
  Refused: "failed",
  Unsent: "failed",
  Expired: "expired",
  Canceled: "canceled",
  Missing: "lost",
}

const sourceOf = ({ id, model, operation, provider }: JobRow): BatchEvent.Source => ({
  job: id,
  operation,
  provider,
  model,
})

/** Tells of a batch that has reached a state. */
export const tellMove = (
  job: JobRow,
  { intentAt, piece }: Pick<Piece, "intentAt" | "piece">,
  to: State,
): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const took = to === "ended" && intentAt !== undefined ? Duration.millis(Math.max(0, now - intentAt)) : undefined
    return BatchEvent.emit(() => ({ _tag: "BatchMoved", ...sourceOf(job), piece, to, took }))
  })

/** Tells how many items have ended in which way; of those that have not ended it says nothing. */
export const tellCounts = (job: JobRow, counts: Readonly<Record<string, number>>): Effect.Effect<void> =>
  Effect.forEach(
    Object.entries(counts),
    ([kind, count]) => {
      const outcome = outcomes[kind as Kind] as BatchEvent.Outcome | undefined
      return outcome === undefined
        ? Effect.void
        : BatchEvent.emit(() => ({ _tag: "BatchItemsEnded", ...sourceOf(job), outcome, count }))
    },
    { discard: true },
  )

/** Tells in which ways items have ended. */
export const tellEnds = (job: JobRow, kinds: ReadonlyArray<Kind>): Effect.Effect<void> => {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return tellCounts(job, counts)
}
