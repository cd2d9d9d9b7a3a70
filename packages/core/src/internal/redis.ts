/**
 * The way to state that is shared in Redis, and what is done while it is lost.
 *
 * A decision waits for Redis only so long. When it does not answer, all go on without it for a second, and then one call
 * tries again: nobody has to restart anything.
 */
import { Clock, Context, Duration, Effect, Exit, Fiber, Schedule } from "effect"
import * as Redis from "effect/persistence/Redis"

import * as Event from "../Event.ts"
import { local, type RedisOptions } from "../SharedState.ts"
import { millis } from "./millis.ts"

/** What one run of a script is given. Keys of one script belong into one slot: `{...}` around what they have in common. */
export interface ScriptCall {
  readonly keys: ReadonlyArray<string>
  readonly args: ReadonlyArray<string | number>
}

/** A script that runs as one step. `now()` is the server's time in milliseconds, and `ARGV` begins with the arguments at 2. */
export const atomic = <Result>(lua: string): Atomic<Result> =>
  Redis.script(({ args, keys }: ScriptCall, now: string) => [...keys, now, ...args], {
    lua: `${clock}${lua}`,
    numberOfKeys: ({ keys }) => keys.length,
  }).withReturnType<Result>()

type Atomic<Result> = Redis.Script<{ readonly params: [call: ScriptCall, now: string]; readonly result: Result }>

// Microseconds of the server, so that the clocks of the processes do not matter.
const clock = `
local function now()
  if ARGV[1] ~= "" then return tonumber(ARGV[1]) end
  local time = redis.call("TIME")
  return tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
end
`

/** The time of the server in milliseconds, where a test sets it. */
export const ServerTime: Context.Reference<number | undefined> = Context.Reference<number | undefined>(
  "@holdfast/core/ServerTime",
  { defaultValue: () => undefined },
)

export interface RedisLink {
  readonly prefix: string
  /** Whether calls are to be refused while the state is lost. */
  readonly refuses: boolean
  /** What a script answers; `undefined` if Redis does not. Waits no longer than the timeout, also uninterruptibly. */
  readonly ask: <Result>(script: Atomic<Result>, call: ScriptCall) => Effect.Effect<Result | undefined>
}

export const redisLink = (policy: string, options: RedisOptions = {}): Effect.Effect<RedisLink, never, Redis.Redis> =>
  Effect.map(Redis.Redis, (redis) => {
    const link = new Link(policy, Duration.fromInputUnsafe(options.timeout ?? "250 millis"))
    return {
      prefix: options.prefix ?? "holdfast",
      refuses: (options.onUnavailable ?? local)._tag === "FailClosed",
      ask: (script, call) => {
        const run = redis.eval(script)
        return Effect.flatMap(ServerTime, (time) =>
          link.ask(run({ ...call, keys: call.keys.map(wellFormed) }, time === undefined ? "" : String(time))),
        )
      },
    }
  })

// All lone surrogates are one character in UTF-8, and tenants that differ in them would have one key. JSON escapes them.
const wellFormed = (key: string): string => (/\p{Surrogate}/u.test(key) ? JSON.stringify(key) : key)

/** How long nothing is asked after Redis did not answer. Milliseconds. */
const pause = 1_000

/** The way to one store. While it is lost, nothing is asked of it but once in a while. */
export class Link {
  private readonly policy: string
  private readonly timeout: Duration.Duration
  private lostSince: number | undefined
  private askAgain = 0

  constructor(policy: string, timeout: Duration.Duration) {
    this.policy = policy
    this.timeout = timeout
  }

  ask<A>(run: Effect.Effect<A, unknown>): Effect.Effect<A | undefined> {
    return Effect.flatMap(Clock.Clock, (time): Effect.Effect<A | undefined> => {
      const now = () => millis(time)
      if (this.lostSince !== undefined) {
        if (now() < this.askAgain) return Effect.succeed(undefined)
        // One tries, and the others need not wait for it.
        this.askAgain = now() + pause
      }
      return Effect.flatMap(withTimeout(run, this.timeout), (exit) =>
        Exit.isSuccess(exit) ? Effect.as(this.found(now()), exit.value) : Effect.as(this.lost(now(), exit), undefined),
      )
    })
  }

  private found(now: number): Effect.Effect<void> {
    const { lostSince, policy } = this
    if (lostSince === undefined) return Effect.void
    this.lostSince = undefined
    return Event.emit(() => ({
      _tag: "SharedStateRecovered",
      policy,
      unavailableFor: Duration.millis(now - lostSince),
    }))
  }

  private lost(now: number, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    this.askAgain = now + pause
    if (this.lostSince !== undefined) return Effect.void
    this.lostSince = now
    const error = Exit.isFailure(exit) ? exit.cause : undefined
    return Event.emit(() => ({ _tag: "SharedStateUnavailable", policy: this.policy, error }))
  }
}

/**
 * A timeout is waited for in so many turns. A process that was busy itself for a while has lost one of them, however long it was,
 * and reads the answer in the next one; the last one is only there for that.
 */
const turns = 8

const alarmAfter = (timeout: Duration.Duration): Effect.Effect<unknown> =>
  Effect.andThen(
    Effect.repeat(Effect.sleep(Duration.millis(Duration.toMillis(timeout) / turns)), Schedule.recurs(turns - 1)),
    Effect.yieldNow,
  )

/** An answer, or the failure to give one in time. */
const withTimeout = <A, E>(run: Effect.Effect<A, E>, timeout: Duration.Duration) =>
  Effect.withFiber((parent) =>
    Effect.callback<Exit.Exit<A, E | "no answer">>((resume) => {
      const fork = Effect.runForkWith(parent.context)
      const child = fork(run)
      const alarm = fork(alarmAfter(timeout))
      child.addObserver((exit) => {
        alarm.interruptUnsafe()
        resume(Effect.succeed(exit))
      })
      alarm.addObserver((exit) => {
        if (Exit.isFailure(exit)) return
        resume(Effect.succeed(Exit.fail("no answer" as const)))
        child.interruptUnsafe()
      })
      return Fiber.interruptAll([child, alarm])
    }),
  )
