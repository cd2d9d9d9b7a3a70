/**
 * What is to be uploaded: a file of this machine, a stream, or bytes.
 *
 * @since 0.1.0
 */
import { Effect, Stream } from "effect"

import { FileUnreadable } from "./internal/files/errors.ts"
import { mediaTypeOf as typeOf } from "./internal/files/mediaTypes.ts"
import { read, sizeOf } from "./internal/files/node.ts"

/**
 * Something to upload. It is read when it is sent, and no more of it is in memory than is being sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileSource {
  readonly fileName: string
  readonly mediaType: string
  /** Bytes; `undefined` where only the end tells. */
  readonly size: Effect.Effect<number | undefined, FileUnreadable>
  readonly content: Stream.Stream<Uint8Array, FileUnreadable>
  /** Whether it may be read more than once, and has the same bytes each time. */
  readonly isRepeatable: boolean
}

/**
 * The type of a file by the ending of its name, `application/octet-stream` if that says nothing.
 *
 * @since 0.1.0
 * @category getters
 */
export const mediaTypeOf = (fileName: string): string => typeOf(fileName)

/**
 * What a source is called and what it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Label {
  readonly fileName?: string | undefined
  /** By the ending of the name if left out. */
  readonly mediaType?: string | undefined
}

/**
 * A file of this machine.
 *
 * **Example** (Its type by its name)
 *
 * ```ts
 * import { FileSource } from "@holdfast/core"
 *
 * FileSource.path("films/launch.mp4").mediaType // => "video/mp4"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const path = (file: string, label: Label = {}): FileSource => ({
  ...labelled(file.replace(/^.*[\\/]/, ""), label),
  size: sizeOf(file),
  content: read(file),
  isRepeatable: true,
})

/**
 * Bytes that are in memory anyway.
 *
 * @since 0.1.0
 * @category constructors
 */
export const bytes = (content: Uint8Array, label: Label & { readonly fileName: string }): FileSource => ({
  ...labelled(label.fileName, label),
  size: Effect.succeed(content.byteLength),
  content: Stream.make(content),
  isRepeatable: true,
})

/**
 * A stream.
 *
 * **Details**
 *
 * With a `size` OpenAI is sent parts, of which a lost one is sent again; without it, all of it goes in one request. `isRepeatable` says that
 * it has the same bytes whenever it is run, so that an upload can begin again and equal contents can be found.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = <E>(
  content: Stream.Stream<Uint8Array, E>,
  options: Label & {
    readonly fileName: string
    /** Bytes. */
    readonly size?: number | undefined
    readonly isRepeatable?: boolean | undefined
  },
): FileSource => ({
  ...labelled(options.fileName, options),
  size: Effect.succeed(options.size),
  content: Stream.mapError(
    content,
    (cause) => new FileUnreadable({ file: options.fileName, explanation: describe(cause) }),
  ),
  isRepeatable: options.isRepeatable === true,
})

const labelled = (name: string, { fileName = name, mediaType = mediaTypeOf(fileName) }: Label) => ({
  fileName,
  mediaType,
})

const describe = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "_tag" in cause ? `the stream failed with ${String(cause._tag)}` : "the stream failed"

/**
 * The content in pieces of one size; only the last one is shorter.
 *
 * **Gotchas**
 *
 * A piece is a copy, and lives as long as it is held.
 *
 * @since 0.1.0
 * @category combinators
 */
export const pieces = <E>(
  content: Stream.Stream<Uint8Array, E>,
  size: number,
  /** Of all, in bytes, where it is known: then no piece is larger than what is left. */
  total = Infinity,
): Stream.Stream<Uint8Array, E> =>
  content.pipe(
    Stream.mapAccumArray(
      (): Rest => ({ piece: new Uint8Array(0), filled: 0, left: total }),
      (rest: Rest, arrived): readonly [Rest, ReadonlyArray<Uint8Array>] => cut(rest, arrived, size),
      { onHalt: ({ filled, piece }: Rest) => (filled === 0 ? [] : [piece.subarray(0, filled)]) },
    ),
    // One by one: several at once would all be held.
    Stream.rechunk(1),
  )

interface Rest {
  readonly piece: Uint8Array
  readonly filled: number
  /** Bytes that are still to come, this piece included. */
  readonly left: number
}

const cut = (
  rest: Rest,
  arrived: ReadonlyArray<Uint8Array>,
  size: number,
): readonly [Rest, ReadonlyArray<Uint8Array>] => {
  const out: Array<Uint8Array> = []
  let { filled, left, piece } = rest
  for (const bytes of arrived) {
    for (let at = 0; at < bytes.byteLength; ) {
      // More may come than was announced.
      if (filled === 0) piece = new Uint8Array(left > 0 ? Math.min(size, left) : size)
      const part = bytes.subarray(at, at + piece.byteLength - filled)
      piece.set(part, filled)
      filled += part.byteLength
      at += part.byteLength
      if (filled < piece.byteLength) continue
      out.push(piece)
      left -= filled
      filled = 0
    }
  }
  return [{ piece, filled, left }, out]
}
