/**
 * Recorded answers of real providers, sent over real sockets and read by the vendors' own SDKs.
 */
import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@holdfast/core"
import { Reply } from "@holdfast/testing"
import { Duration, Effect } from "effect"

import { type Fixture, folder, isThere, recordings } from "./support/recordings.ts"
import { body, type Parts, repliesOf, replay, replyOf, speakerOf } from "./support/replay.ts"

const textOf = (parts: Parts): string =>
  parts.map((part) => (part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : "")).join("")

const finishOf = (parts: Parts) => parts.find((part) => part.type === "finish")

const callsOf = (parts: Parts) =>
  parts.filter((part) => part.type === "tool-call").filter(({ providerExecuted }) => providerExecuted !== true)

const failureOf = (fixture: Fixture, reply = replyOf(fixture)) => Effect.flip(replay(fixture, reply))

const named = (name: string): Fixture => {
  const found = recordings.find(({ file }) => file.includes(name))
  assert.isDefined(found, `a recording named ${name}`)
  return found
}

const reasons: Readonly<Record<string, string>> = {
  stop: "stop",
  completed: "stop",
  tool_calls: "tool-calls",
  end_turn: "stop",
  tool_use: "tool-calls",
  STOP: "stop",
}

const isCall = (mark: string): boolean => mark === "tool_call" || mark === "tool:custom_tool_call"

const traps = [
  "google-429-retry-info",
  "openai-error.1",
  "reasoning-model-temperature-error",
  "parallel-tool-call-wrapper",
  "anthropic-refusal",
  "spliced-message-start",
]

const isTrap = ({ file }: Fixture): boolean => traps.some((trap) => file.includes(trap))

const sound = recordings.filter((fixture) => speakerOf(fixture) !== undefined && !isTrap(fixture))

const skipped = isThere ? "" : `: SKIPPED, there are none at ${folder}`

describe.skipIf(!isThere)(`recorded answers on the wire${skipped}`, () => {
  it.live.each(sound)("$file", (fixture) =>
    Effect.gen(function* () {
      const answers = yield* Effect.forEach(repliesOf(fixture), (reply) => replay(fixture, reply))
      const parts = answers.flat()
      // The index counts characters, not UTF-16 units.
      assert.lengthOf(Array.from(textOf(parts)), fixture.text_chars)
      const calls = callsOf(parts)
      assert.strictEqual(calls.length > 0, fixture.special.some(isCall))
      assert.strictEqual(new Set(calls.map(({ id }) => id)).size, calls.length)
      const last = answers.at(-1) ?? []
      const finish = finishOf(last)
      const expected = callsOf(last).length > 0 ? "tool-calls" : reasons[fixture.finish ?? ""]
      assert.strictEqual(finish?.reason, expected)
      const { inputTokens, outputTokens } = finish?.usage ?? { inputTokens: {}, outputTokens: {} }
      assert.deepStrictEqual(
        [inputTokens.total, inputTokens.cacheRead, outputTokens.total, outputTokens.reasoning],
        [...(speakerOf(fixture)?.usage(fixture) ?? [])],
      )
    }),
  )

  it.live("a refusal is a failure, although nothing was said", () =>
    Effect.gen(function* () {
      for (const fixture of recordings.filter(({ file }) => file.includes("anthropic-refusal"))) {
        const error = yield* failureOf(fixture)
        assert.isTrue(Failure.isContentPolicy(error), fixture.file)
      }
    }),
  )

  it.live("an exhausted quota inside a stream is fatal, and nothing is retried", () =>
    Effect.gen(function* () {
      const error = yield* failureOf(named("openai-error.1"))
      assert.deepStrictEqual([Failure.tagOf(error), Failure.classify(error).kind], ["QuotaExhaustedError", "fatal"])
    }),
  )

  it.live("a complaint about a parameter is fatal, with any status", () =>
    Effect.gen(function* () {
      const fixture = named("reasoning-model-temperature-error")
      for (const status of [400, 200]) {
        const error = yield* failureOf(fixture, Reply.recorded({ status, body: body(fixture) }))
        assert.deepStrictEqual([Failure.tagOf(error), Failure.classify(error).kind], ["InvalidRequestError", "fatal"])
      }
    }),
  )

  it.live("a limit of a minute is no exhausted quota, and says when to come back", () =>
    Effect.gen(function* () {
      const fixture = named("google-429-retry-info")
      const error = yield* failureOf(fixture, Reply.recorded({ status: 429, body: body(fixture) }))
      const { kind, retryAfter } = Failure.classify(error)
      assert.deepStrictEqual([Failure.tagOf(error), kind], ["RateLimitError", "throttled"])
      assert.strictEqual(retryAfter && Duration.toMillis(retryAfter), 34_400)
    }),
  )

  it.live("lines that are not JSON break the stream, and are no end of it", () =>
    Effect.gen(function* () {
      const fixture = named("parallel-tool-call-wrapper")
      const error = yield* failureOf(fixture)
      assert.deepStrictEqual(
        [Failure.tagOf(error), Failure.classify(error).kind],
        ["InvalidResponseError", "transient"],
      )
    }),
  )

  it.live("a second answer inside the first is an error, not a text twice as long", () =>
    Effect.gen(function* () {
      const error = yield* failureOf(named("spliced-message-start"))
      assert.deepStrictEqual(
        [Failure.tagOf(error), Failure.classify(error).kind],
        ["InvalidResponseError", "transient"],
      )
    }),
  )

  it.live("several answers in one stream are one answer, the first", () =>
    Effect.gen(function* () {
      const several = recordings.filter(({ special }) => special.some((mark) => mark.includes("concatenated")))
      assert.isAbove(several.length, 0)
      for (const fixture of several) {
        const parts = yield* replay(fixture, replyOf(fixture))
        const [first] = repliesOf(fixture)
        assert.isDefined(first)
        assert.deepStrictEqual(textOf(parts), textOf(yield* replay(fixture, first)))
        assert.lengthOf(
          parts.filter(({ type }) => type === "finish"),
          1,
        )
      }
    }),
  )

  it("leaves out only what no language model says", () => {
    const left = recordings.filter((fixture) => speakerOf(fixture) === undefined)
    assert.sameMembers(
      left.map(({ endpoint }) => endpoint),
      ["completions", "embeddings"],
    )
  })
})
