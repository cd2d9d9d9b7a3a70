import { assert, describe, it } from "@effect/vitest"
import { type EventReader, mapEvents } from "@holdfast/core/provider/EventReader"
import { Effect, Stream } from "effect"
import { type Response } from "effect/ai"

import {
  contents,
  count,
  events,
  finishOf,
  type Fixture,
  recordings,
  textOf,
} from "../../../test/support/recordings.ts"
import { common, type Dialect } from "../src/internal/chat/dialect.ts"
import { completionParts } from "../src/internal/chat/parts.ts"
import { AnswerState as ChatState } from "../src/internal/chat/state.ts"
import { ChatReader } from "../src/internal/chat/stream.ts"
import { answerParts } from "../src/internal/responses/parts.ts"
import { AnswerState as ResponsesState } from "../src/internal/responses/state.ts"
import { ResponsesReader } from "../src/internal/responses/stream.ts"
import * as OpenAiCompatible from "../src/OpenAiCompatible.ts"
import { origin } from "./requests.ts"

const recorded = recordings.filter(({ endpoint }) => ["responses", "chat/completions"].includes(endpoint))

const presets: Readonly<Record<string, Dialect>> = {
  alibaba: OpenAiCompatible.alibaba,
  moonshotai: OpenAiCompatible.moonshot,
  xai: OpenAiCompatible.xai,
}

const dialectOf = ({ file }: Fixture): Dialect =>
  Object.entries(presets).find(([name]) => file.includes(name))?.[1] ?? common

const replay = (fixture: Fixture) => {
  if (fixture.stream) {
    const reader: EventReader =
      fixture.endpoint === "responses"
        ? new ResponsesReader(new ResponsesState({ origin, key: "openai" }))
        : new ChatReader(new ChatState({ origin, key: fixture.provider, dialect: dialectOf(fixture) }))
    return Stream.runCollect(mapEvents(Stream.fromIterable(events(fixture)), reader, Effect.succeed))
  }
  const body: unknown = JSON.parse(contents(fixture.file))
  return Effect.fromResult<ReadonlyArray<Response.AllPartsEncoded>, unknown>(
    fixture.endpoint === "responses"
      ? answerParts(body, new ResponsesState({ origin, key: "openai" }))
      : completionParts(body, new ChatState({ origin, key: fixture.provider, dialect: dialectOf(fixture) })),
  )
}

const reasons: Readonly<Record<string, string>> = { stop: "stop", completed: "stop", tool_calls: "tool-calls" }

const whole = recorded.filter(({ special }) => !special.some((mark) => mark === "error" || mark === "no usage"))

describe.skipIf(recorded.length === 0)("recorded answers", () => {
  it.effect.each(whole)("$file", (fixture) =>
    Effect.gen(function* () {
      const parts = yield* replay(fixture)
      assert.strictEqual(textOf(parts).length, fixture.text_chars)
      const finish = finishOf(parts)
      assert.isDefined(finish)
      const calls = parts.filter((part) => part.type === "tool-call")
      const expected = calls.length > 0 ? "tool-calls" : reasons[fixture.finish ?? ""]
      assert.strictEqual(finish?.reason, expected)
      if (fixture.special.includes("tool_call")) assert.isAtLeast(calls.length, 1)
      const { usage } = fixture
      const prefix = fixture.endpoint === "responses" ? ["input", "output"] : ["prompt", "completion"]
      const reasoning = count(usage, `${prefix[1]}_tokens_details`, "reasoning_tokens")
      const output = count(usage, `${prefix[1]}_tokens`) ?? 0
      assert.deepStrictEqual(
        [
          finish?.usage.inputTokens.total,
          finish?.usage.inputTokens.cacheRead,
          finish?.usage.outputTokens.reasoning,
          finish?.usage.outputTokens.total,
        ],
        [
          count(usage, `${prefix[0]}_tokens`),
          count(usage, `${prefix[0]}_tokens_details`, "cached_tokens"),
          reasoning,
          fixture.file.includes("xai") ? count(usage, "total_tokens")! - count(usage, "prompt_tokens")! : output,
        ],
      )
      const special = fixture.special.includes("thinking") && fixture.endpoint === "chat/completions"
      if (special) assert.isTrue(parts.some((part) => part.type === "reasoning" || part.type === "reasoning-delta"))
      if (fixture.special.includes("image_gen")) assert.isTrue(parts.some((part) => part.type === "file"))
    }),
  )

  it.effect("an exhausted quota inside a stream is fatal", () =>
    Effect.gen(function* () {
      const fixture = recorded.find(({ file }) => file.includes("openai-error.1"))!
      const error = yield* Effect.flip(replay(fixture))
      assert.strictEqual((error as { reason: { _tag: string } }).reason._tag, "QuotaExhaustedError")
    }),
  )

  it.effect("a complaint about a parameter names it", () =>
    Effect.gen(function* () {
      const fixture = recorded.find(({ file }) => file.includes("temperature-error"))!
      const error = yield* Effect.flip(replay(fixture))
      const { reason } = error as { reason: { _tag: string; parameter?: string } }
      assert.deepStrictEqual([reason._tag, reason.parameter], ["InvalidRequestError", "temperature"])
    }),
  )

  it.effect("a wrapped parallel call is a call like any other", () =>
    Effect.gen(function* () {
      const fixture = recorded.find(({ file }) => file.includes("parallel-tool-call"))!
      const parts = yield* replay(fixture)
      assert.isTrue(parts.some((part) => part.type === "tool-call" && part.name === "parallel"))
    }),
  )
})
