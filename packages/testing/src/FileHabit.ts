/**
 * What the file, cache and counting APIs of vendors do on bad days, as plain data that a running emulator takes.
 *
 * **Example** (A film that is never done)
 *
 * ```ts
 * import { Emulator, FileHabit } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const emulator = yield* Emulator.Emulator
 *   yield* emulator.files.behave(FileHabit.processing(Infinity))
 *   return (yield* emulator.files.seen).files.length
 * }).pipe(Effect.provide(Emulator.layer()))
 *
 * await Effect.runPromise(program) // => 0
 * ```
 *
 * @since 0.1.0
 */
import { type Mishap } from "./BatchHabit.ts"

/**
 * The calls of these APIs. `piece` is one part of an upload.
 *
 * @since 0.1.0
 * @category models
 */
export type FileCall =
  | "upload"
  | "piece"
  | "complete"
  | "cancel"
  | "get"
  | "list"
  | "delete"
  | "count"
  | "createCache"
  | "extendCache"
  | "deleteCache"

/**
 * One habit. All but `Mishap` and `LostPiece` hold until others are set.
 *
 * @since 0.1.0
 * @category models
 */
export type FileHabit =
  | { readonly _tag: "Processing"; readonly polls: number }
  | { readonly _tag: "Failing"; readonly message: string }
  | { readonly _tag: "ShortLived"; readonly millis: number }
  | { readonly _tag: "StorageFull" }
  | { readonly _tag: "LostPiece"; readonly bytes: number; readonly times: number }
  | { readonly _tag: "ForeignUploadUrl"; readonly origin: string }
  | { readonly _tag: "Revoked"; readonly key: string; readonly after: number }
  | { readonly _tag: "Redirect"; readonly call: FileCall; readonly url: string }
  | {
      readonly _tag: "Mishap"
      readonly call: FileCall
      readonly mishap: Mishap
      /** Whether the work is done all the same. */
      readonly done: boolean
      readonly times: number
    }

/**
 * Google makes something of a file until it was asked for so many times; `Infinity` is for ever.
 *
 * @since 0.1.0
 * @category creation
 */
export const processing = (polls: number): FileHabit => ({ _tag: "Processing", polls })

/**
 * Google can make nothing of a file.
 *
 * @since 0.1.0
 * @category creation
 */
export const failing = (message: string): FileHabit => ({ _tag: "Failing", message })

/**
 * New files expire after so many milliseconds, at every vendor.
 *
 * @since 0.1.0
 * @category creation
 */
export const shortLived = (millis: number): FileHabit => ({ _tag: "ShortLived", millis })

/**
 * There is no room for another file.
 *
 * @since 0.1.0
 * @category creation
 */
export const storageFull: FileHabit = { _tag: "StorageFull" }

/**
 * Of the next piece of an upload so many bytes arrive, and then the connection breaks.
 *
 * @since 0.1.0
 * @category creation
 */
export const lostPiece = (bytes: number, times = 1): FileHabit => ({ _tag: "LostPiece", bytes, times })

/**
 * The address that a resumable upload is given is at another host.
 *
 * @since 0.1.0
 * @category creation
 */
export const foreignUploadUrl = (origin: string): FileHabit => ({ _tag: "ForeignUploadUrl", origin })

/**
 * A key is refused after so many calls with it, as a token is that has expired. `key` is what the log shows: `Emulator.fingerprint`.
 *
 * @since 0.1.0
 * @category creation
 */
export const revoked = (key: string, after = 0): FileHabit => ({ _tag: "Revoked", key, after })

/**
 * A call is answered with a redirect.
 *
 * @since 0.1.0
 * @category creation
 */
export const redirect = (call: FileCall, url: string): FileHabit => ({ _tag: "Redirect", call, url })

/**
 * So many calls fail, and do nothing.
 *
 * @since 0.1.0
 * @category creation
 */
export const refuse = (call: FileCall, mishap: Mishap, times = 1): FileHabit => ({
  _tag: "Mishap",
  call,
  mishap,
  done: false,
  times,
})

/**
 * So many calls do what they are asked, and the connection breaks before they say so.
 *
 * @since 0.1.0
 * @category creation
 */
export const loseAnswer = (call: FileCall, times = 1): FileHabit => ({
  _tag: "Mishap",
  call,
  mishap: "reset",
  done: true,
  times,
})
