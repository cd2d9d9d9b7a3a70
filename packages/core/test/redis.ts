/**
 * The Redis of the suites that need one.
 */
import { NodeRedis } from "@effect/platform-node"
import { type Duration, Effect, Layer } from "effect"
import { Redis } from "effect/persistence"

const url = process.env["REDIS_URL"]

/** Suites on a real server are named "... on Redis (REDIS_URL)" and begin with `describe.skipIf(redisIsMissing)`. */
export const redisIsMissing = url === undefined

const layerRedis = NodeRedis.layer({ url: url ?? "redis://127.0.0.1:6379" })

/** Runs with the server and a prefix of keys that nobody else uses; they are deleted in the end. */
export const withRedis = <A, E, R>(use: (prefix: string) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(ownPrefix, use)).pipe(Effect.provide(layerRedis), Effect.orDie)

const ownPrefix = Effect.acquireRelease(
  Effect.sync(() => `holdfast-test-${crypto.randomUUID()}`),
  (prefix) =>
    Effect.gen(function* () {
      const redis = yield* Redis.Redis
      const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `${prefix}*`)
      if (keys.length > 0) yield* redis.send("DEL", ...keys)
    }).pipe(Effect.orDie),
)

export interface FakeRedis {
  readonly layer: Layer.Layer<Redis.Redis>
  /** What every command does from now on. */
  answers: Effect.Effect<unknown, Redis.RedisError>
  readonly commands: Array<ReadonlyArray<string>>
}

/** A server that answers as a test says. */
export const fakeRedis = (): FakeRedis => {
  const send = <A>(command: string, ...args: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      if (command === "SCRIPT") return Effect.succeed("sha" as A)
      fake.commands.push([command, ...args])
      return fake.answers as Effect.Effect<A, Redis.RedisError>
    })
  const fake: FakeRedis = {
    commands: [],
    answers: Effect.void,
    layer: Layer.effect(
      Redis.Redis,
      Redis.make({ send, subscribe: () => Effect.die("unused"), connect: Effect.die("unused") }),
    ),
  }
  return fake
}

export const silent: Effect.Effect<never> = Effect.never

export const broken = Effect.fail(new Redis.RedisError({ cause: new Error("connection lost") }))

export const slow = (delay: Duration.Input, answer: unknown) => Effect.as(Effect.sleep(delay), answer)
