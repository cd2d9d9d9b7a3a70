/**
 * Faults at random, and the same ones again for the same seed.
 *
 * @since 0.1.0
 */
import * as Fault from "./Fault.ts"
import { generator, hash } from "./internal/seeded.ts"
import * as Reply from "./Reply.ts"

/**
 * Which share of the answers is hit, and by what.
 *
 * @since 0.1.0
 * @category models
 */
export interface Chaos {
  readonly seed: number
  readonly rate: number
  readonly faults: ReadonlyArray<(reply: Reply.Reply) => Reply.Reply>
}

/**
 * The faults of `seeded` unless others are given: what providers do most often when they have a bad day.
 *
 * @since 0.1.0
 * @category models
 */
export const defaultFaults: Chaos["faults"] = [
  () => Reply.rateLimited({ retryAfter: "1 second" }),
  () => Reply.overloaded(),
  () => Reply.status(500),
  () => Reply.html(502),
  () => Reply.reset,
  Fault.resetAfter(3),
  Fault.endAfter(3),
  Fault.errorAfter(3, "overloaded"),
  Fault.emptyBody,
  Fault.delayFirstByte("2 seconds"),
]

/**
 * Chaos from a seed: the n-th unscripted answer of a dialect meets the same fault in every run.
 *
 * **Details**
 *
 * `rate` is the share of answers that are hit, from 0 to 1. A fault is a modifier of the answer, or a function that
 * replaces it.
 *
 * **Example** (A fifth of all answers fails)
 *
 * ```ts
 * import { Chaos, Emulator, Fault, Reply } from "@holdfast/testing"
 *
 * const chaos = Chaos.seeded(7, { rate: 0.2, faults: [() => Reply.overloaded(), Fault.resetAfter(2)] })
 * const layer = Emulator.layer({ chaos })
 *
 * chaos.rate // => 0.2
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const seeded = (seed: number, options: { readonly rate: number; readonly faults?: Chaos["faults"] }): Chaos => ({
  seed,
  rate: options.rate,
  faults: options.faults ?? defaultFaults,
})

/**
 * The answer that the n-th request of a stream of requests gets, counting from 0.
 *
 * @since 0.1.0
 * @category combinators
 */
export const apply = (
  chaos: Chaos,
  options: { readonly reply: Reply.Reply; readonly stream: string; readonly index: number },
): Reply.Reply => {
  const random = generator(hash(`${chaos.seed}/${options.stream}/${options.index}`))
  if (random() >= chaos.rate) return options.reply
  const fault = chaos.faults[Math.floor(random() * chaos.faults.length)]
  return fault === undefined ? options.reply : fault(options.reply)
}
