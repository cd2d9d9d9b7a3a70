/**
 * The lines that batches are written and read in: one JSON object to a line. Reading holds one line, and no line without end.
 *
 * @since 0.1.0
 */
import { Effect, Result, Stream } from "effect"
import { type AiError } from "effect/ai"

import { type Item, type Line as Told } from "./BatchProvider.ts"
import { type Json, record, text as textIn } from "./Json.ts"
import { fromFault, malformed, type Origin } from "./ProviderError.ts"

/**
 * The longest line that is read, in characters. An answer with a generated image has a few million.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestLine = 32 * 1024 * 1024

/**
 * A line that was read, or what is wrong with it, and the id that it begins or ends with, if it does.
 *
 * @since 0.1.0
 * @category models
 */
export type Line =
  | { readonly _tag: "Object"; readonly value: Json }
  | { readonly _tag: "Broken"; readonly id: string | undefined; readonly what: string }

/**
 * Reads lines. What is no JSON object, is too long, or ends in the middle is `Broken`, and what comes after it is read all the
 * same.
 *
 * @since 0.1.0
 * @category combinators
 */
export const read = <E>(bytes: Stream.Stream<Uint8Array, E>, longest = longestLine): Stream.Stream<Line, E> =>
  Stream.suspend(() => {
    const decoder = new TextDecoder()
    const reader = new LineReader(longest)
    const arriving = Stream.mapAccum(
      bytes,
      () => reader,
      (_, piece) => {
        const out: Array<Line> = []
        reader.push(decoder.decode(piece, { stream: true }), out)
        return [reader, out] as const
      },
    )
    // Only what ends well has a last line: where the connection breaks, the rest of it may yet come.
    const last = Stream.suspend(() => {
      const out: Array<Line> = []
      reader.push(decoder.decode(), out)
      reader.end(out, false)
      return Stream.fromIterable(out)
    })
    return Stream.concat(arriving, last)
  })

// What is kept of a line that is too long: an id may stand at either end.
const keptOfLongLine = 4096

class LineReader {
  private readonly longest: number
  private pieces: Array<string> = []
  private size = 0
  /** The end of a line that has become too long; its beginning is the only piece then. */
  private tail: string | undefined

  constructor(longest: number) {
    this.longest = longest
  }

  push(piece: string, out: Array<Line>): void {
    let start = 0
    for (;;) {
      const end = piece.indexOf("\n", start)
      this.add(piece.slice(start, end === -1 ? undefined : end))
      if (end === -1) return
      this.end(out, true)
      start = end + 1
    }
  }

  private add(piece: string): void {
    if (piece === "") return
    if (this.tail !== undefined) {
      this.tail = `${this.tail}${piece.slice(-keptOfLongLine)}`.slice(-keptOfLongLine)
      return
    }
    this.pieces.push(piece)
    this.size += piece.length
    if (this.size <= this.longest) return
    const whole = this.pieces.join("")
    this.pieces = [whole.slice(0, keptOfLongLine)]
    this.tail = whole.slice(-keptOfLongLine)
  }

  /** The line is over, or all of them are, so that it may be half a line. */
  end(out: Array<Line>, isWhole: boolean): void {
    const text = this.pieces.join("").trim()
    const { tail } = this
    this.pieces = []
    this.size = 0
    this.tail = undefined
    if (tail !== undefined) {
      out.push({
        _tag: "Broken",
        id: idAtStart(text) ?? (isWhole ? idAtEnd(tail) : undefined),
        what: `a line exceeds ${this.longest} characters`,
      })
    } else if (text !== "") out.push(lineOf(text))
  }
}

const lineOf = (text: string): Line => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(parsed)) return { _tag: "Broken", id: idAtStart(text), what: "a line is not JSON" }
  const value = record(parsed.success)
  return value === undefined || Array.isArray(parsed.success)
    ? { _tag: "Broken", id: undefined, what: "a line is no object" }
    : { _tag: "Object", value }
}

