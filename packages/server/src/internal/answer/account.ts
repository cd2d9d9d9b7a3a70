/** What one answer took: time, attempts, money. */
import { type Event } from "@holdfast/core"
import { Charge, CostEvent, Money, type PriceBook } from "@holdfast/cost"

import { type Done, type Event as ChatEvent } from "../../ChatProtocol.ts"
import { type EventWriter } from "./events.ts"

export class Account {
  private readonly startedAt: number
  private readonly prices: PriceBook.Book | undefined
  private firstTokenAt: number | undefined
  private attempts = 0
  private last: { readonly provider: string; readonly model: string } | undefined
  /** By the id of an attempt, since budgets that are piped apart tell it once each. */
  private readonly charges = new Map<string, Charge.Charge>()

  constructor(startedAt: number, prices: PriceBook.Book | undefined) {
    this.startedAt = startedAt
    this.prices = prices
  }

  /** Whether the first piece of content is still to come. */
  get waits(): boolean {
    return this.firstTokenAt === undefined
  }

  written(events: ReadonlyArray<ChatEvent>, now: number): void {
    if (this.waits && events.some(({ type }) => content.has(type))) this.firstTokenAt = now
  }

  readonly hear: Event.Sink = (event) => {
    if (CostEvent.isCostEvent(event)) {
      // What a budget settles. Without one the book of prices says it.
      if (event._tag === "AttemptCharged") this.charges.set(event.attempt, event.charge)
      return
    }
    if (event._tag !== "AttemptEnded") return
    this.attempts++
    const { id, model, outcome, provider, responseModel } = event
    if (outcome._tag !== "Interrupted") this.last = { provider, model: responseModel ?? model }
    if (this.prices !== undefined && !this.charges.has(id)) this.charges.set(id, Charge.of(event, this.prices))
  }

  /** Of all attempts, or nothing where one of them is not known for certain. */
  private get cost(): Money.Money | undefined {
    if (this.attempts === 0 || this.charges.size < this.attempts) return undefined
    const charges = [...this.charges.values()]
    return charges.every(({ basis }) => certain.has(basis)) ? Money.sum(charges.map(({ cost }) => cost)) : undefined
  }

  done(reason: (typeof Done.Type)["reason"], writer: EventWriter, now: number): typeof Done.Type {
    const model = this.last?.model ?? writer.model
    const { cost } = this
    return {
      type: "done",
      reason,
      ...(writer.usage !== undefined && { usage: writer.usage }),
      latency: now - this.startedAt,
      ...(this.firstTokenAt !== undefined && { timeToFirstToken: this.firstTokenAt - this.startedAt }),
      ...(this.last !== undefined && { provider: this.last.provider }),
      ...(model !== undefined && { model }),
      attempts: this.attempts,
      ...(cost !== undefined && { cost: `${Money.format(cost).replace("$", "")} USD` }),
    }
  }
}

const certain: ReadonlySet<Charge.Charge["basis"]> = new Set<Charge.Charge["basis"]>(["reported", "unbilled"])

const content: ReadonlySet<ChatEvent["type"]> = new Set<ChatEvent["type"]>([
  "token",
  "reasoning",
  "tool-input-start",
  "tool-input-delta",
  "tool-call",
  "file",
])
