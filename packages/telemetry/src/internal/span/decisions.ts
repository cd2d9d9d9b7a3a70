/**
 * What policies decided, as events of a span.
 */
import { type Event } from "@holdfast/core"
import { Duration } from "effect"

import { type CallTrace } from "../../CallTrace.ts"
import { cut, tagOf } from "../trace/facts.ts"
import { type Attributes, dollars } from "./attributes.ts"

export interface SpanEvent {
  readonly name: string
  /** Milliseconds since the call began. */
  readonly at: number
  readonly attributes: Attributes
}

/** The decisions of a call, in order. What attempts did has spans of its own. */
export const decisionsOf = (trace: CallTrace): ReadonlyArray<SpanEvent> => {
  const events: Array<SpanEvent> = []
  for (const { at, event } of trace.steps) {
    const told = (tellers as { readonly [tag: string]: ((event: never) => SpanEvent | Told) | undefined })[event._tag]
    if (told !== undefined) events.push({ at, ...told(event as never) })
  }
  return events
}

interface Told {
  readonly name: string
  readonly attributes: Attributes
}

type Tellers = { readonly [Tag in Event.Event["_tag"]]?: (event: Extract<Event.Event, { readonly _tag: Tag }>) => Told }

const longest = 256

const source = ({ model, provider }: { readonly provider: string; readonly model: string }): string =>
  cut(`${provider}/${model}`, longest)

const seconds = (duration: Duration.Duration): number => Duration.toMillis(duration) / 1000

const tellers: Tellers = {
  RetryScheduled: (event) => ({
    name: "holdfast.retry",
    attributes: {
      "holdfast.model": source(event),
      "holdfast.delay": seconds(event.delay),
      "error.type": tagOf(event.error),
    },
  }),
  HedgeStarted: ({ after, from, to }) => ({
    name: "holdfast.hedge",
    attributes: { "holdfast.from": source(from), "holdfast.to": source(to), "holdfast.after": seconds(after) },
  }),
  FallbackChosen: ({ error, from, to }) => ({
    name: "holdfast.fallback",
    attributes: {
      "holdfast.from": source(from),
      "holdfast.to": source(to),
      "error.type": tagOf(error),
    },
  }),
  CacheHit: (event) => ({ name: "holdfast.cache.hit", attributes: { "holdfast.model": source(event) } }),
  Refused: (event) => ({
    name: "holdfast.refused",
    attributes: {
      "holdfast.policy": event.policy,
      "holdfast.model": source(event),
      "error.type": tagOf(event.error),
    },
  }),
  CircuitChanged: ({ from, key, to }) => ({
    name: "holdfast.circuit",
    attributes: { "holdfast.circuit": cut(key, longest), "holdfast.from": from, "holdfast.to": to },
  }),
  LimitTightened: ({ dimension, for: lasts, key, remaining }) => ({
    name: "holdfast.limit",
    attributes: {
      "holdfast.limit": cut(key, longest),
      "holdfast.dimension": cut(dimension, longest),
      "holdfast.remaining": remaining,
      "holdfast.for": seconds(lasts),
    },
  }),
  AttemptCharged: ({ charge: { basis, cost }, ...event }) => ({
    name: "holdfast.charged",
    attributes: {
      "holdfast.model": source(event),
      "holdfast.attempt.id": event.attempt,
      "holdfast.cost.usd": dollars(cost),
      "holdfast.cost.basis": basis,
    },
  }),
}
