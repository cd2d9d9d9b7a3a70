/**
 * Gathers the events of each call until the call is over, and hands it on as a whole.
 *
 * Log, metrics, traces and decision traces are consumers of one collector, so that they speak of the same attempts, tokens and
 * money. Layers of this package share it when they are merged.
 *
 * @since 0.1.0
 */
import { Event } from "@holdfast/core"
import { Charge, PriceBook } from "@holdfast/cost"
import { Clock, Context, Effect, Fiber, Layer, Option, Result, type Scope } from "effect"

import { type CallTrace } from "./CallTrace.ts"
import { Calls } from "./internal/collector/calls.ts"

/**
 * What is done with calls that are over, and with what concerns more than one call. Synchronous, in the fiber of the call; it must
 * be quick, and what it throws is ignored.
 *
 * @since 0.1.0
 * @category models
 */
export interface Consumer {
  readonly call?: ((trace: CallTrace) => void) | undefined
  /** Every event as it comes, those inside of calls too. */
  readonly event?: ((event: Event.Event) => void) | undefined
}

/**
 * The collector of an application.
 *
 * @since 0.1.0
 * @category services
 */
export class Collector extends Context.Service<
  Collector,
  {
    /** Adds a consumer for as long as a scope is open. */
    readonly add: (consumer: Consumer) => Effect.Effect<void, never, Scope.Scope>
    /** Calls that have begun and are not over. */
    readonly open: Effect.Effect<number>
  }
>()("@holdfast/telemetry/Collector") {}

const make = Effect.fnUntraced(function* (outer: Event.Sink | undefined) {
  const book = Option.getOrElse(yield* Effect.serviceOption(PriceBook.PriceBook), () => PriceBook.builtIn)
  const clock = yield* Clock.Clock
  const consumers = new Set<Consumer>()
  let readers: ReadonlyArray<(trace: CallTrace) => void> = []
  let hearers: ReadonlyArray<Event.Sink> = []
  const changed = () => {
    const all = [...consumers]
    readers = all.flatMap(({ call }) => (call === undefined ? [] : [call]))
    hearers = [
      ...(outer === undefined ? [] : [outer]),
      ...all.flatMap(({ event }) => (event === undefined ? [] : [event])),
    ]
  }
  changed()
  const calls = new Calls({
    chargeOf: (attempt) => Charge.of(attempt, book),
    clock: () => Fiber.getCurrent()?.getRef(Clock.Clock) ?? clock,
    over: (trace) => {
      for (const read of readers) told(read, trace)
    },
  })
  const sink: Event.Sink = (event) => {
    for (const hear of hearers) told(hear, event)
    calls.add(event)
  }
  const service = Collector.of({
    add: (consumer) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          consumers.add(consumer)
          changed()
        }),
        () =>
          Effect.sync(() => {
            consumers.delete(consumer)
            changed()
          }),
      ),
    open: Effect.sync(() => calls.size),
  })
  return Context.make(Collector, service).pipe(Context.add(Event.Sink, sink))
})

// One that throws must not keep the others from hearing, and is no failure of the call.
const told = <A>(consumer: (value: A) => unknown, value: A): void => {
  Result.try(() => consumer(value))
}

/**
 * The collector, beside any sink that listens already.
 *
 * **Details**
 *
 * What an attempt cost comes from the budget that guards it. Where there is none, it is reckoned from the `PriceBook` in context,
 * or from the one that `@holdfast/cost` comes with.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Collector> = Layer.effectContext(Effect.flatMap(Event.Sink, make))

/**
 * A layer that gives calls to one more consumer. Merged with others of its kind, they share one collector.
 *
 * @since 0.1.0
 * @category layers
 */
export const consuming = <E, R>(
  consumer: Effect.Effect<Consumer, E, R>,
): Layer.Layer<Collector, E, Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(Effect.flatMap(Collector, ({ add }) => Effect.flatMap(consumer, add))).pipe(
    Layer.provideMerge(layer),
  ) as Layer.Layer<Collector, E, Exclude<R, Scope.Scope>>
