import { Effect } from "effect"

import { type FileSource, type Read } from "../../FileSource.ts"
import { FileUnreadable } from "./errors.ts"

/**
 * Reads a source in pieces of one size, of which only the last one is shorter, and uses one after the other. They share one array, so that
 * there is never more than one of them in memory. Gives the number of bytes.
 */
export const eachPiece = <E, R>(
  source: FileSource,
  size: number,
  use: (piece: Uint8Array, at: number) => Effect.Effect<unknown, E, R>,
): Effect.Effect<number, E | FileUnreadable, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const stated = yield* source.size
      const read = yield* source.open
      const piece = new Uint8Array(Math.max(1, Math.min(size, stated ?? size)))
      let at = 0
      for (;;) {
        const filled = yield* fill(read, piece)
        // Before the last piece is used, which ends an upload.
        const isWhole = at + filled === stated
        const isLonger = isWhole ? (yield* read(new Uint8Array(1))) > 0 : stated !== undefined && at + filled > stated
        if (stated !== undefined && isLonger) return yield* Effect.fail(otherSize(source, stated))
        if (filled > 0) yield* use(piece.subarray(0, filled), at)
        at += filled
        if (isWhole || filled < piece.byteLength) break
      }
      if (stated !== undefined && at < stated) return yield* Effect.fail(otherSize(source, stated))
      return at
    }),
  )

/** What a server was told before would keep it waiting. */
export const otherSize = ({ fileName }: FileSource, stated: number): FileUnreadable =>
  new FileUnreadable({ file: fileName, explanation: `it has not the ${stated} bytes that were announced` })

const fill = (read: Read, piece: Uint8Array): Effect.Effect<number, FileUnreadable> =>
  Effect.gen(function* () {
    let filled = 0
    while (filled < piece.byteLength) {
      const bytes = yield* read(piece.subarray(filled))
      if (bytes === 0) break
      filled += bytes
    }
    return filled
  })