const first = /^\s*\{\s*(?:"id"\s*:\s*"[^"\\]{0,256}"\s*,\s*)?"(?:custom_id|key)"\s*:\s*"([\w-]{1,64})"/
const last = /"(?:custom_id|key)"\s*:\s*"([\w-]{1,64})"\s*\}\s*$/

// Only the outermost fields at either end: an answer may hold fields of the same name.
const idAtStart = (text: string): string | undefined => first.exec(text)?.[1]

const idAtEnd = (text: string): string | undefined => last.exec(text)?.[1]

/**
 * What a line says of the item that is named in one of its fields. A line that cannot be read, and one without a name, may be
 * an answer that is billed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const telling =
  (origin: Origin, key: string, tell: (id: string, line: Json) => Told) =>
  (line: Line): Told => {
    if (line._tag === "Broken") {
      const error = malformed(origin, line.what, true)
      return line.id === undefined ? { _tag: "Unreadable", error } : { _tag: "Refused", id: line.id, error }
    }
    const id = textIn(line.value, key)
    return id === undefined
      ? { _tag: "Unreadable", error: malformed(origin, `a line without "${key}"`, true) }
      : tell(id, line.value)
  }

const encoder = new TextEncoder()

/**
 * The bytes of a line, with its end.
 *
 * @since 0.1.0
 * @category getters
 */
export const sizeOf = (line: unknown): number => encoder.encode(JSON.stringify(line)).length + 1

/**
 * What a batch may hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly items: number
  readonly bytes: number
}

/**
 * How items are written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Writing {
  readonly origin: Origin
  readonly limits: Limits
  readonly line: (item: Item) => unknown
}

/**
 * What was written, in pieces of about a megabyte.
 *
 * @since 0.1.0
 * @category models
 */
export interface Written {
  readonly pieces: ReadonlyArray<Uint8Array<ArrayBuffer>>
  readonly bytes: number
}

/**
 * Writes items as lines, all of them in memory: `fetch` keeps whatever is uploaded until it is answered. Items that no batch
 * takes are refused before anything is sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const write = (items: Stream.Stream<Item>, writing: Writing): Effect.Effect<Written, AiError.AiError> =>
  written(items, writing, (line) => `${line}\n`)

/**
 * The same, as what stands between the brackets of a JSON list.
 *
 * @since 0.1.0
 * @category constructors
 */
export const writeList = (items: Stream.Stream<Item>, writing: Writing): Effect.Effect<Written, AiError.AiError> =>
  written(items, writing, (line, index) => (index === 0 ? line : `,${line}`))

// A body of many small pieces takes long to be read.
const pieceLength = 1024 * 1024

const written = (
  items: Stream.Stream<Item>,
  { limits, line, origin }: Writing,
  framed: (line: string, index: number) => string,
): Effect.Effect<Written, AiError.AiError> =>
  Effect.suspend(() => {
    const pieces: Array<Uint8Array<ArrayBuffer>> = []
    const ids = new Set<string>()
    let bytes = 0
    let gathered = ""
    const seal = (): void => {
      if (gathered === "") return
      const piece = encoder.encode(gathered)
      gathered = ""
      bytes += piece.length
      pieces.push(piece)
    }
    const refuse = (message: string) => Effect.fail(fromFault(origin, { message, status: 400 }))
    const tooLarge = () => bytes > limits.bytes
    return Stream.runForEach(items, (item) => {
      if (!/^[\w-]{1,64}$/.test(item.id)) return refuse("an item's id is not 1 to 64 letters, digits, - or _")
      if (ids.has(item.id)) return refuse(`two items of a batch have the id "${item.id}"`)
      if (ids.size === limits.items) return refuse(`a batch takes no more than ${limits.items} items`)
      gathered += framed(JSON.stringify(line(item)), ids.size)
      ids.add(item.id)
      if (gathered.length >= pieceLength) seal()
      return tooLarge() ? refuse(`a batch takes no more than ${limits.bytes} bytes`) : Effect.void
    }).pipe(
      Effect.flatMap(() => {
        seal()
        return tooLarge()
          ? refuse(`a batch takes no more than ${limits.bytes} bytes`)
          : Effect.succeed({ pieces, bytes })
      }),
    )
  })
