import { assert, describe, it } from "@effect/vitest"
import { mapEvents } from "@holdfast/core/provider/EventReader"
import { Effect, Stream } from "effect"
import { type AiError, type Response } from "effect/ai"

import {
  contents,
  count,
  events,
  finishOf,
  type Fixture,
  recordings,
  textOf,
} from "../../../test/support/recordings.ts"
import { answerParts } from "../src/internal/answer/parts.ts"
import { AnswerState } from "../src/internal/answer/state.ts"
import { MessagesReader } from "../src/internal/answer/stream.ts"
import { origin } from "./requests.ts"

const recorded = recordings.filter(({ endpoint, provider }) => provider === "anthropic" && endpoint === "messages")

interface Event {
  readonly type: string
}

/** Some recordings hold the answers of several requests, one after the other. */
const answers = (fixture: Fixture): ReadonlyArray<ReadonlyArray<Event>> =>
  (events(fixture) as ReadonlyArray<Event>).reduce<Array<Array<Event>>>(
    (split, event) => {
      split.at(-1)?.push(event)
      if (event.type === "message_stop") split.push([])
      return split
    },
    [[]],
  )

const state = () => new AnswerState({ origin })

const streamed = (recording: ReadonlyArray<unknown>) =>
  Stream.runCollect(mapEvents(Stream.fromIterable(recording), new MessagesReader(state()), Effect.succeed))

const replay = (
  fixture: Fixture,
): Effect.Effect<ReadonlyArray<ReadonlyArray<Response.AllPartsEncoded>>, AiError.AiError> =>
  fixture.stream
    ? Effect.forEach(
        answers(fixture).filter((recording) => recording.length > 0),
        streamed,
      )
    : Effect.map(Effect.fromResult(answerParts(JSON.parse(contents(fixture.file)), state())), (parts) => [parts])

const reasons: Readonly<Record<string, string>> = {
  end_turn: "stop",
  tool_use: "tool-calls",
  refusal: "content-filter",
}

const sound = recorded.filter(({ file }) => !file.includes("spliced"))

describe.skipIf(recorded.length === 0)("recorded answers", () => {
  it.effect.each(sound)("$file", (fixture) =>
    Effect.gen(function* () {
      const replayed = yield* replay(fixture)
      const parts = replayed.flat()
      // The index counts characters, not UTF-16 units.
      assert.lengthOf(Array.from(textOf(parts)), fixture.text_chars)
      for (const answer of replayed) {
        assert.strictEqual(answer[0]?.type, "response-metadata")
        assert.strictEqual(answer.filter(({ type }) => type === "finish").length, 1)
      }
      const finish = finishOf(replayed.at(-1) ?? [])
      assert.strictEqual(finish?.reason, reasons[fixture.finish ?? ""])
      if (fixture.special.includes("tool_call")) assert.isTrue(parts.some(({ type }) => type === "tool-call"))
      if (fixture.special.includes("thinking")) {
        const thoughts = parts.filter(({ type }) => type === "reasoning" || type === "reasoning-end")
        assert.isTrue(thoughts.some(({ metadata }) => typeof count(metadata, "anthropic", "signature") === "string"))
      }
      if (fixture.special.includes("citations")) assert.isTrue(parts.some(({ type }) => type === "source"))
      const { usage } = fixture
      const read = count(usage, "cache_read_input_tokens")
      const written = count(usage, "cache_creation_input_tokens")
      assert.deepStrictEqual(
        [
          finish?.usage.inputTokens.total,
          finish?.usage.inputTokens.cacheRead,
          finish?.usage.inputTokens.cacheWrite,
          finish?.usage.outputTokens.total,
          finish?.usage.outputTokens.reasoning,
        ],
        [
          (count(usage, "input_tokens") ?? 0) + (read ?? 0) + (written ?? 0),
          read,
          written,
          count(usage, "output_tokens"),
          count(usage, "output_tokens_details", "thinking_tokens"),
        ],
      )
    }),
  )

  it.effect("a second answer inside the first is an error, not a text twice as long", () =>
    Effect.gen(function* () {
      const fixture = recorded.find(({ file }) => file.includes("spliced"))!
      const error = yield* Effect.flip(streamed(events(fixture)))
      assert.strictEqual(error.reason._tag, "InvalidResponseError")
    }),
  )

  it.effect("calls that code makes come with the beginning of a message", () =>
    Effect.gen(function* () {
      const fixture = recorded.find(({ file }) => file.includes("programmatic"))!
      const replayed = yield* replay(fixture)
      assert.strictEqual(replayed.length, 15)
      const calls = replayed.flat().filter((part) => part.type === "tool-call")
      assert.isAtLeast(calls.length, 14)
      for (const { metadata, name } of calls) {
        assert.strictEqual(name, "rollDie")
        assert.deepInclude(metadata?.["anthropic"], {
          caller: { type: "code_execution_20250825", tool_id: "srvtoolu_01MzSrFWsmzBdcoQkGWLyRjK" },
        })
      }
    }),
  )
})
