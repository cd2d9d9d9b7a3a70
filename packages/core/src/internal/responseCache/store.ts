/**
 * Where complete answers are kept.
 */
import { Clock, Duration, Effect } from "effect"

import { type Part } from "../../ModelCall.ts"
import { millis } from "../millis.ts"

export interface AnswerStore {
  readonly get: (key: string) => Effect.Effect<ReadonlyArray<Part> | undefined>
  readonly set: (key: string, answer: ReadonlyArray<Part>, ttl: Duration.Duration) => Effect.Effect<void>
}

interface Kept {
  readonly answer: ReadonlyArray<Part>
  /** By the clock that is never set back. */
  readonly until: number
}

/** The answers that were asked for last, so many at most. */
export const memoryStore = (capacity: number): AnswerStore => {
  const kept = new Map<string, Kept>()
  return {
    get: (key) =>
      Effect.map(now, (time) => {
        const found = kept.get(key)
        kept.delete(key)
        if (found === undefined || found.until <= time) return undefined
        // The first key of a map is the one that was set first.
        kept.set(key, found)
        return found.answer
      }),
    set: (key, answer, ttl) =>
      Effect.map(now, (time) => {
        kept.delete(key)
        kept.set(key, { answer, until: time + Duration.toMillis(ttl) })
        for (const oldest of kept.keys()) {
          if (kept.size <= capacity) break
          kept.delete(oldest)
        }
      }),
  }
}

const now = Effect.map(Clock.Clock, millis)
