/**
 * Answers that are kept in a database or in Redis. Loaded only where it is used: Effect's persistence brings SQL with it.
 */
import { type Duration, Effect, Option, Schema, type Scope } from "effect"
import * as Persistence from "effect/persistence/Persistence"

import { type Part } from "../../ModelCall.ts"
import { Link } from "../redis.ts"
import { type AnswerStore } from "./store.ts"

export const { layerBackingRedis, layerBackingSql } = Persistence

/** What is kept by others is read with care: another version may have written it, or another program. */
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
    const link = new Link("ResponseCache.exact", options.timeout)
    const inTime = <A>(self: Effect.Effect<A, Persistence.PersistenceError>) =>
      link.ask(Effect.catchIf(self, isUnreadable, () => Effect.undefined))
    return {
      get: (key) =>
        Effect.map(inTime(store.get(key)), (found) =>
          Option.getOrUndefined(Option.map(decode(found), ({ answer }) => answer as unknown as ReadonlyArray<Part>)),
        ),
      set: (key, answer, ttl) => Effect.asVoid(inTime(store.set(key, { version: 1, answer }, ttl))),
    }
  })

// The store is there, and what is kept in it is no JSON.
const isUnreadable = ({ cause }: Persistence.PersistenceError): boolean => cause instanceof SyntaxError
