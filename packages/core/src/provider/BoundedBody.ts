/**
 * Bodies of answers that cannot fill the memory: the SDKs gather a whole answer, or an event until its end, however much
 * that is.
 *
 * @since 0.1.0
 */
import { longestGathered } from "./EventReader.ts"
import { untimedFetch } from "./UntimedFetch.ts"

/**
 * The longest event, with room for a generated file. Bytes, or characters where the text is at hand.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestEvent = 8 * longestGathered

/**
 * The longest answer that comes as a whole. Bytes.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestBody = 2 * longestEvent

/**
 * A `fetch` whose answers are bounded. `undefined` stands for the global one, without its limits in time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const boundedFetch = (fetch: typeof globalThis.fetch | undefined): typeof globalThis.fetch => {
  const send = untimedFetch(fetch)
  return (input, init) => send(input, init).then(bounded)
}

/**
 * The same answer with a body that fails with a `RangeError` when it is too long.
 *
 * **Details**
 *
 * Server-sent events may go on for ever, and only one event must not; they are given out as soon as they are whole,
 * because the SDKs search what they hold anew with every piece that comes. Of anything else the whole is counted, unless
 * its headers promise a length that is allowed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bounded = (response: Response): Response => {
  const { body, headers } = response
  if (body === null) return response
  const isEvents = isEventStream(headers)
  if (!isEvents && promisesLittle(headers)) return response
  const pieces = through(body, isEvents ? new WholeEvents() : new Counted())
  // Whatever it is said to be, an answer that is read as a whole is counted as a whole.
  const whole = () => new Response(through(body, new Counted()), { headers })
  // The answer stays what it is, with its URL and whatever status it has: one made anew takes neither.
  return Object.defineProperties(response, {
    body: { value: pieces, configurable: true },
    arrayBuffer: { value: () => whole().arrayBuffer(), configurable: true },
    blob: { value: () => whole().blob(), configurable: true },
    json: { value: () => whole().json(), configurable: true },
    text: { value: () => whole().text(), configurable: true },
  })
}

/**
 * Whether the headers announce server-sent events.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isEventStream = (headers: Headers): boolean =>
  /^text\/event-stream\b/i.test(headers.get("content-type") ?? "")

// What is packed may be far longer than it is announced to be.
const promisesLittle = (headers: Headers): boolean => {
  const length = headers.get("content-length")
  return length !== null && !headers.has("content-encoding") && Number(length) <= longestBody
}

type Body = ReadableStream<Uint8Array<ArrayBuffer>>

/**
 * What becomes of the pieces of a body. What it throws is what the body fails with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Passage {
  /** What may be given out with this piece. */
  readonly push: (piece: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | undefined
  /** What is left when the body is over. */
  readonly end: () => Uint8Array<ArrayBuffer> | undefined
}

/**
 * A body whose pieces go through a passage.
 *
 * It reads only when it is read: what a pipe holds in between is lost when the connection breaks.
 *
 * @since 0.1.0
 * @category combinators
 */
export const through = (body: Body, passage: Passage): Body => {
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined
  const cancel = (reason: unknown): Promise<void> => (reader ?? body).cancel(reason)
  const next = async (): Promise<{ readonly done: boolean; readonly out: Uint8Array<ArrayBuffer> | undefined }> => {
    reader ??= body.getReader()
    for (;;) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- a call of itself would leave a promise behind for every piece
      const { done, value } = await reader.read()
      const out = done ? passage.end() : passage.push(value)
      // A stream that was given nothing would not ask again.
      if (done || out !== undefined) return { done, out }
    }
  }
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> => {
    const { done, out } = await next().catch((cause: unknown) => {
      void cancel(cause).catch(() => undefined)
      throw cause
    })
    if (out !== undefined) controller.enqueue(out)
    if (done) controller.close()
  }
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 })
}

// What a piece costs to keep, however short it is. Bytes.
const leastCost = 256

class Counted implements Passage {
  private size = 0

  push(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.size += Math.max(piece.length, leastCost)
    if (this.size > longestBody) throw new RangeError(`the answer exceeds ${longestBody} bytes`)
    return piece
  }

  end(): undefined {
    return undefined
  }
}

const lineFeed = 10
const carriageReturn = 13

/**
 * Holds an event back until it is whole.
 *
 * @since 0.1.0
 * @category models
 */
export class WholeEvents implements Passage {
  private held = new Uint8Array(0)
  private size = 0

  push(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
    const end = this.lastEnd(piece)
    if (end === piece.length && this.size === 0) return piece
    if (end === 0) {
      this.hold(piece)
      return undefined
    }
    const out = this.take(piece.subarray(0, end))
    this.hold(piece.subarray(end))
    return out
  }

  end(): Uint8Array<ArrayBuffer> | undefined {
    return this.size === 0 ? undefined : this.take(new Uint8Array(0))
  }

  /** Where the last blank line of a piece ends, or 0. */
  private lastEnd(piece: Uint8Array): number {
    for (let at = piece.length - 1; at >= 0; at--) {
      const byte = piece[at]
      if (byte !== lineFeed && byte !== carriageReturn) continue
      const before = this.before(piece, at, 1)
      if (before === byte) return at + 1
      if (byte === lineFeed && before === carriageReturn && this.before(piece, at, 2) === lineFeed) return at + 1
    }
    return 0
  }

  private before(piece: Uint8Array, at: number, back: number): number | undefined {
    return at >= back ? piece[at - back] : this.held[this.size + at - back]
  }

  private take(last: Uint8Array): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.size + last.length)
    out.set(this.held.subarray(0, this.size))
    out.set(last, this.size)
    this.held = new Uint8Array(0)
    this.size = 0
    return out
  }

  // Twice the room each time, so that an event in many small pieces is not copied with each of them.
  private hold(piece: Uint8Array): void {
    const size = this.size + piece.length
    if (size > longestEvent) throw new RangeError(`an event exceeds ${longestEvent} bytes`)
    if (size > this.held.length) {
      const room = new Uint8Array(Math.min(longestEvent, 2 * size))
      room.set(this.held.subarray(0, this.size))
      this.held = room
    }
    this.held.set(piece, this.size)
    this.size = size
  }
}
