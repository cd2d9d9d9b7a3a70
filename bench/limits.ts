/**
 * What a rate limit adds to a call at the seam, inside of a fiber, and how often it asks Redis for one decision.
 */
import { type ModelCall, ModelRequest, RateLimit, ResilientModel } from "@holdfast/core"
import { Effect, Layer } from "effect"
import { RateLimiter, Redis } from "effect/persistence"

import { ofParts } from "../packages/core/src/internal/answer/complete.ts"
import { contestant } from "./policies.ts"

const request = ModelRequest.make("generate", "Why do ships float?")

const answer = Effect.succeed(
  ofParts<ModelCall.Part<"chat">>([
    { type: "text", text: "They displace water." },
    { type: "finish", reason: "stop", usage: { inputTokens: { total: 10 }, outputTokens: { total: 500 } } },
  ]),
)

const limited = (
  limit: ReturnType<typeof RateLimit.perMinute>,
  open: ModelCall.ModelCall<never, "chat">["open"] = () => answer,
) =>
  ResilientModel.callOf(
    ResilientModel.make(Effect.succeed({ provider: "bench", model: "bench", open }), {
      name: "bench",
      settings: {},
    }).pipe(limit),
  )

const most = 1e9

/** A call by itself, with a limit on requests, with one on tokens as well, and with Effect's own limiter. */
export const limits = Effect.gen(function* () {
  const requests = yield* limited(RateLimit.perMinute({ requests: most }))
  const both = yield* limited(RateLimit.perMinute({ requests: most, tokens: most }))
  const effects = yield* RateLimiter.makeWithRateLimiter
  const window = {
    key: "bench",
    limit: most,
    window: "1 minute",
    algorithm: "fixed-window",
    onExceeded: "delay",
  } as const
  return {
    bare: contestant(Effect.scoped(answer)),
    requests: contestant(Effect.scoped(requests.open(request))),
    both: contestant(Effect.scoped(both.open(request))),
    effect: contestant(Effect.scoped(effects(window)(answer))),
  }
}).pipe(Effect.provide(Layer.provideMerge(RateLimiter.layer, RateLimiter.layerStoreMemory)))

/** How many commands go to Redis until a call is sent. */
export const roundTrips = Effect.gen(function* () {
  let commands = 0
  const send = <A>(command: string) =>
    Effect.sync(() => {
      if (command !== "SCRIPT") commands++
      return (command === "SCRIPT" ? "sha" : ["1", "0", "1", "1"]) as A
    })
  const redis = Layer.effect(
    Redis.Redis,
    Redis.make({ send, subscribe: () => Effect.die("unused"), connect: Effect.die("unused") }),
  )
  let asked = 0
  const call = yield* limited(RateLimit.perMinute({ requests: most, tokens: most }), () => {
    asked = commands
    return answer
  }).pipe(Effect.provide(Layer.provide(RateLimit.layerRedis(), redis)))
  yield* Effect.scoped(Effect.asVoid(call.open(request)))
  return asked
})
