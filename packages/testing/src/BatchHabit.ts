/**
 * What batch APIs do on bad days, as plain data that a running emulator takes.
 *
 * **Details**
 *
 * Each of them has been seen, or follows from what a vendor documents: a list that does not show a new batch yet, a batch that
 * is made although its answer is lost, one bad request that fails all others, results in any order.
 *
 * **Example** (A batch that is made, and whose answer is lost)
 *
 * ```ts
 * import { BatchHabit, Emulator } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const emulator = yield* Emulator.Emulator
 *   yield* emulator.batches.behave(BatchHabit.loseAnswer("create"), BatchHabit.listLag(2))
 *   return (yield* emulator.batches.seen).created
 * }).pipe(Effect.provide(Emulator.layer()))
 *
 * await Effect.runPromise(program) // => 0
 * ```
 *
 * @since 0.1.0
 */

/**
 * The calls of a batch API.
 *
 * @since 0.1.0
 * @category models
 */
export type BatchCall = "upload" | "create" | "list" | "get" | "results" | "cancel" | "forget"

/**
 * What happens to a call instead of an answer: an error of this status, or a connection that breaks or falls silent.
 *
 * @since 0.1.0
 * @category models
 */
export type Mishap = number | "reset" | "stall"

/**
 * One habit. All but `Mishap` and `DuplicateCreate` hold until others are set.
 *
 * @since 0.1.0
 * @category models
 */
export type BatchHabit =
  | { readonly _tag: "ListLag"; readonly lists: number }
  | { readonly _tag: "DuplicateCreate" }
  | {
      readonly _tag: "Mishap"
      readonly call: BatchCall
      readonly mishap: Mishap
      /** Whether the work is done all the same. */
      readonly done: boolean
      /** How often; always if left out. */
      readonly times?: number | undefined
    }
  | { readonly _tag: "Garble"; readonly call: BatchCall; readonly body: string }
  | { readonly _tag: "Invalid"; readonly ids: ReadonlyArray<string> }
  | { readonly _tag: "Reversed" }
  | { readonly _tag: "Missing"; readonly ids: ReadonlyArray<string> }
  | { readonly _tag: "LongLine"; readonly id: string; readonly bytes: number }
  | { readonly _tag: "HalfLastLine" }
  | { readonly _tag: "StrangeLines" }
  | { readonly _tag: "CutResults" }
  | { readonly _tag: "ForeignUrl"; readonly url: string }
  | { readonly _tag: "Redirect"; readonly url: string }
  | { readonly _tag: "Expire"; readonly answered: number }
  | { readonly _tag: "FailAll"; readonly message: string }
  | { readonly _tag: "CancelNothing" }

/**
 * Lists do not show a batch until they have been asked for so many times since it was made.
 *
 * @since 0.1.0
 * @category creation
 */
export const listLag = (lists: number): BatchHabit => ({ _tag: "ListLag", lists })

/**
 * The next request to make a batch makes two. The answer tells of the second.
 *
 * @since 0.1.0
 * @category creation
 */
export const duplicateCreate: BatchHabit = { _tag: "DuplicateCreate" }

/**
 * Does what it is asked the next time, and resets the connection instead of saying so.
 *
 * @since 0.1.0
 * @category creation
 */
export const loseAnswer = (call: BatchCall): BatchHabit => ({
  _tag: "Mishap",
  call,
  mishap: "reset",
  done: true,
  times: 1,
})

/**
 * Refuses so many calls, or all of them, and does nothing.
 *
 * @since 0.1.0
 * @category calls
 */
export const refuse = (call: BatchCall, mishap: Mishap, times?: number): BatchHabit => ({
  _tag: "Mishap",
  call,
  mishap,
  done: false,
  ...(times !== undefined && { times }),
})

/**
 * Answers a call with this body and status 200, and does nothing.
 *
 * @since 0.1.0
 * @category calls
 */
export const garble = (call: BatchCall, body: string): BatchHabit => ({ _tag: "Garble", call, body })

/**
 * Knows no batch any more.
 *
 * @since 0.1.0
 * @category calls
 */
export const notFound: BatchHabit = refuse("get", 404)

/**
 * Takes these items for invalid: OpenAI fails the batch for them, the others answer them with an error.
 *
 * @since 0.1.0
 * @category results
 */
export const invalid = (...ids: ReadonlyArray<string>): BatchHabit => ({ _tag: "Invalid", ids })

/**
 * Gives results in the reverse order.
 *
 * @since 0.1.0
 * @category results
 */
export const reversed: BatchHabit = { _tag: "Reversed" }

/**
 * Has no line for these items.
 *
 * @since 0.1.0
 * @category results
 */
export const missing = (...ids: ReadonlyArray<string>): BatchHabit => ({ _tag: "Missing", ids })

/**
 * Fills the line of one item up to so many bytes.
 *
 * @since 0.1.0
 * @category results
 */
export const longLine = (id: string, bytes: number): BatchHabit => ({ _tag: "LongLine", id, bytes })

/**
 * Cuts the last line in the middle, and ends the results there.
 *
 * @since 0.1.0
 * @category results
 */
export const halfLastLine: BatchHabit = { _tag: "HalfLastLine" }

/**
 * Puts lines between the others that are no JSON, are no objects, name no item, or name one that nobody sent.
 *
 * @since 0.1.0
 * @category results
 */
export const strangeLines: BatchHabit = { _tag: "StrangeLines" }

/**
 * Resets the connection when half of the results are sent.
 *
 * @since 0.1.0
 * @category results
 */
export const cutResults: BatchHabit = { _tag: "CutResults" }

/**
 * Says that results or uploads are at another host.
 *
 * @since 0.1.0
 * @category results
 */
export const foreignUrl = (url: string): BatchHabit => ({ _tag: "ForeignUrl", url })

/**
 * Answers whoever asks for results with a redirect to another host.
 *
 * @since 0.1.0
 * @category results
 */
export const redirect = (url: string): BatchHabit => ({ _tag: "Redirect", url })

/**
 * Runs out of time when so many items are answered.
 *
 * @since 0.1.0
 * @category ends
 */
export const expire = (answered: number): BatchHabit => ({ _tag: "Expire", answered })

/**
 * Fails the batch as a whole. Anthropic has no such end, and answers every item with an error.
 *
 * @since 0.1.0
 * @category ends
 */
export const failAll = (message: string): BatchHabit => ({ _tag: "FailAll", message })

/**
 * Answers all items although the batch was canceled.
 *
 * @since 0.1.0
 * @category ends
 */
export const cancelNothing: BatchHabit = { _tag: "CancelNothing" }
