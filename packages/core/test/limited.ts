/**
 * Limits in memory and in Redis, on the clock of a test.
 */
import { Clock, Duration, Effect, Layer } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"

import * as RateLimit from "../src/RateLimit.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { withRedis } from "./redis.ts"
import {
  deliver,
  finish,
  type Mode,
  request,
  script,
  type Script,
  scripted,
  type Scripted,
  chunk,
  delta,
} from "./scripted.ts"

/** Where what is used is kept, and how time passes there. */
export interface Place {
  readonly limits: Layer.Layer<RateLimit.RateLimits>
  readonly pass: (span: Duration.Input) => Effect.Effect<void>
  /** How exactly times are known. Milliseconds. */
  readonly resolution: number
}

export const inMemory = <A, E, R>(use: (place: Place) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  use({ limits: RateLimit.layerMemory, pass: TestClock.adjust, resolution: 0 })

/** The server takes its time from the test, and the test waits for the server. */
export const inRedis = <A, E>(use: (place: Place) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  withRedis((prefix) =>
    Effect.gen(function* () {
      const { layer, quiet } = onTestTime(yield* Redis.Redis)
      const limits = RateLimit.layerRedis({ prefix, timeout: "100 days" }).pipe(Layer.provide(layer))
      const step = (millis: number) => Effect.andThen(TestClock.adjust(millis), quiet)
      const pass = (span: Duration.Input) => {
        const millis = Duration.toMillis(span)
        // Long waits may be inexact.
        const one = Math.max(resolution, millis / 100)
        const steps = Array.from({ length: Math.floor(millis / one) }, () => step(one))
        return Effect.andThen(quiet, Effect.all([...steps, step(millis % one)], { discard: true }))
      }
      return yield* use({ limits, pass, resolution })
    }),
  ) as Effect.Effect<A, E>

const resolution = 25

const enoughTurns = 8

const onTestTime = (redis: Redis.Redis["Service"]) => {
  let asking = 0
  const send = <A>(command: string, ...args: ReadonlyArray<string>) => {
    const time = 2 + Number(args[1])
    return Effect.acquireUseRelease(
      Effect.sync(() => asking++),
      () =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          redis.send<A>(
            command,
            ...args.map((arg, index) => (command === "EVALSHA" && index === time ? String(now + 1e12) : arg)),
          ),
        ),
      () => Effect.sync(() => asking--),
    )
  }
  const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  // A fiber may need turns of the loop between two commands, so one moment without a command is not the end.
  const quietFor = (turns: number): Effect.Effect<void> =>
    turns === 0 ? Effect.void : Effect.flatMap(turn, () => quietFor(asking > 0 ? enoughTurns : turns - 1))
  const quiet = quietFor(enoughTurns)
  const layer = Layer.effect(
    Redis.Redis,
    Redis.make({ send, subscribe: () => Effect.die("unused"), connect: Effect.die("unused") }),
  )
  return { layer, quiet }
}

/** An answer with so many tokens. */
export const using = (input: number, output: number, ...before: Script["steps"]): Script =>
  script(
    ...before,
    chunk(delta("a")),
    chunk({ ...finish(), usage: { inputTokens: { total: input }, outputTokens: { total: output } } }),
  )

/** A limited model that is built once. */
export const built = Effect.fnUntraced(function* (
  limit: (model: Scripted["model"]) => ResilientModel.ResilientModel<unknown>,
  options: { readonly place: Place; readonly scripts?: ReadonlyArray<Script>; readonly mode?: Mode },
) {
  const model = scripted(options.scripts ?? [using(7, 3)])
  const limits = yield* Layer.build(options.place.limits)
  const call = yield* Effect.provideContext(ResilientModel.callOf(model.model.pipe(limit)), limits)
  const ask = Effect.suspend(() => deliver(call, request(options.mode ?? "generate")))
  const { entries } = yield* Effect.provideContext(RateLimit.RateLimits, limits)
  return { ask, call, entries, model }
})

/** An estimate that a test knows. */
export const guessed = (input: number, output: number) => ({ estimate: () => ({ input, output }) })
