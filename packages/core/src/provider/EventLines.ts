/**
 * The lines of server-sent events, in whatever pieces and with whatever line ends they come.
 *
 * @since 0.1.0
 */

/**
 * One event: its name, where it has one, and the lines of its data.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerEvent {
  readonly name: string | undefined
  readonly data: ReadonlyArray<string>
}

const lineEnd = /\r\n|\n|\r/g

/**
 * Reads one stream of events. Both methods append to `out`.
 *
 * **Details**
 *
 * It reads what the format allows: comments, events of several lines, any line end, no space after a colon. The last event may
 * miss its blank line. A line of JSON that is no field counts as an event of its own: gateways write their errors so.
 *
 * @since 0.1.0
 * @category models
 */
export class EventLines {
  /** The line that has not ended. */
  private rest = ""
  private name: string | undefined
  private data: Array<string> = []
  private held = 0
  private endsInReturn = false
  /** The first line that is no field of an event. */
  foreign: string | undefined

  /** What is held back. Characters. */
  get size(): number {
    return this.rest.length + this.held
  }

  /** Takes in a piece of the body. */
  push(piece: string, out: Array<ServerEvent>): void {
    if (piece === "") return
    let from = this.endsInReturn && piece.startsWith("\n") ? 1 : 0
    this.endsInReturn = piece.endsWith("\r")
    lineEnd.lastIndex = from
    for (let match = lineEnd.exec(piece); match !== null; match = lineEnd.exec(piece)) {
      this.line(this.rest + piece.slice(from, match.index), out)
      this.rest = ""
      from = match.index + match[0].length
    }
    this.rest += piece.slice(from)
  }

  /** The body is over. */
  end(out: Array<ServerEvent>): void {
    this.line(this.rest, out)
    this.rest = ""
    this.dispatch(out)
  }

  private line(line: string, out: Array<ServerEvent>): void {
    if (line === "") return this.dispatch(out)
    const colon = line.indexOf(":")
    const field = colon === -1 ? line : line.slice(0, colon)
    switch (field) {
      case "data":
        this.data.push(valueOf(line, colon))
        this.held += Math.max(line.length, leastCost)
        return
      case "event":
        this.name = valueOf(line, colon).trim()
        return
      case "":
      case "id":
      case "retry":
        return
      default:
        this.notField(line, out)
    }
  }

  private notField(line: string, out: Array<ServerEvent>): void {
    this.foreign ??= line.slice(0, 100)
    if (!/^\s*[{[]/.test(line)) return
    this.dispatch(out)
    out.push({ name: undefined, data: [line] })
  }

  private dispatch(out: Array<ServerEvent>): void {
    const { data, name } = this
    if (data.length > 0) out.push({ name, data })
    if (data.length > 0) this.data = []
    this.held = 0
    this.name = undefined
  }
}

// What a line costs to keep, however short it is. Characters.
const leastCost = 256

const valueOf = (line: string, colon: number): string => {
  if (colon === -1) return ""
  return line.slice(line.charAt(colon + 1) === " " ? colon + 2 : colon + 1)
}
