/** Server-sent events, as the WHATWG has them: lines end in \n, \r\n or \r, also where pieces are cut between the two. */

export interface Frame {
  readonly data: string
  readonly id: number
  /** Milliseconds for which the server wants a client to stay away. */
  readonly retry: number
}

/** Characters of one event. A line without an end would fill the memory. */
const most = 16_000_000

/** Gives the events that are complete with each piece, but for those without data. */
export const sseParser = (): ((piece: string) => Iterable<Frame>) => {
  // Not looked at before its end has come: then what was joined piece by piece would be copied each time.
  let line = ""
  let data = ""
  let id = 0
  let retry = 0
  let afterCr = false
  return function* (piece) {
    const [first, ...others] = (afterCr ? piece.replace(/^\n/, "") : piece).split(/\r\n|\n|\r/)
    afterCr = piece.endsWith("\r")
    line += first
    for (const next of others) {
      const colon = line.indexOf(":")
      const field = line.slice(0, colon)
      const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1)
      if (field === "data") data += (data && "\n") + value
      if (field === "id") id = Number(value)
      if (field === "retry") retry = Number(value)
      if (!line) {
        if (data) yield { data, id, retry }
        data = ""
      }
      line = next
    }
    if (line.length + data.length > most) throw new RangeError("event")
  }
}
