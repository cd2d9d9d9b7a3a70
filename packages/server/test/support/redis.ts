import { NodeRedis } from "@effect/platform-node"
import { AnswerLog } from "@holdfast/server"
import { Context, Effect, Layer } from "effect"
import { Redis } from "effect/persistence"

const url = process.env["REDIS_URL"]

export const redisIsMissing = url === undefined

/** One process's way to the answers that it shares with others. */
export const shared = (options: AnswerLog.RedisOptions) =>
  Layer.fresh(
    Layer.orDie(
      Layer.provide(AnswerLog.layerRedis(options), NodeRedis.layer({ url: url ?? "redis://127.0.0.1:6379" })),
    ),
  )

/** Forgets keys of a kind: `read` as if nobody read anything. */
export const forget = (prefix: string, kind: "read") =>
  Effect.scoped(
    Effect.gen(function* () {
      const redis = Context.get(
        yield* Layer.build(NodeRedis.layer({ url: url ?? "redis://127.0.0.1:6379" })),
        Redis.Redis,
      )
      const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `{${prefix}:chat}:${kind}:*`)
      for (const key of keys) yield* redis.send("DEL", key)
    }),
  ).pipe(Effect.orDie)
