/** A reader's events as a body of frames, with a sign of life while nothing comes. */
import { Cause, Effect, Option, Stream } from "effect"

import { type Entry } from "../answer/entry.ts"
import { type Reader } from "../answer/log.ts"

export interface Framing {
  /** What goes out before the first event, so that headers and buffers of proxies do not wait for the model. */
  readonly opening: string
  /** Of events and the number of the first of them. */
  readonly frames: (entries: ReadonlyArray<Entry>, first: number) => string
  readonly beat: string
  /** What follows the last event. */
  readonly closing: string
  /** Milliseconds of silence after which there is a beat. */
  readonly heartbeat: number
}

/** About as much as a socket takes at once. */
const mostPerWrite = 65_536

export const framed = (reader: Reader, framing: Framing): Stream.Stream<Uint8Array> => {
  const encoder = new TextEncoder()
  const bytes = (text: string) => Effect.succeed([encoder.encode(text)] as const)
  let greeted = false
  let closed = false
  const next: Effect.Effect<readonly [Uint8Array], Cause.Done> = Effect.suspend(() => {
    if (!greeted) {
      greeted = true
      if (framing.opening !== "") return bytes(framing.opening)
    }
    const first = reader.position + 1
    const entries = reader.take(mostPerWrite)
    if (entries.length > 0) return bytes(framing.frames(entries, first))
    if (reader.done) {
      if (closed || framing.closing === "") return Cause.done()
      closed = true
      return bytes(framing.closing)
    }
    return Effect.flatMap(Effect.timeoutOption(reader.more, framing.heartbeat), (came) =>
      Option.isNone(came) ? bytes(framing.beat) : next,
    )
  })
  return Stream.fromPull(Effect.succeed(next))
}
