import { type Event } from "../../ChatProtocol.ts"

/** One event of a log. Its JSON is made once, for all of its readers. */
export class Entry {
  readonly event: Event
  /** The weight of its log up to here, this one included. */
  end = 0
  private text: string | undefined

  constructor(event: Event, json?: string) {
    this.event = event
    this.text = json
  }

  get json(): string {
    return (this.text ??= oneLine(jsonOf(this.event)))
  }

  /** How much it takes in a log, in characters: what can be long in it, and about its frame. */
  get weight(): number {
    switch (this.event.type) {
      case "token":
      case "reasoning":
        return this.event.text.length + frame
      case "tool-input-delta":
        return this.event.delta.length + frame
      default:
        return this.json.length + frame
    }
  }
}

const frame = 48

/** Almost all events are these, and most of their JSON is known. */
const jsonOf = (event: Event): string =>
  event.type === "token" && event.block === undefined
    ? `{"type":"token","text":${JSON.stringify(event.text)}}`
    : JSON.stringify(event)

/** JSON has no line breaks of ASCII in it. Readers that split lines by Unicode, as Python's do, break at these too. */
const oneLine = (json: string): string =>
  otherBreaks.test(json) ? json.replaceAll(allOtherBreaks, (mark) => escapes[mark] ?? mark) : json

const otherBreaks = /[\u0085\u2028\u2029]/
const allOtherBreaks = /[\u0085\u2028\u2029]/g
const escapes: Readonly<Record<string, string>> = {
  "\u0085": String.raw`\u0085`,
  "\u2028": String.raw`\u2028`,
  "\u2029": String.raw`\u2029`,
}
