/**
 * One generation: from a program that answers to the last event of its log.
 *
 * It belongs to the server and not to the connection that asked. It ends by itself, by an explicit stop, when nobody has read
 * for too long, when its time is up, or with the server; the log always gets its last event.
 */
import { Event } from "@holdfast/core"
import { type PriceBook } from "@holdfast/cost"
import { type Cause, Clock, Deferred, Effect, Exit, Stream } from "effect"

import { type Event as ChatEvent } from "../../ChatProtocol.ts"
import { type WireError } from "../error/fields.ts"
import * as own from "../error/own.ts"
import { internalError, wireErrorOf } from "../error/wire.ts"
import { Account } from "./account.ts"
import { Entry } from "./entry.ts"
import { EventWriter, type Part } from "./events.ts"
import { type Log } from "./log.ts"

/** Why a generation was ended from outside. */
export type Ending = "stopped" | "abandoned" | "late" | "long" | "lost"

export interface Generation {
  readonly log: Log
  readonly start: ChatEvent
  readonly ending: Deferred.Deferred<Ending>
  /** Completes when nobody has read for too long. */
  readonly abandoned: Effect.Effect<void>
}

export interface Bounds {
  /** Milliseconds. */
  readonly maxDuration: number
  /** Characters. */
  readonly maxSize: number
  readonly prices: PriceBook.Book | undefined
}

export const generate = <E, R>(
  generation: Generation,
  parts: Stream.Stream<Part, E, R>,
  bounds: Bounds,
): Effect.Effect<void, never, R> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    const now = () => clock.currentTimeMillisUnsafe()
    const { abandoned, ending, log, start } = generation
    const writer = new EventWriter()
    const account = new Account(now(), bounds.prices)
    log.append([start])
    const written = Stream.runForEachArray(parts, (some): Effect.Effect<void, InStream> => {
      const events = writer.events(some)
      if (account.waits) account.written(events, now())
      log.append(events)
      if (writer.failure !== undefined) return Effect.fail(new InStream(writer.failure.error))
      if (log.size > bounds.maxSize) Deferred.doneUnsafe(ending, Effect.succeed("long"))
      return log.room
    })
    const pump = Event.listen(written, account.hear)
    const ended = Effect.raceAllFirst([
      Effect.as(pump, "complete" as const),
      Deferred.await(ending),
      Effect.as(abandoned, "abandoned" as const),
      Effect.as(Effect.sleep(bounds.maxDuration), "late" as const),
    ])
    return Effect.onExit(ended, (exit) => {
      const last = lastEvent(exit, { account, now: now(), writer })
      return Effect.andThen(
        Effect.sync(() => log.end([new Entry(last)])),
        report(exit),
      )
    }).pipe(Effect.ignoreCause)
  })

/** An `error` part of a foreign model. */
class InStream {
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

interface Written {
  readonly account: Account
  readonly writer: EventWriter
  readonly now: number
}

const lastEvent = (exit: Exit.Exit<Ending | "complete", unknown>, { account, now, writer }: Written): ChatEvent => {
  if (Exit.isFailure(exit)) return { type: "error", error: errorOf(exit.cause, now) }
  switch (exit.value) {
    case "complete":
      return account.done(writer.reason ?? "unknown", writer, now)
    case "stopped":
      return account.done("stopped", writer, now)
    default:
      return { type: "error", error: errors[exit.value] }
  }
}

const errors: { readonly [Each in Exclude<Ending, "stopped">]: WireError } = {
  abandoned: own.answerAbandoned,
  late: own.answerTooSlow,
  long: own.answerTooLong,
  lost: own.answerLost,
}

const errorOf = (cause: Cause.Cause<unknown>, now: number): WireError => {
  for (const reason of cause.reasons) {
    if (reason._tag === "Fail") {
      return reason.error instanceof InStream ? wireErrorOf(reason.error.error, now) : wireErrorOf(reason.error, now)
    }
    if (reason._tag === "Die") return internalError
  }
  return own.serverStopping
}

/** A defect is a bug of the program that answers. Its client reads only that there was one. */
const report = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Exit.isFailure(exit) && exit.cause.reasons.some(({ _tag }) => _tag === "Die")
    ? Effect.logError("an answer ended with a defect", exit.cause)
    : Effect.void
