/**
 * A key that is loaded when it is needed: the clock, the load and those who wait for it, around `state.ts`.
 */
import { Cause, type Clock, Deferred, Duration, Effect, Exit, Metric, Predicate, Redacted, Result } from "effect"

import { describeDuration } from "../describeDuration.ts"
import { withoutStack } from "../error/withoutStack.ts"
import { keyMistakeIn } from "./mistake.ts"
import * as State from "./state.ts"
import { expiryOf } from "./token.ts"
import { type KeySource, KeyUnavailable, type Loaded } from "./types.ts"

export interface Settings {
  readonly name: string
  readonly timeToLive: number
  readonly pause: number
  readonly timeout: number
  /** What is wrong with what was loaded. */
  readonly mistakeIn?: (loaded: string) => string | undefined
}

type Load = Effect.Effect<Redacted.Redacted | Loaded, unknown>

/** The source, without a key yet. */
export const make = (load: Load, settings: Settings): Effect.Effect<KeySource> =>
  Effect.map(Effect.context(), (context) => {
    const store = new Store(load, settings, Effect.runForkWith(context))
    return {
      current: store.current,
      refused: (key) => Effect.clockWith((clock) => Effect.sync(() => store.refuse(key, clock))),
      given: () => store.given,
    }
  })

class Store {
  private state = State.initial
  /** The load under way. */
  private loading: Deferred.Deferred<void> | undefined
  /** The last keys. */
  given: ReadonlyArray<Redacted.Redacted> = []
  /** Why the last load failed. */
  private reason = ""
  private readonly load: Load
  private readonly settings: Settings
  private readonly fork: (load: Effect.Effect<void>) => unknown

  constructor(load: Load, settings: Settings, fork: (load: Effect.Effect<void>) => unknown) {
    this.load = load
    this.settings = settings
    this.fork = fork
  }

  readonly current: Effect.Effect<Redacted.Redacted, KeyUnavailable> = Effect.clockWith((clock) =>
    Effect.suspend(() => this.next(clock)),
  )

  refuse(key: Redacted.Redacted, clock: Clock.Clock): void {
    this.state = State.refuse(this.state, Redacted.value(key), clock.currentTimeMillisUnsafe())
  }

  private next(clock: Clock.Clock): Effect.Effect<Redacted.Redacted, KeyUnavailable> {
    switch (State.step(this.state, clock.currentTimeMillisUnsafe())) {
      case "wait":
        return Effect.flatMap(Deferred.await(this.begin()), () => this.next(clock))
      case "refresh":
        this.begin()
        return this.known
      case "use":
        return this.known
      case "fail":
        return Effect.fail(this.unavailable(this.reason))
    }
  }

  private unavailable(reason: string): KeyUnavailable {
    return withoutStack(() => new KeyUnavailable({ source: this.settings.name, reason }))
  }

  private get known(): Effect.Effect<Redacted.Redacted> {
    return Effect.succeed(Redacted.make(this.state.known?.key ?? ""))
  }

  // A fiber of its own, so that a call that is interrupted takes the load from no other.
  private begin(): Deferred.Deferred<void> {
    if (this.loading !== undefined) return this.loading
    const loading = (this.loading = Deferred.makeUnsafe<void>())
    const { refusals } = this.state
    const limited = Effect.timeoutOrElse(this.load, {
      duration: this.settings.timeout,
      orElse: () => Effect.fail(this.unavailable(`no answer within ${describeDuration(this.settings.timeout)}`)),
    })
    const run = Effect.flatMap(Effect.exit(limited), (exit) =>
      Effect.clockWith((clock) => Effect.sync(() => this.ended(exit, refusals, clock.currentTimeMillisUnsafe()))),
    )
    this.fork(
      Effect.ensuring(
        Effect.flatten(run),
        Effect.suspend(() => {
          this.loading = undefined
          return Deferred.succeed(loading, undefined)
        }),
      ),
    )
    return loading
  }

  /** Takes the key over, and gives what is to be told of it. */
  private ended(
    exit: Exit.Exit<Redacted.Redacted | Loaded, unknown>,
    refusals: number,
    now: number,
  ): Effect.Effect<void> {
    const found = Exit.isSuccess(exit) ? keyIn(exit.value, this.settings) : Result.fail(reasonOf(exit.cause))
    const { name, pause, timeToLive } = this.settings
    if (Result.isFailure(found)) {
      this.reason = found.failure
      this.state = State.failed(this.state, now, pause)
      const counted = Metric.update(loads(name, "failed"), 1)
      const warned = Effect.logWarning(
        `${name}: a new key could not be loaded (${this.reason}); the last one stays in use`,
      )
      return this.state.known === undefined ? counted : Effect.andThen(counted, warned)
    }
    const { key, life } = found.success
    if (key !== this.state.known?.key) this.given = [...this.given.slice(1 - mostGiven), Redacted.make(key)]
    const expiry = life === undefined ? expiryOf(key) : undefined
    const own = life ?? (expiry === undefined ? timeToLive : expiry - now)
    const expires = life !== undefined || expiry !== undefined
    const known = State.knownFrom(key, { timeToLive: own, expires }, now, pause)
    this.state = State.loaded(this.state, known, { now, pause, refusals })
    return Metric.update(loads(name, "loaded"), 1)
  }
}

const keyIn = (
  loaded: Redacted.Redacted | Loaded,
  { mistakeIn = keyMistakeIn }: Settings,
): Result.Result<{ readonly key: string; readonly life: number | undefined }, string> => {
  const { key, timeToLive } = Redacted.isRedacted(loaded) ? { key: loaded, timeToLive: undefined } : loaded
  const trimmed = Redacted.value(key).trim()
  const mistake = mistakeIn(trimmed)
  if (mistake !== undefined) return Result.fail(`the key ${mistake}`)
  return Result.succeed({ key: trimmed, life: timeToLive === undefined ? undefined : Duration.toMillis(timeToLive) })
}

/** How often keys were read. Loads are rare, and belong to no call, so that they are counted here and are no events. */
const loads = (source: string, outcome: "loaded" | "failed") =>
  Metric.counter("holdfast.key.loads", {
    description: "Times that an API key was read from its source",
    incremental: true,
    attributes: { source, outcome, unit: "{load}" },
  })

const mostGiven = 16

// Messages of a store may quote the document that holds the key, so that only the name of an error is told.
const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (error instanceof KeyUnavailable) return error.reason
  if (Predicate.hasProperty(error, "_tag")) return String(error._tag)
  return error instanceof Error ? error.name : "Unknown"
}
