/**
 * A run that asks its items in a job. It has the journal, the cap and the end of a live one.
 */
import { Budget, Estimate } from "@holdfast/cost"
import { Effect, Stream } from "effect"

import { Jobs } from "../job/jobs.ts"
import { results } from "../job/run.ts"
import { always } from "./cap.ts"
import { type Batch } from "./mode.ts"
import { type BulkResult, type Options } from "./options.ts"
import { Session, stopping, totalOf } from "./session.ts"

export const batched = <I, A, E, R, JR, EI, RI>(
  items: Iterable<I> | Stream.Stream<I, EI, RI>,
  options: Options<I, A, E, R, JR>,
  { job }: Batch,
): Stream.Stream<BulkResult<A, unknown>, unknown, unknown> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const journal = options.journal === undefined ? undefined : yield* options.journal.open
      const session = new Session(options, { journal, mode: "batch", total: totalOf(items, options.total) })
      const { rooms } = yield* Jobs
      const provider = yield* job.provider
      const { asked } = yield* stopping(options)
      const cap = session.capLeft
      // Each job has an account of its own for it, in the application's ledger.
      const capName = `Bulk.run ${job.job}`
      const given = results({
        rooms,
        provider,
        options: {
          ...job,
          ask: options.ask,
          id: options.id,
          window: options.window,
          ...(cap !== undefined && {
            budgets: [...(job.budgets ?? []), { name: capName, rolling: { limit: cap, window: always } }],
            settings: { bound: Estimate.certain, ...job.settings },
          }),
        },
        items: items as Iterable<I>,
        isDone: (id) => !session.isMissing(id),
      })
      return given.pipe(
        Stream.filter(({ result }) => session.isMissing(result.id)),
        Stream.mapEffect(({ item, result }) => session.over(item, result)),
        session.untilStopped(asked),
        Stream.catch((error) => {
          if (!Budget.isBudgetExceeded(error) || error.budget !== capName) return Stream.fail(error)
          session.refused(error)
          return Stream.empty
        }),
        Stream.concat(Stream.suspend(() => session.ending)),
      )
    }),
  )
