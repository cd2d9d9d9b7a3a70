/** What one answer took: time, attempts, money. */
import { type Attempt, type Event } from "@holdfast/core"
import { Money, Price, PriceBook } from "@holdfast/cost"
import { Option } from "effect"

import { type Done, type Event as ChatEvent } from "../../ChatProtocol.ts"
import { type EventWriter } from "./events.ts"

export class Account {
  private readonly startedAt: number
  private readonly prices: PriceBook.Book | undefined
  private firstTokenAt: number | undefined
  private attempts = 0
  private last: { readonly provider: string; readonly model: string } | undefined
  /** `undefined` once something was paid that is not known. */
  private cost: Money.Money | undefined

  constructor(startedAt: number, prices: PriceBook.Book | undefined) {
    this.startedAt = startedAt
    this.prices = prices
    this.cost = prices === undefined ? undefined : Money.zero
  }

  /** Whether the first piece of content is still to come. */
  get waits(): boolean {
    return this.firstTokenAt === undefined
  }

  written(events: ReadonlyArray<ChatEvent>, now: number): void {
    if (this.waits && events.some(({ type }) => content.has(type))) this.firstTokenAt = now
  }

  readonly hear: Event.Sink = (event) => {
    if (event._tag !== "AttemptEnded") return
    this.attempts++
    const { model, provider, responseModel } = event
    if (event.outcome._tag !== "Interrupted") this.last = { provider, model: responseModel ?? model }
    const price = this.cost === undefined ? undefined : this.priceOf(event)
    this.cost = price === undefined || this.cost === undefined ? undefined : Money.add(this.cost, price)
  }

  private priceOf(attempt: Attempt.Attempt): Money.Money | undefined {
    const { outcome, usage } = attempt
    if (usage === undefined) {
      const free = outcome._tag === "Failed" && !outcome.failure.billed && attempt.deliveredParts === 0
      return free ? Money.zero : undefined
    }
    const { prices } = this
    if (prices === undefined) return undefined
    return Option.match(prices.find(attempt), {
      onNone: () => undefined,
      onSome: (price) => {
        const bill = Price.cost(price, { ...attempt, priceOf: PriceBook.priceOf(prices, attempt) })
        return bill.unknown.length === 0 && bill.unpriced.length === 0 ? bill.total : undefined
      },
    })
  }

  done(reason: (typeof Done.Type)["reason"], writer: EventWriter, now: number): typeof Done.Type {
    const model = this.last?.model ?? writer.model
    return {
      type: "done",
      reason,
      ...(writer.usage !== undefined && { usage: writer.usage }),
      latency: now - this.startedAt,
      ...(this.firstTokenAt !== undefined && { timeToFirstToken: this.firstTokenAt - this.startedAt }),
      ...(this.last !== undefined && { provider: this.last.provider }),
      ...(model !== undefined && { model }),
      attempts: this.attempts,
      ...(this.cost !== undefined && this.attempts > 0 && { cost: `${Money.format(this.cost).replace("$", "")} USD` }),
    }
  }
}

const content: ReadonlySet<ChatEvent["type"]> = new Set<ChatEvent["type"]>([
  "token",
  "reasoning",
  "tool-input-start",
  "tool-input-delta",
  "tool-call",
  "file",
])
