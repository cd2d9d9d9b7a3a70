import { type Attempt, ModelRequest, type StorageMeter } from "@holdfast/core"
import { Effect, identity, Option } from "effect"

import * as CostEvent from "../../CostEvent.ts"
import * as Money from "../../Money.ts"
import * as Price from "../../Price.ts"
import type * as PriceBook from "../../PriceBook.ts"
import { AdmissionControl } from "../budget/admission.ts"
import { alertsOf } from "../budget/alerts.ts"
import { type BudgetExceeded } from "../budget/exceeded.ts"
import { type Rule } from "../budget/options.ts"
import { subjectOf } from "../budget/settlement.ts"
import { type Settlement } from "../ledger/journal.ts"
import { type Service } from "../ledger/service.ts"
import { type LedgerUnavailable } from "../ledger/unavailable.ts"
import { priceNameOf } from "../price/asked.ts"
import { priceUnknown } from "../price/unknown.ts"
import { storageClass } from "./class.ts"

export interface MeterOptions {
  /** Sets the reservations of this meter apart from those of others for the same span. */
  readonly name: string
  readonly rules: ReadonlyArray<Rule>
  readonly ledger: Service
  readonly book: PriceBook.Book
  readonly whenUnknown: PriceBook.WhenUnknown
  readonly billsCreation: (span: StorageMeter.Span) => boolean
}

type Refusal = BudgetExceeded | LedgerUnavailable | PriceBook.PriceUnknown

/** How long after its end a span that nobody settled is waited for. Milliseconds. */
const slack = 60_000

export const storageMeter = (options: MeterOptions): StorageMeter.StorageMeter<Refusal> => {
  const { ledger, name, rules } = options
  const admissions = new AdmissionControl({
    rules,
    ledger,
    wait: undefined,
    lease: slack,
    whenUnavailable: Effect.fail,
  })
  return {
    reserve: Effect.fnUntraced(function* (span) {
      const price = yield* priceOf(options, span)
      const start = startOf(span)
      const subject = subjectOf(start)
      const reservation = { id: `${span.id}/${name}`, subject, worst: costOf(options, span, { price, stored: span }) }
      const admitted = yield* admissions.admit({
        start,
        reservation,
        assumedOutputTokens: undefined,
        expiresAt: span.until + slack,
      })
      return {
        release: written(ledger, ledger.release(reservation.id)),
        settle: (stored) => {
          const settlement = settlementOf(options, span, { price, stored, reservation })
          const { cost } = settlement
          const alerts = Effect.flatMap(ledger.settle(settlement), (movements) =>
            Effect.forEach(alertsOf(movements, admitted.claims), (event) => CostEvent.emit(() => event), {
              discard: true,
            }),
          )
          return Effect.andThen(
            CostEvent.emit(() => ({ _tag: "StorageCharged", span, stored, cost })),
            written(ledger, alerts),
          )
        },
      }
    }),
  }
}

/** `undefined` where it is called all the same, and is in no sum. */
const priceOf = (
  { book, whenUnknown }: MeterOptions,
  span: StorageMeter.Span,
): Effect.Effect<Price.Price | undefined, PriceBook.PriceUnknown> => {
  const query = { ...priceNameOf(span), startedAt: span.from }
  const known = Option.filter(book.find(query), ({ cacheStorage }) => cacheStorage !== undefined)
  if (Option.isSome(known)) return Effect.succeed(known.value)
  return Effect.map(whenUnknown(priceUnknown(book, query)), (quote) =>
    quote._tag === "Unmetered" ? undefined : quote.price,
  )
}

interface Costing {
  readonly price: Price.Price | undefined
  readonly stored: StorageMeter.Stored
}

const costOf = (
  { billsCreation }: MeterOptions,
  span: StorageMeter.Span,
  { price, stored: { tokens, until } }: Costing,
): Money.Money => {
  if (price === undefined) return Money.zero
  const storage = Price.storage(price, { tokens, millis: until - span.from }) ?? Money.zero
  const isBilled = span.isSent && billsCreation(span)
  return isBilled ? Money.add(storage, Price.atMost(withoutCaches(price), { input: tokens, output: 0 })) : storage
}

/** What is sent to make a cache is plain input. */
const withoutCaches = (price: Price.Price): Price.Price => {
  const plain = ({ audioInput, imageInput, input, output }: Price.Rates): Price.Rates => ({
    ...(input !== undefined && { input }),
    ...(audioInput !== undefined && { audioInput }),
    ...(imageInput !== undefined && { imageInput }),
    ...(output !== undefined && { output }),
  })
  return {
    ...price,
    rates: plain(price.rates),
    tiers: price.tiers.map(({ above, rates }) => ({ above, rates: plain(rates) })),
  }
}

const settlementOf = (
  options: MeterOptions,
  span: StorageMeter.Span,
  { reservation: { id, subject }, ...costing }: Costing & { readonly reservation: Pick<Settlement, "id" | "subject"> },
): Settlement => {
  const cost = costOf(options, span, costing)
  const { tokens, until } = costing.stored
  return {
    id,
    subject,
    cost,
    minimum: cost,
    maximum: cost,
    basis: costing.price?.cacheStorage === undefined ? "unpriced" : "reported",
    outcome: "Completed",
    tokens: {
      [storageClass]: (tokens * Math.max(0, until - span.from)) / 3_600_000,
      ...(span.isSent && options.billsCreation(span) && { input: tokens }),
    },
    saved: Money.zero,
  }
}

/** A span as an attempt, for the scopes of budgets. */
const startOf = ({ context, from, id, model, pricedAs, provider }: StorageMeter.Span): Attempt.AttemptStart => ({
  _tag: "AttemptStarted",
  id,
  callId: id,
  operation: "cache",
  traceId: "",
  spanId: "",
  index: 1,
  provider,
  model,
  pricedAs,
  maxOutputTokens: 0,
  request: ModelRequest.make("generate", ""),
  context,
  startedAt: from,
})

const written = (ledger: Service, write: Effect.Effect<unknown, LedgerUnavailable>): Effect.Effect<void> =>
  Effect.flatMap(ledger.persist(write), identity)
