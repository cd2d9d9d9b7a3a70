import { assert, describe, it } from "@effect/vitest"
import { ApiError } from "@google/genai/web"
import { Failure } from "@holdfast/core"
import { mapEvents } from "@holdfast/core/provider/EventReader"
import { Effect, Option, Stream } from "effect"
import { type Response } from "effect/ai"

import { contents, events, type Fixture, recordings, textOf } from "../../../test/support/recordings.ts"
import { answerParts } from "../src/internal/answer/parts.ts"
import { AnswerState } from "../src/internal/answer/state.ts"
import { ChunkReader } from "../src/internal/answer/stream.ts"
import { fromThrown } from "../src/internal/failure.ts"
import { Exchange } from "../src/internal/http/exchange.ts"
import { origin } from "./requests.ts"

const recorded = recordings.filter(({ endpoint }) => endpoint === "generateContent")

const answers = recorded.filter(({ special }) => !special.includes("error"))

const newState = () => new AnswerState({ origin, declared: new Map(), headers: {}, fallbackId: "call" })

const replay = (fixture: Fixture): Effect.Effect<ReadonlyArray<Response.AllPartsEncoded>, unknown> =>
  fixture.stream
    ? Stream.runCollect(mapEvents(Stream.fromIterable(events(fixture)), new ChunkReader(newState()), Effect.succeed))
    : Effect.fromResult(answerParts(JSON.parse(contents(fixture.file)), newState()))

const callsOf = (parts: ReadonlyArray<Response.AllPartsEncoded>) =>
  parts.flatMap((part) => (part.type === "tool-call" ? [part] : []))

const number = (usage: Fixture["usage"], key: string): number => (usage[key] as number | undefined) ?? 0

const named = (name: string) => recorded.find(({ file }) => file.includes(name))!

describe.skipIf(recorded.length === 0)("recorded answers", () => {
  it.effect.each(answers)("$file", (fixture) =>
    Effect.gen(function* () {
      const parts = yield* replay(fixture)
      assert.strictEqual(textOf(parts).length, fixture.text_chars)
      const calls = callsOf(parts)
      if (fixture.special.includes("tool_call")) assert.isAtLeast(calls.length, 1)
      assert.strictEqual(new Set(calls.map(({ id }) => id)).size, calls.length)
      const finish = parts.at(-1)
      assert.isTrue(finish?.type === "finish")
      if (finish?.type !== "finish") return
      assert.strictEqual(finish.reason, calls.length > 0 ? "tool-calls" : "stop")
      assert.strictEqual(finish.metadata?.google?.finishReason, fixture.finish)
      const { usage } = fixture
      assert.deepStrictEqual(
        [
          finish.usage.inputTokens.total,
          finish.usage.inputTokens.cacheRead,
          finish.usage.outputTokens.reasoning,
          finish.usage.outputTokens.total,
        ],
        [
          number(usage, "promptTokenCount") + number(usage, "toolUsePromptTokenCount"),
          number(usage, "cachedContentTokenCount"),
          number(usage, "thoughtsTokenCount"),
          number(usage, "totalTokenCount") - number(usage, "promptTokenCount"),
        ],
      )
      const metadata = parts[0]
      assert.strictEqual(metadata?.type === "response-metadata" ? metadata.modelId : undefined, fixture.model)
      if (fixture.special.includes("signature")) assert.include(JSON.stringify(parts), '"thoughtSignature":"')
    }),
  )

  it.effect("arguments in pieces are put together", () =>
    Effect.gen(function* () {
      const flat = callsOf(yield* replay(named("google-stream-tool-call-arguments")))
      assert.deepStrictEqual(
        flat.map(({ name, params }) => [name, params]),
        [
          ["getWeather", { location: "Boston" }],
          ["getWeather", { location: "San Francisco" }],
        ],
      )
      const [nested] = callsOf(yield* replay(named("arguments-nested")))
      const { recipe } = nested!.params as {
        recipe: { ingredients: ReadonlyArray<{ amount: string; name: string }>; steps: ReadonlyArray<string> }
      }
      assert.deepStrictEqual(recipe.ingredients[0], { amount: "16 oz", name: "Lasagna noodles" })
      assert.strictEqual(recipe.steps.at(-1), "Let stand for 15 minutes before serving.")
    }),
  )

  it("a limit of a minute is no exhausted quota, whatever the words", () => {
    const cause = new ApiError({ status: 429, message: contents(named("429-retry-info").file) })
    const exchange = new Exchange({ headers: undefined, fetch: undefined })
    const error = fromThrown({ ApiError }, origin, exchange, false)(cause)
    assert.strictEqual(error.reason._tag, "RateLimitError")
    assert.strictEqual(Option.getOrThrow(Failure.facts(error)).retryAfter, 34_400)
  })
})
