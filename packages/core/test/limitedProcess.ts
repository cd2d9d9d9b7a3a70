/**
 * One process of several that share a limit: asks as fast as it may for a while, and writes down by the server's clock when
 * it was let through.
 */
import { NodeRedis } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Redis } from "effect/persistence"

import { ofParts } from "../src/internal/answer/complete.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { finish, request } from "./scripted.ts"

const [prefix = "", limit = "", window = "", span = ""] = process.argv.slice(2)
const callers = 20

const granted: Array<number> = []
/** In the order of those whose calls were sent; what a caller had to give back in the end is not among them. */
const sent: Array<number | undefined> = []

/** The way to the server, past somebody who reads its answers. */
const layerSeen = Layer.effect(
  Redis.Redis,
  Effect.flatMap(Redis.Redis, (redis) =>
    Redis.make({
      send: <A>(command: string, ...args: ReadonlyArray<string>) =>
        Effect.tap(redis.send<A>(command, ...args), (answer) => {
          if (command === "EVALSHA" && Array.isArray(answer) && answer[0] === "1") granted.push(Number(answer[1]))
          return Effect.void
        }),
      subscribe: () => Effect.die("unused"),
      connect: Effect.die("unused"),
    }),
  ),
)

const program = Effect.gen(function* () {
  const open = () =>
    Effect.sync(() => {
      sent.push(granted[sent.length])
      return ofParts([finish()])
    })
  const requests = RateLimit.limits([RateLimit.requests(Number(limit), Number(window))])
  const call = yield* ResilientModel.callOf(
    ResilientModel.make(Effect.succeed({ provider: "acme", model: "acme-1", open }), {
      name: "acme",
      settings: {},
    }).pipe(requests),
  )
  const ask = Effect.scoped(Effect.asVoid(call.open(request("generate"))))
  yield* Effect.all(
    Array.from({ length: callers }, () => Effect.forever(ask)),
    { concurrency: "unbounded" },
  ).pipe(Effect.timeoutOption(Number(span)))
  process.stdout.write(JSON.stringify(sent))
})

const limits = RateLimit.layerRedis({ prefix, timeout: "10 seconds" }).pipe(
  Layer.provide(layerSeen),
  Layer.provide(NodeRedis.layer({ url: process.env["REDIS_URL"] ?? "" })),
)

await Effect.runPromise(Effect.provide(Effect.scoped(program), limits))
