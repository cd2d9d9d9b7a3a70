/**
 * What is to be uploaded: a file of this machine, a stream, or bytes.
 *
 * @since 0.1.0
 */
import { Effect, Pull, type Scope, Stream } from "effect"

import { FileUnreadable } from "./internal/files/errors.ts"
import { mediaTypeOf as typeOf } from "./internal/files/mediaTypes.ts"
import { open, sizeOf } from "./internal/files/node.ts"

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
  /** Begins to read. */
  readonly open: Effect.Effect<Read, FileUnreadable, Scope.Scope>
  /** Whether it may be read more than once, and has the same bytes each time. */
  readonly isRepeatable: boolean
}

/**
 * Reads what comes next into an array, and gives the number of bytes; 0 at the end.
 *
 * @since 0.1.0
 * @category models
 */
export type Read = (into: Uint8Array) => Effect.Effect<number, FileUnreadable>

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
  open: open(file),
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
  open: reading(Stream.make(content)),
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
  open: reading(
    Stream.mapError(content, (cause) => new FileUnreadable({ file: options.fileName, explanation: describe(cause) })),
  ),
  isRepeatable: options.isRepeatable === true,
})

// A type goes into headers, which take these characters alone.
const labelled = (name: string, { fileName = name, mediaType = "" }: Label) => ({
  fileName,
  mediaType: mediaType.replace(/[^\x20-\x7e]/g, "").trim() || mediaTypeOf(fileName),
})

const describe = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "_tag" in cause
    ? `the stream failed with ${String(cause._tag)}`
    : "the stream failed"

const none: ReadonlyArray<Uint8Array> = []

const reading = (content: Stream.Stream<Uint8Array, FileUnreadable>): Effect.Effect<Read, never, Scope.Scope> =>
  Effect.map(Stream.toPull(content), (pull) => {
    const next = Pull.catchDone(pull, () => Effect.succeed(none))
    let arrived: Array<Uint8Array> = []
    let rest: Uint8Array = new Uint8Array(0)
    const read: Read = (into) =>
      Effect.suspend(() => {
        while (rest.byteLength === 0) {
          const first = arrived.pop()
          if (first === undefined) {
            return Effect.flatMap(next, (pieces) => {
              arrived = pieces.toReversed()
              return pieces.length === 0 ? Effect.succeed(0) : read(into)
            })
          }
          rest = first
        }
        const part = rest.subarray(0, into.byteLength)
        into.set(part)
        rest = rest.subarray(part.byteLength)
        return Effect.succeed(part.byteLength)
      })
    return read
  })
