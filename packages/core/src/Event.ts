/**
 * What happens to calls, and who hears of it.
 *
 * A call begins and ends, and in between makes attempts; policies decide to repeat, to hedge, to fall back or to refuse;
 * circuits, limits and shared state change. All of it goes to one sink, in order. Other packages add events of their own:
 * what a call costs arrives at the same sink. Nothing is made and no clock is read while no sink is installed.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, Stream } from "effect"
import { dual } from "effect/Function"

import { summaryOf } from "./internal/event/summary.ts"
import { tell } from "./internal/event/tell.ts"
import { type CoreEvent } from "./internal/event/types.ts"
import { type Program, type Unchanged } from "./internal/model/program.ts"

export type { CallEnded, CallStarted, Change, Decision, Refused } from "./internal/event/types.ts"

/**
 * All events, by the package that tells them. Other packages add theirs by declaration merging.
 *
 * **Example** (Adding an event)
 *
 * ```ts
 * import { Event } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * declare module "@holdfast/core/Event" {
 *   interface Events {
 *     readonly reviewed: { readonly _tag: "Reviewed"; readonly callId: string }
 *   }
 * }
 *
 * const heard: Array<string> = []
 * const program = Event.emit(() => ({ _tag: "Reviewed", callId: "c1" })).pipe(Event.listen(({ _tag }) => heard.push(_tag)))
 *
 * await Effect.runPromise(program)
 * heard // => ["Reviewed"]
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface Events {
  readonly core: CoreEvent
}

/**
 * The method by which an event of another package says in one line what happened. `summary` calls it.
 *
 * @since 0.1.0
 * @category symbols
 */
export const Summary: unique symbol = Symbol.for("@holdfast/core/Event/Summary")

/**
 * What a sink receives.
 *
 * @since 0.1.0
 * @category models
 */
export type Event = Events[keyof Events]

/**
 * Receives events, synchronously and in order. It must be quick; what it returns or throws is ignored.
 *
 * @since 0.1.0
 * @category models
 */
export type Sink = (event: Event) => unknown

/**
 * The sink of the running fiber; `undefined` without a listener.
 *
 * @since 0.1.0
 * @category references
 */
export const Sink: Context.Reference<Sink | undefined> = Context.Reference<Sink | undefined>(
  "@holdfast/core/Event/Sink",
  { defaultValue: () => undefined },
)

/**
 * Lets a sink listen to everything inside, beside any sink that listens already.
 *
 * **Example** (Counting attempts)
 *
 * ```ts
 * import { Event } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * let attempts = 0
 * const count: Event.Sink = (event) => {
 *   if (event._tag === "AttemptEnded") attempts++
 * }
 *
 * await Effect.runPromise(Event.listen(Effect.void, count))
 *
 * attempts // => 0
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const listen: {
  (sink: Sink): <P extends Program>(self: P) => Unchanged<P>
  <P extends Program>(self: P, sink: Sink): Unchanged<P>
} = dual(2, (self: Program, sink: Sink) =>
  Stream.isStream(self)
    ? Stream.updateService(self, Sink, beside(sink))
    : Effect.updateService(self, Sink, beside(sink)),
)

/**
 * A sink for a whole application.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSink = (sink: Sink): Layer.Layer<never> => Layer.succeed(Sink, sink)

/**
 * Gives an event to the sink, if there is one. The event is made only then.
 *
 * @since 0.1.0
 * @category combinators
 */
export const emit = (event: () => Event): Effect.Effect<void> =>
  Effect.flatMap(Sink, (sink) => (sink === undefined ? Effect.void : Effect.sync(() => tell(sink, event()))))

/**
 * What gives events of another package to the sink, each with the line that `summary` says of it.
 *
 * **Example** (An event with its line)
 *
 * ```ts
 * import { Event } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * interface Stored {
 *   readonly _tag: "Stored"
 *   readonly bytes: number
 * }
 *
 * declare module "@holdfast/core/Event" {
 *   interface Events {
 *     readonly stored: Stored
 *   }
 * }
 *
 * const emit = Event.emitter<Stored>({ Stored: ({ bytes }) => `${bytes} bytes are stored` })
 * const lines: Array<string> = []
 * const program = emit(() => ({ _tag: "Stored", bytes: 3 })).pipe(Event.listen((event) => lines.push(Event.summary(event))))
 *
 * await Effect.runPromise(program)
 * lines // => ["3 bytes are stored"]
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const emitter =
  <E extends Event>(summaries: {
    readonly [Tag in E["_tag"]]: (event: Extract<E, { readonly _tag: Tag }>) => string
  }): ((event: () => E) => Effect.Effect<void>) =>
  (event) =>
    emit(() => {
      const told = event()
      const say = summaries[told._tag as E["_tag"]] as (event: E) => string
      // Not enumerable: it is nothing of what happened.
      return Object.defineProperty(told, Summary, { value: () => say(told) })
    })

/**
 * One line about an event, for people. It holds no prompt and no answer.
 *
 * **Example** (Following a call)
 *
 * ```ts
 * import { Event } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * const lines: Array<string> = []
 *
 * await Effect.runPromise(Event.listen(Effect.void, (event) => lines.push(Event.summary(event))))
 *
 * lines // => []
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const summary = (event: Event): string => {
  const own = (event as { readonly [Summary]?: unknown })[Summary]
  return typeof own === "function" ? String(own.call(event)) : summaryOf(event)
}

const beside =
  (sink: Sink) =>
  (outer: Sink | undefined): Sink =>
    outer === undefined
      ? sink
      : (event) => {
          // One that throws must not keep the other from hearing.
          tell(outer, event)
          sink(event)
        }
