/**
 * Thousands of prompts through one model: now, as many at a time as its stack lets through, or in batches of the vendor at half the
 * price. Items, programs and results are the same.
 *
 * How fast a run goes is decided by the stack of the model: its rate limit, its concurrency, its retries. A run adds a window of
 * items that are held at the same time, a cap on what it may cost, and a journal from which it goes on when it was stopped.
 *
 * **Where in a stack**: around it. A run takes a model with all its policies.
 *
 * @since 0.1.0
 */
import { type Resilient } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
import { type PriceBook } from "@holdfast/cost"
import { type Stream } from "effect"

import { batched } from "./internal/bulk/batched.ts"
import { live } from "./internal/bulk/live.ts"
import {
  type AnyMode,
  type EndedOf,
  type FailureOf,
  howOf,
  live as liveMode,
  type NeedsOf,
  type ProvidedBy,
} from "./internal/bulk/mode.ts"
import { type BulkResult, type Ended, type LiveOptions, type ModeOptions } from "./internal/bulk/options.ts"

export type { Bill } from "./internal/bulk/bill.ts"
export { CostCapReached, DuplicateItem, RunStopped } from "./internal/bulk/errors.ts"
export { type Comparison, compare, estimate, type EstimateOptions, type Offer } from "./internal/bulk/estimate.ts"
export { type AnyMode, batch, type BatchOptions, live, type Mode } from "./internal/bulk/mode.ts"
export type { Answered, BulkResult, Ended, Failed, LiveOptions, ModeOptions, Options } from "./internal/bulk/options.ts"

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
export const run: Runner = ((items: Iterable<never>, options: Given) => results(items, options, true)) as never

/**
 * The same with results in the order of the items. One that is slow holds up those behind it, `window` of them at most. The results of
 * a batch always have that order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const runInOrder: Runner = ((items: Iterable<never>, options: Given) => results(items, options, false)) as never

/**
 * Starts a run over items, in a mode or, with `model`, live.
 *
 * @since 0.1.0
 * @category models
 */
export interface Runner {
  <I, A, E, R, M extends AnyMode, JR = never, EI = never, RI = never>(
    items: Iterable<I> | Stream.Stream<I, EI, RI>,
    options: ModeOptions<I, A, E, R, M, JR>,
  ): Run<A, E | FailureOf<M>, EI | EndedOf<M>, Exclude<R, ProvidedBy<M>> | NeedsOf<M> | JR | RI>
  <I, A, E, R, K extends Kind, ME, MR, JR = never, EI = never, RI = never>(
    items: Iterable<I> | Stream.Stream<I, EI, RI>,
    options: LiveOptions<I, A, E, R, K, ME, MR, JR>,
  ): Run<A, E | ME | PriceBook.PriceUnknown, EI, Exclude<R, Resilient.Provides<K>> | MR | JR | RI>
}

/**
 * @since 0.1.0
 * @category models
 */
export type Run<A, E, EI, R> = Stream.Stream<BulkResult<A, E>, EI | Ended, R>

type Given =
  | ModeOptions<never, never, unknown, unknown, AnyMode, unknown>
  | LiveOptions<never, never, unknown, unknown, Kind, unknown, unknown, unknown>

const results = (items: Iterable<never>, options: Given, unordered: boolean): Run<never, never, never, never> => {
  const how = howOf(options.mode ?? liveMode(options.model))
  const found =
    how._tag === "Batch" ? batched(items, options, how) : live(items, options, { model: how.model, unordered })
  return found as Run<never, never, never, never>
}
