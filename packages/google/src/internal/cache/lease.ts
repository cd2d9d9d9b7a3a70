/**
 * A cache for as long as it is used: made, extended before it expires, deleted, and paid for span by span.
 */
import { Failure, type StorageMeter } from "@holdfast/core"
import { randomId } from "@holdfast/core/provider/AnswerState"
import { isMissing } from "@holdfast/core/provider/ProviderFiles"
import { RequestContext } from "@holdfast/core/RequestContext"
import { Clock, Duration, Effect, Option, type Scope } from "effect"
import { type AiError } from "effect/ai"

import { type CachedContent, create, extend, type Place, remove } from "./cache.ts"

export interface LeaseOptions<out E> {
  readonly place: Place
  readonly meter: StorageMeter.StorageMeter<E>
  readonly timeToLive: Duration.Duration
  /** What the spans of the cache have in common. */
  readonly payer: Pick<StorageMeter.Span, "model" | "pricedAs" | "provider">
  /** As many tokens as there may be. */
  readonly tokens: number
  readonly body: object
}

/** What is known of a cache at the moment. */
export interface Lease {
  readonly content: CachedContent
  /** By this machine's clock, in Unix milliseconds. */
  expiresAt: number
}

interface Paid {
  readonly span: StorageMeter.Span
  readonly reservation: StorageMeter.Reservation
}

/** Makes a cache that goes with the scope. */
export const lease = <E>(options: LeaseOptions<E>): Effect.Effect<Lease, AiError.AiError | E, Scope.Scope> =>
  Effect.gen(function* () {
    const spans = yield* spansOf(options)
    const held = yield* Effect.acquireRelease(begin(options, spans), (acquired) => end(options, acquired), {
      interruptible: true,
    })
    yield* Effect.forkScoped(keep(options, spans, held))
    return held.lease
  })

interface Held {
  readonly lease: Lease
  paid: Paid
}

type NextSpan = (tokens: number, isSent: boolean) => Effect.Effect<StorageMeter.Span>

const spansOf = <E>({ payer, timeToLive }: LeaseOptions<E>): Effect.Effect<NextSpan> =>
  Effect.gen(function* () {
    const id = yield* randomId("cache-")
    const context = yield* RequestContext
    let index = 0
    return (tokens, isSent) =>
      Effect.map(Clock.currentTimeMillis, (from) => ({
        ...payer,
        id: `${id}/${++index}`,
        tokens,
        isSent,
        from,
        until: from + Duration.toMillis(timeToLive),
        context,
      }))
  })

const begin = <E>(options: LeaseOptions<E>, next: NextSpan): Effect.Effect<Held, AiError.AiError | E> =>
  Effect.gen(function* () {
    const span = yield* next(options.tokens, true)
    const reservation = yield* options.meter.reserve(span)
    const content = yield* create(options.place, options.body, options.timeToLive).pipe(
      // What may have been made all the same may be stored until it expires.
      Effect.tapError((error) => (wasRefused(error) ? reservation.release : Effect.void)),
    )
    return { lease: { content, expiresAt: span.until }, paid: { span, reservation } }
  })

const wasRefused = (error: AiError.AiError): boolean =>
  Option.exists(Failure.facts(error), ({ sent, status }) => sent === false || (status !== undefined && status < 500))

/** Extends the cache when half of its time is over, and gives up what cannot be extended. */
const keep = <E>(options: LeaseOptions<E>, next: NextSpan, held: Held): Effect.Effect<void> => {
  const half = Duration.millis(Duration.toMillis(options.timeToLive) / 2)
  return Effect.sleep(half).pipe(
    Effect.andThen(prolong(options, next, held)),
    Effect.forever,
    Effect.catch((error) => Effect.logWarning(`${held.lease.content.name} is not extended any more: ${String(error)}`)),
  )
}

const prolong = <E>({ meter, place, timeToLive }: LeaseOptions<E>, next: NextSpan, held: Held) =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      const { content } = held.lease
      const span = yield* next(content.tokens, false)
      const reservation = yield* meter.reserve(span)
      yield* extend(place, content.name, timeToLive).pipe(Effect.tapError(() => reservation.release))
      const { paid } = held
      held.lease.expiresAt = span.until
      held.paid = { span, reservation }
      yield* paid.reservation.settle({ tokens: content.tokens, until: span.from })
    }),
  )

/** Deletes the cache. One that could not be deleted is there, and is paid for, until it expires. */
const end = <E>({ place }: LeaseOptions<E>, { lease: { content, expiresAt }, paid }: Held): Effect.Effect<void> =>
  Effect.gen(function* () {
    const deleted = yield* remove(place, content.name).pipe(
      Effect.as(true),
      Effect.catch((error) =>
        Effect.as(Effect.logWarning(`${content.name} could not be deleted: ${error.message}`), isMissing(error)),
      ),
    )
    const now = yield* Clock.currentTimeMillis
    const until = deleted ? Math.min(now, expiresAt) : expiresAt
    yield* paid.reservation.settle({ tokens: content.tokens, until })
  })
