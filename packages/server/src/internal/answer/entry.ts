import { type Event } from "../../ChatProtocol.ts"

/** One event of a log. Its JSON is made once, for all of its readers. */
export class Entry {
  readonly event: Event
  private text: string | undefined

  constructor(event: Event, json?: string) {
    this.event = event
    this.text = json
  }

  get json(): string {
    return (this.text ??= JSON.stringify(this.event))
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
