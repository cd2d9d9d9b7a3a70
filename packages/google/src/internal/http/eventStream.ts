/**
 * Server-sent events in the only form that the SDK reads: one `data:` line and a blank one.
 *
 * The SDK throws away an event that has anything before its `data:`, such as a comment or an `event:` line of a proxy,
 * and with it a piece of the answer. It also trips over data of several lines, and over a last event without a blank line.
 */
import { longestEvent, through } from "@holdfast/core/provider/BoundedBody"

type Body = ReadableStream<Uint8Array<ArrayBuffer>>

/** A body of events, each in the SDK's form. Fails if one of them is too long. */
export const plainEvents = (body: Body): Body => {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const events = new EventLines()
  const encoded = (plain: string) => (plain === "" ? undefined : encoder.encode(plain))
  return through(body, {
    push: (piece) => {
      const plain = events.push(decoder.decode(piece, { stream: true }))
      if (events.size > longestEvent) throw new RangeError(`an event exceeds ${longestEvent} characters`)
      return encoded(plain)
    },
    end: () => encoded(events.push(decoder.decode()) + events.end()),
  })
}

const lineEnd = /\r\n|\n|\r/g

/** Reads the lines of events, in whatever pieces they come. */
export class EventLines {
  /** The line that has not ended. */
  private rest = ""
  /** The data of the event that has not ended. */
  private data = ""
  /** What is no event: an error page or an error object, if it is all that comes. */
  private other: string | undefined = ""
  private endsInReturn = false

  /** What is held back. Characters. */
  get size(): number {
    return this.rest.length + this.data.length
  }

  /** The events that a piece completes, in the SDK's form. */
  push(piece: string): string {
    let out = ""
    let from = this.endsInReturn && piece.startsWith("\n") ? 1 : 0
    if (piece !== "") this.endsInReturn = piece.endsWith("\r")
    lineEnd.lastIndex = from
    for (let match = lineEnd.exec(piece); match !== null; match = lineEnd.exec(piece)) {
      out += this.line(this.rest + piece.slice(from, match.index))
      this.rest = ""
      from = match.index + match[0].length
    }
    this.rest += piece.slice(from)
    return out
  }

  /** What there is when the body is over. */
  end(): string {
    const out = this.line(this.rest) + this.line("")
    this.rest = ""
    return out === "" && this.other !== undefined && this.other !== "" ? event(this.other) : out
  }

  private line(line: string): string {
    if (line === "") {
      const { data } = this
      this.data = ""
      if (data !== "") this.other = undefined
      return data === "" ? "" : event(data)
    }
    // The line breaks within JSON mean nothing.
    if (line.startsWith("data:")) this.data += spaced(line.slice(5).trim())
    else if (this.other !== undefined && !/^(?::|(?:event|id|retry)\b)/.test(line)) {
      if (this.other.length < longestOther) this.other += ` ${line.slice(0, longestOther)}`
    }
    return ""
  }
}

const longestOther = 20_000

const event = (data: string): string => `data:${data}\n\n`

// A heartbeat without data is no event.
const spaced = (data: string): string => (data === "" ? "" : ` ${data}`)
