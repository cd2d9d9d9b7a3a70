/** A reader's events as a body of frames, with a sign of life while nothing comes. */
import { Readable } from "node:stream"

import { Cause, Effect, Option, Predicate, Stream } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"

import { type Entry } from "../answer/entry.ts"
import { type Reader } from "../answer/log.ts"
import { type Beating, type Heartbeats } from "./heartbeats.ts"

export interface Framing {
  /** What goes out before the first event, so that headers and buffers of proxies do not wait for the model. */
  readonly opening: string
  /** Of events and the number of the first of them. */
  readonly frames: (entries: ReadonlyArray<Entry>, first: number) => string
  readonly beat: string
  /** What follows the last event. */
  readonly closing: string
}

export interface Streaming {
  readonly heartbeats: Heartbeats
  /** Milliseconds. */
  readonly heartbeat: number
}

/** About as much as a socket takes at once. */
const mostPerWrite = 65_536

class Frames {
  private readonly reader: Reader
  private readonly framing: Framing
  private greeted = false
  private closed = false

  constructor(reader: Reader, framing: Framing) {
    this.reader = reader
    this.framing = framing
  }

  /** What is to be written now: nothing yet where it is empty, nothing more where it is `null`. */
  next(): string | null {
    const { framing, reader } = this
    if (!this.greeted) {
      this.greeted = true
      if (framing.opening !== "") return framing.opening
    }
    const first = reader.position + 1
    const entries = reader.take(mostPerWrite)
    if (entries.length > 0) return framing.frames(entries, first) || this.next()
    if (!reader.done) return ""
    if (this.closed || framing.closing === "") return null
    this.closed = true
    return framing.closing
  }
}

/**
 * On Node.js events go from the log to the socket without a fiber in between: a stream of Node.js asks for more when the socket
 * has room.
 */
class Body extends Readable implements Beating {
  private readonly frames: Frames
  private readonly beat: string
  private readonly attach: () => ReadonlyArray<() => void>
  private attached: ReadonlyArray<() => void> | undefined
  private wanted = false
  private silent = false
  private destination: NodeJS.WritableStream | undefined

  constructor(reader: Reader, framing: Framing, heartbeats: Heartbeats) {
    // One piece at a time: what waits, waits in the log. Texts as they are: Node.js writes them faster than bytes.
    super({ highWaterMark: 1, objectMode: true })
    this.frames = new Frames(reader, framing)
    this.beat = framing.beat
    this.attach = () => [reader.log.watch(() => this.flow()), heartbeats.join(this)]
  }

  /** Straight to where it goes, without the queue of a `Readable`, which costs more than all else here. */
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    this.destination = destination
    destination.on("drain", () => this._read())
    this._read()
    return destination
  }

  override _read(): void {
    // Not before somebody reads: a body that never is would not be destroyed either.
    this.attached ??= this.attach()
    this.wanted = true
    this.flow()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    for (const leave of this.attached ?? []) leave()
    callback(error)
  }

  tick(): void {
    if (this.silent && this.wanted) this.send(this.beat)
    this.silent = true
  }

  private flow(): void {
    while (this.wanted && !this.destroyed) {
      const piece = this.frames.next()
      if (piece === "") return
      this.send(piece)
    }
  }

  private send(piece: string | null): void {
    const { destination } = this
    this.silent = false
    if (destination === undefined || piece === null) {
      this.wanted = false
      this.push(piece)
      // The end is told by its event, which only comes to those who read.
      if (destination !== undefined) this.resume()
    } else {
      this.wanted = destination.write(piece)
    }
  }
}

const framed = (reader: Reader, framing: Framing, heartbeat: number): Stream.Stream<Uint8Array> => {
  const frames = new Frames(reader, framing)
  const encoder = new TextEncoder()
  const bytes = (text: string) => Effect.succeed([encoder.encode(text)] as const)
  const next: Effect.Effect<readonly [Uint8Array], Cause.Done> = Effect.suspend(() => {
    const piece = frames.next()
    if (piece === null) return Cause.done()
    if (piece !== "") return bytes(piece)
    return Effect.flatMap(Effect.timeoutOption(reader.more, heartbeat), (came) =>
      Option.isNone(came) ? bytes(framing.beat) : next,
    )
  })
  return Stream.fromPull(Effect.succeed(next))
}

/** A response whose body is what a reader reads. */
export const streamed = (
  { reader, request }: { readonly reader: Reader; readonly request: HttpServerRequest.HttpServerRequest },
  framing: Framing,
  { heartbeat, heartbeats }: Streaming,
  headers: Readonly<Record<string, string>>,
): HttpServerResponse.HttpServerResponse => {
  const contentType = "text/event-stream"
  return isNode(request)
    ? HttpServerResponse.raw(new Body(reader, framing, heartbeats), { contentType, headers })
    : HttpServerResponse.stream(framed(reader, framing, heartbeat), { contentType, headers })
}

/** Whether the server is the one of Node.js, which takes its streams as bodies. */
const isNode = ({ source }: HttpServerRequest.HttpServerRequest): boolean =>
  Predicate.hasProperty(source, "socket") && Predicate.hasProperty(source, "httpVersionMajor")
