import { Resilient } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
/**
 * Thousands of prompts through one model, now: as many at a time as its stack lets through, each result as it comes.
 *
 * How fast a run goes is decided by the stack of the model: its rate limit, its concurrency, its retries. A run adds a window of
 * items that are held at the same time, a cap on what it may cost, and a journal from which it goes on when it was stopped.
 *
 * **Where in a stack**: around it. A run takes a model with all its policies.
 *
 * @since 0.1.0
 */
import { type PriceBook } from "@holdfast/cost"
import { Effect, Layer, Stream } from "effect"

import { capped } from "./internal/bulk/cap.ts"
import { type BulkResult, type Ended, type Options } from "./internal/bulk/options.ts"
import { Session, stopping, totalOf } from "./internal/bulk/session.ts"

export type { Bill } from "./internal/bulk/bill.ts"
export { CostCapReached, DuplicateItem, RunStopped } from "./internal/bulk/errors.ts"
export type { Answered, BulkResult, Ended, Failed, Options } from "./internal/bulk/options.ts"

/**
 * Results as they come: a slow item delays no other.
 *
 * **Details**
 *
 * - A failed item is a result like any other, and the run goes on.
 * - With a journal, items that are in it are left out, and a result is given only when its line is written.
 * - The run fails with `CostCapReached` when what is left of `cap` is not enough for any further attempt, and with `RunStopped`
 *   after `stop`; items under way end first. Started again it goes on.
 * - Reading slowly slows the run down: never are more than `window` items asked ahead.
 *
 * **Example** (Three questions)
 *
 * ```ts
 * import { Bulk } from "@holdfast/batch"
 * import { Money } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect, Stream } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const usage = { input: 1_000, output: 100 }
 * const model = ScriptedModel.model(...["a", "b", "c"].map((text) => ScriptedModel.text(text, { usage })))
 *
 * const results = Bulk.run(["1", "2", "3"], {
 *   model,
 *   id: (question) => question,
 *   ask: (prompt) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text),
 * })
 *
 * const spent = Stream.runFold(results, () => Money.zero, (sum, { bill }) => Money.add(sum, bill.cost))
 *
 * Money.format(await Effect.runPromise(spent)) // => "$0.006"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = <I, A, E, R, K extends Kind, ME, MR, JR = never, EI = never, RI = never>(
  items: Iterable<I> | Stream.Stream<I, EI, RI>,
  options: Options<I, A, E, R, K, ME, MR, JR>,
): Run<A, E | ME, EI, Exclude<R, Resilient.Provides<K>> | MR | JR | RI> => results(items, options, true)

/**
 * The same with results in the order of the items. One that is slow holds up those behind it, `window` of them at most.
 *
 * @since 0.1.0
 * @category constructors
 */
export const runInOrder = <I, A, E, R, K extends Kind, ME, MR, JR = never, EI = never, RI = never>(
  items: Iterable<I> | Stream.Stream<I, EI, RI>,
  options: Options<I, A, E, R, K, ME, MR, JR>,
): Run<A, E | ME, EI, Exclude<R, Resilient.Provides<K>> | MR | JR | RI> => results(items, options, false)

/**
 * @since 0.1.0
 * @category models
 */
export type Run<A, E, EI, R> = Stream.Stream<BulkResult<A, E | PriceBook.PriceUnknown>, EI | Ended, R>

const results = <I, A, E, R, K extends Kind, ME, MR, JR, EI, RI>(
  items: Iterable<I> | Stream.Stream<I, EI, RI>,
  options: Options<I, A, E, R, K, ME, MR, JR>,
  unordered: boolean,
): Run<A, E | ME, EI, Exclude<R, Resilient.Provides<K>> | MR | JR | RI> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const window = options.window ?? 64
      if (!Number.isInteger(window) || window < 1) {
        return yield* Effect.die(new Error("Bulk.run: window must be a whole number, 1 or more"))
      }
      const journal = options.journal === undefined ? undefined : yield* options.journal.open
      const session = new Session(options, journal, totalOf(items, options.total))
      const model = capped(options.model, session.capLeft)
      const context = yield* Layer.build(model)
      const { asked, graceOver } = yield* stopping(options)
      const ask = (item: I) =>
        Effect.provideContext(
          Resilient.withFailures(
            options.ask(item),
            model as unknown as Resilient.Resilient<Kind, unknown>,
          ) as Effect.Effect<A, E | ME, R>,
          context,
        )
      return session.fresh(items, asked).pipe(
        Stream.mapEffect((entry) => session.one(entry, ask(entry.item), graceOver), { concurrency: window, unordered }),
        Stream.filter((result) => result !== undefined),
        Stream.concat(Stream.suspend(() => session.ending)),
      )
    }),
  ) as Run<A, E | ME, EI, Exclude<R, Resilient.Provides<K>> | MR | JR | RI>
