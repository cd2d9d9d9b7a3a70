/**
 * Where complete answers are kept.
 */
import { Clock, Duration, Effect, Option, Schema, type Scope } from "effect"
import * as Persistence from "effect/persistence/Persistence"

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

/** What is kept by others is read with care: it may have been written by another version, or by somebody else. */
const Envelope = Schema.Struct({
  version: Schema.Literal(1),
  answer: Schema.Array(
    Schema.StructWithRest(Schema.Struct({ type: Schema.String }), [Schema.Record(Schema.String, Schema.Json)]),
  ),
})

const decode = Schema.decodeUnknownOption(Envelope)

/** A store that does not answer in time, or with nonsense, has no answer. */
export const persistedStore = (options: {
  readonly storeId: string
  readonly timeout: Duration.Duration
}): Effect.Effect<AnswerStore, never, Persistence.BackingPersistence | Scope.Scope> =>
  Effect.gen(function* () {
    const persistence = yield* Persistence.BackingPersistence
    const store = yield* persistence.make(options.storeId)
    const inTime = <A>(self: Effect.Effect<A, Persistence.PersistenceError>) =>
      Effect.map(Effect.option(Effect.timeout(self, options.timeout)), Option.getOrUndefined)
    return {
      get: (key) =>
        Effect.map(inTime(store.get(key)), (found) =>
          Option.getOrUndefined(Option.map(decode(found), ({ answer }) => answer as unknown as ReadonlyArray<Part>)),
        ),
      set: (key, answer, ttl) => Effect.asVoid(inTime(store.set(key, { version: 1, answer }, ttl))),
    }
  })
