/**
 * A run that asks its items now.
 */
import { Resilient } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
import { PriceBook } from "@holdfast/cost"
import { Context, Effect, Layer, Option, Stream } from "effect"

import { capped } from "./cap.ts"
import { type BulkResult, type Options } from "./options.ts"
import { Session, stopping, totalOf } from "./session.ts"

/** Gives effects the services of a model. Items run in one context, which is put together once and not for each of them. */
const inContext = (services: Context.Context<never>) => {
  let outer: Context.Context<never> | undefined
  let both = services
  return <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.updateContext(self, (given: Context.Context<R>) => {
      if (given !== outer) {
        outer = given
        both = Context.merge(given, services) as Context.Context<never>
      }
      return both as Context.Context<R>
    })
}

/** The model as it is asked: with all its policies, whose types are those of the run. */
type Model = Resilient.Resilient<Kind, unknown>

export const live = <I, A, E, R, JR, EI, RI>(
  items: Iterable<I> | Stream.Stream<I, EI, RI>,
  options: Options<I, A, E, R, JR>,
  { model: given, unordered }: { readonly model: Model; readonly unordered: boolean },
): Stream.Stream<BulkResult<A, unknown>, unknown, unknown> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const window = options.window ?? 64
      if (!Number.isInteger(window) || window < 1) {
        return yield* Effect.die(new Error("Bulk.run: window must be a whole number, 1 or more"))
      }
      const journal = options.journal === undefined ? undefined : yield* options.journal.open
      const session = new Session(options, { journal, mode: "live", total: totalOf(items, options.total) })
      const cap = session.capLeft
      // Without a cap there is nothing to reserve, and attempts are priced when they are over.
      const model = cap === undefined ? given : capped(given, cap)
      const book = Option.getOrElse(yield* Effect.serviceOption(PriceBook.PriceBook), () => PriceBook.builtIn)
      const context = yield* Layer.build(model)
      const { asked, graceOver } = yield* stopping(options)
      const ask = (item: I) => Resilient.withFailures(options.ask(item), model) as Effect.Effect<A, E, R>
      const within = inContext(context)
      return session.fresh(items, asked).pipe(
        Stream.mapEffect((entry) => session.one(entry, ask(entry.item), { graceOver, book, within }), {
          concurrency: window,
          unordered,
        }),
        Stream.filter((result) => result !== undefined),
        Stream.concat(Stream.suspend(() => session.ending)),
      )
    }),
  )
