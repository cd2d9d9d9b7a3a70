/**
 * The jobs of an application in a database, and what can be done to one of them from anywhere.
 */
import { SqlMigrations } from "@holdfast/cost"
import { Context, Effect } from "effect"
import { SqlClient } from "effect/sql"

import { type JobsUnavailable, JobUnknown } from "./errors.ts"
import { type Standing } from "./options.ts"
import { stateOf } from "./state.ts"
import { unavailable } from "./statements.ts"
import { Store } from "./store.ts"
import { migrations } from "./tables.ts"
import { Wakes } from "./wakes.ts"

/** What runs of jobs work with. */
export interface Rooms {
  readonly store: Store
  readonly wakes: Wakes
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** How a job stands, by the database alone: nothing is asked of the vendor. */
  readonly status: (job: string) => Effect.Effect<Standing, JobsUnavailable | JobUnknown>
  /**
   * Wishes an end of a job. Whoever works on it asks the vendor to cancel its batches, or sends none; what is answered all the same is
   * an answer, and is paid.
   */
  readonly cancel: (job: string) => Effect.Effect<void, JobsUnavailable | JobUnknown>
  /**
   * Lets whoever waits for a job ask the vendor at once, wherever it runs. Takes the id of a job or that of a batch, as webhooks have it.
   * Gives how many jobs that was for.
   */
  readonly wake: (id: string) => Effect.Effect<number, JobsUnavailable>
  /** Removes a job with its answers. What it cost stays in the ledger. */
  readonly forget: (job: string) => Effect.Effect<void, JobsUnavailable>
  /** @internal */
  readonly rooms: Rooms
}

/**
 * The jobs of an application.
 *
 * @since 0.1.0
 * @category services
 */
export class Jobs extends Context.Service<Jobs, Service>()("@holdfast/batch/Jobs") {}

export const makeSql = Effect.fnUntraced(function* (prefix: string) {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.mapError(SqlMigrations.migrate(prefix, migrations), unavailable("open"))
  const rooms: Rooms = { store: new Store(sql, prefix), wakes: new Wakes() }
  const { store, wakes } = rooms
  const woken = (ids: ReadonlyArray<string>): number => {
    for (const id of ids) wakes.signal(id)
    return ids.length
  }
  const service: Service = {
    rooms,
    status: (job) => status(store, job),
    cancel: (job) =>
      Effect.flatMap(store.wake(job, { cancel: true }), (ids) =>
        woken(ids) === 0 ? Effect.fail(new JobUnknown({ job })) : Effect.void,
      ),
    wake: (id) => Effect.map(store.wake(id, { cancel: false }), woken),
    forget: (job) => store.forget(job),
  }
  return service
})

const status = Effect.fnUntraced(function* (store: Store, id: string) {
  const job = yield* store.job(id)
  if (job === undefined) return yield* new JobUnknown({ job: id })
  const pieces = yield* store.pieces(id)
  const { canceled, items, model, operation, provider } = job
  const standing: Standing = {
    id,
    operation,
    provider,
    model,
    state: items === undefined ? "prepared" : stateOf(pieces),
    canceled,
    items,
    ends: yield* store.items.kinds(id),
    pieces: pieces.map(({ batch, from, state, to }) => ({ state, batch, items: to - from })),
  }
  return standing
})
