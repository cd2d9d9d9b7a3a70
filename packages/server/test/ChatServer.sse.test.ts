import { assert, describe, it } from "@effect/vitest"
import { ChatServer } from "@holdfast/server"
import { ScriptedModel } from "@holdfast/testing"
import { Effect } from "effect"

import { eventsIn, jsonOf, message, post, textOf, tokens } from "./support/read.ts"
import { sse } from "./support/serve.ts"

const ships = ScriptedModel.text(["They ", "displace ", "water."], { usage: { input: 5, output: 3 } })

describe("server-sent events", () => {
  it.effect("gives a whole answer with its usage", () =>
    Effect.gen(function* () {
      const { url } = yield* sse(ChatServer.layerModel(ScriptedModel.model(ships)))
      const response = yield* post(`${url}/chat`, message("Why do ships float?"))
      const answer = yield* jsonOf<Record<string, unknown>>(response)
      assert.deepInclude(answer, { text: "They displace water.", reason: "stop", attempts: 1, provider: "scripted" })
      assert.deepEqual((answer["usage"] as { outputTokens: unknown }).outputTokens, {
        total: 3,
        text: 3,
        reasoning: 0,
      })
      assert.strictEqual(response.headers.get("x-holdfast-answer-id"), answer["answerId"] as string)
      assert.strictEqual(response.headers.get("cache-control"), "no-store")
    }),
  )

  it.effect("gives tokens, then done with usage, latency and time to first token", () =>
    Effect.gen(function* () {
      const { url } = yield* sse(ChatServer.layerModel(ScriptedModel.model(ships)))
      const response = yield* post(`${url}/chat/stream`, { ...message("Why?"), chatId: "c1" })
      const events = eventsIn(yield* textOf(response))
      assert.deepEqual(
        events.map(({ id, event }) => `${id} ${event}`),
        ["1 start", "2 token", "3 token", "4 token", "5 done"],
      )
      assert.strictEqual(tokens(events), "They displace water.")
      const done = events.at(-1)?.data as unknown as Record<string, unknown>
      assert.hasAllKeys(done, [
        "type",
        "reason",
        "usage",
        "latency",
        "timeToFirstToken",
        "provider",
        "model",
        "attempts",
      ])
      assert.strictEqual(response.headers.get("cache-control"), "no-cache, no-transform")
      assert.strictEqual(response.headers.get("x-accel-buffering"), "no")
      assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
    }),
  )

  it.effect("an error is a typed event", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(ScriptedModel.text("hi").pipe(ScriptedModel.truncateAfter(1)))
      const { url } = yield* sse(ChatServer.layerModel(model))
      const events = eventsIn(yield* textOf(yield* post(`${url}/chat/stream`, message("Why?"))))
      const last = events.at(-1)
      assert.strictEqual(last?.event, "error")
      assert.deepInclude((last?.data as { error: object } | undefined)?.error, {
        code: "StreamTruncated",
        status: 502,
        retryable: true,
      })
    }),
  )
})
