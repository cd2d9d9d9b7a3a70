/** A few of what `scripts/readers.ts` does with a thousand. */
import { assert, it } from "@effect/vitest"
import { ChatServer } from "@holdfast/server"
import { Effect, Stream } from "effect"

import { eventsIn, message, post, textOf, tokens } from "./support/read.ts"
import { sse } from "./support/serve.ts"
import * as transports from "./support/transports.ts"

it.effect("readers that read nothing hold back their own models, and nobody else's", () =>
  Effect.gen(function* () {
    const made = new Map<string, number>()
    const ended = new Set<string>()
    const text = "x".repeat(64_000)
    const answer: ChatServer.Answer<never, never> = ({ data }) => {
      const name = typeof data === "string" ? data : ""
      const pieces = name.startsWith("flood") ? 1_000 : 50
      return Stream.range(1, pieces).pipe(
        Stream.rechunk(1),
        Stream.map((): ChatServer.Part => {
          made.set(name, (made.get(name) ?? 0) + 1)
          return { type: "text-delta", id: "0", delta: name.startsWith("flood") ? text : "word " }
        }),
        Stream.onExit(() => Effect.sync(() => ended.add(name))),
      )
    }
    const { url } = yield* sse(ChatServer.layer(answer, { limits: { maxAnswerSize: 1e9 } }))
    const floods = Array.from({ length: 5 }, (_, index) => `flood ${index}`)
    const leave = yield* Effect.forEach(floods, (data) =>
      Effect.promise(() => transports.sse.stall(url, { ...message("go"), data })),
    )
    const read = yield* Effect.forEach(
      Array.from({ length: 45 }, (_, index) => `calm ${index}`),
      (data) => Effect.flatMap(post(`${url}/chat/stream`, { ...message("go"), data }), textOf),
      { concurrency: "unbounded" },
    )
    for (const body of read) assert.strictEqual(tokens(eventsIn(body)), "word ".repeat(50))
    for (const name of floods) {
      assert.isBelow(made.get(name) ?? 0, 500)
      assert.isFalse(ended.has(name))
    }
    for (const go of leave) go()
    while (floods.some((name) => !ended.has(name))) yield* Effect.promise(() => new Promise(setImmediate))
  }),
)
