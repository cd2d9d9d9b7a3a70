import { Cause, type Context, Effect, type Pull, Stream } from "effect"

import { type FileSource } from "../../FileSource.ts"
import { UploadBody } from "../../provider/UploadBody.ts"
import { type FileUnreadable } from "./errors.ts"
import { otherSize } from "./pieces.ts"

/** How much is read at once. Bytes. */
const atOnce = 1024 * 1024

/** A source as a body, which tells of it when the source cannot be read: all that is heard of it elsewhere is a connection that broke. */
export const bodyOf = (
  source: FileSource,
  options: {
    readonly length: number | undefined
    readonly context: Context.Context<never>
    readonly onUnreadable: (error: FileUnreadable) => void
  },
): UploadBody =>
  new UploadBody({
    length: options.length,
    isRepeatable: source.isRepeatable,
    open: () =>
      Stream.toAsyncIterableWith(
        Stream.tapError(piecesOf(source, options.length), (error) => Effect.sync(() => options.onUnreadable(error))),
        options.context,
      ),
  })

/** Pieces share one array: each is of use until the next one is asked for. */
const piecesOf = (source: FileSource, length: number | undefined): Stream.Stream<Uint8Array, FileUnreadable> =>
  Stream.unwrap(
    Effect.map(source.open, (read) => {
      const piece = new Uint8Array(atOnce)
      let at = 0
      type Piece = readonly [Uint8Array]
      const pull: Pull.Pull<Piece, FileUnreadable> = Effect.flatMap(
        read(piece),
        (bytes): Pull.Pull<Piece, FileUnreadable> => {
          at += bytes
          const isWrong = length !== undefined && (bytes === 0 ? at < length : at > length)
          if (isWrong) return Effect.fail(otherSize(source, length))
          return bytes === 0 ? Cause.done() : Effect.succeed([piece.subarray(0, bytes)])
        },
      )
      return Stream.fromPull(Effect.succeed(pull))
    }),
  )
