/**
 * Finds out what became of a create whose answer nobody has.
 */
import { Clock, Duration, Effect, Option, Stream } from "effect"
import { type AiError } from "effect/ai"

import { BatchUnsure, type JobsUnavailable } from "./errors.ts"
import { batchName, type Piece, seqIn, verdict } from "./state.ts"
import { patiently, type Working } from "./working.ts"

type Trouble = AiError.AiError | BatchUnsure | JobsUnavailable

/** Clocks of ours and of the vendor's may differ by so much. */
const clocks = Duration.minutes(10)

/**
 * The batch that the create made; `undefined` where it made none, so that it can be made. Nobody waits for the answer any more after
 * `givenUpAt`, in Unix milliseconds.
 */
export const found = (work: Working, piece: Piece, givenUpAt: number): Effect.Effect<string | undefined, Trouble> =>
  Effect.gen(function* () {
    const { listDelay, provider, store, whenUnsure } = work
    const certainAt = givenUpAt + Duration.toMillis(listDelay)
    const foreign = new Set<string>()
    while (true) {
      const candidates = yield* patiently(
        provider.find({
          name: batchName(piece.job, work.job.key, piece),
          since: (piece.intentAt ?? 0) - Duration.toMillis(clocks),
          items: piece.sent,
        }),
      )
      const owned = yield* store.owned(candidates.map(({ id }) => id))
      const now = yield* Clock.currentTimeMillis
      const decided = verdict({ candidates, excluded: new Set([...owned, ...foreign]), now, certainAt })
      switch (decided._tag) {
        case "Adopt":
          return decided.batch
        case "Create":
          return undefined
        case "LookAgain":
          yield* Effect.sleep(lookAgain(work, certainAt - now))
          break
        case "Unsure": {
          if (whenUnsure._tag === "Fail") {
            return yield* new BatchUnsure({ job: piece.job, candidates: decided.suspects })
          }
          if (whenUnsure._tag === "CreateAgain") return undefined
          const own = yield* examined(work, piece, { suspects: decided.suspects, foreign })
          if (own !== undefined) return own
        }
      }
    }
  })

/** Several looks until it is certain: the batch is mostly there at the first one. */
const lookAgain = ({ listDelay }: Working, left: number): Duration.Duration =>
  Duration.min(Duration.max(Duration.times(listDelay, 1 / 4), Duration.millis(10)), Duration.millis(left))

interface Suspicion {
  readonly suspects: ReadonlyArray<string>
  /** Batches that are known to be of somebody else. */
  readonly foreign: Set<string>
}

/** Whose a batch is, its first line says; and that comes when it is over. */
const examined = Effect.fnUntraced(function* (work: Working, piece: Piece, { foreign, suspects }: Suspicion) {
  const isOurs = seqIn(work.job.key, piece)
  let isWaiting = false
  for (const suspect of suspects) {
    const { state } = yield* patiently(work.provider.status(suspect))
    if (state === "running") {
      isWaiting = true
      continue
    }
    const named = Stream.filter(work.provider.results(suspect), (line) => line._tag !== "Unreadable")
    const first = yield* patiently(Stream.runHead(named))
    if (Option.exists(first, (line) => isOurs(line.id) !== undefined)) return suspect
    foreign.add(suspect)
  }
  if (isWaiting) yield* Effect.sleep(work.listDelay)
  return undefined
})
