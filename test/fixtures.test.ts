/**
 * Recorded answers of real providers, sent over real sockets and read by the vendors' own SDKs.
 */
import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { Failure, type ModelCall, PolicyError, ResilientModel } from "@holdfast/core"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiCompatible, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import { Duration, Effect, Layer, Redacted, Stream } from "effect"
import { Prompt } from "effect/ai"

import { contents, count, type Fixture, folder, isThere, recordings } from "./support/recordings.ts"

/** A model, the API that it speaks, and how to read its usage. */
interface Speaker {
  readonly dialect: Emulator.Dialect
  readonly connect: (baseUrl: string, model: string) => Layer.Layer<ResilientModel.Provides>
  readonly usage: (fixture: Fixture) => Counts
}

/** Input, cache read, output, reasoning. */
type Counts = readonly [number | undefined, number | undefined, number | undefined, number | undefined]

const apiKey = Redacted.make("sk-fixtures")

const sum = (...counts: ReadonlyArray<number | undefined>): number =>
  counts.reduce<number>((total, value) => total + (value ?? 0), 0)

const openAi =
  (prefix: readonly [input: string, output: string]) =>
  ({ usage }: Fixture): Counts => [
    count(usage, `${prefix[0]}_tokens`),
    count(usage, `${prefix[0]}_tokens_details`, "cached_tokens"),
    count(usage, `${prefix[1]}_tokens`),
    count(usage, `${prefix[1]}_tokens_details`, "reasoning_tokens"),
  ]

const responses: Speaker = {
  dialect: "openai-responses",
  connect: (apiUrl, model) => Layer.provide(OpenAiLanguageModel.model(model), OpenAiClient.layer({ apiKey, apiUrl })),
  usage: openAi(["input", "output"]),
}

const chat: Speaker = {
  dialect: "openai-chat",
  connect: (apiUrl, model) => Layer.provide(OpenAiLanguageModel.chat(model), OpenAiClient.layer({ apiKey, apiUrl })),
  usage: openAi(["prompt", "completion"]),
}

const compatible = (preset: OpenAiCompatible.Preset, usage = chat.usage): Speaker => ({
  dialect: "openai-chat",
  connect: (apiUrl, model) =>
    Layer.provide(OpenAiCompatible.model(preset, model), OpenAiCompatible.layer(preset, { apiKey, apiUrl })),
  usage,
})

const unknownServer = (provider: string): Speaker =>
  compatible(OpenAiCompatible.preset({ provider, apiUrl: "https://models.example/v1", apiKeyName: undefined }))

// Reasoning is billed on top of what xAI calls the completion.
const xai = compatible(OpenAiCompatible.xai, (fixture) => {
  const { usage } = fixture
  const [input, read, , reasoning] = chat.usage(fixture)
  return [input, read, sum(count(usage, "total_tokens")) - sum(input), reasoning]
})

const anthropic: Speaker = {
  dialect: "anthropic",
  connect: (apiUrl, model) =>
    Layer.provide(AnthropicLanguageModel.model(model), AnthropicClient.layer({ apiKey, apiUrl })),
  usage: ({ usage }) => [
    sum(
      count(usage, "input_tokens"),
      count(usage, "cache_read_input_tokens"),
      count(usage, "cache_creation_input_tokens"),
    ),
    count(usage, "cache_read_input_tokens"),
    count(usage, "output_tokens"),
    count(usage, "output_tokens_details", "thinking_tokens"),
  ],
}

const google: Speaker = {
  dialect: "google",
  connect: (apiUrl, model) => Layer.provide(GoogleLanguageModel.model(model), GoogleClient.layer({ apiKey, apiUrl })),
  usage: ({ usage }) => [
    sum(count(usage, "promptTokenCount"), count(usage, "toolUsePromptTokenCount")),
    sum(count(usage, "cachedContentTokenCount")),
    sum(count(usage, "totalTokenCount")) - sum(count(usage, "promptTokenCount")),
    sum(count(usage, "thoughtsTokenCount")),
  ],
}

const chatServers: Readonly<Record<string, Speaker>> = {
  openai: chat,
  deepseek: compatible(OpenAiCompatible.deepseek),
  groq: compatible(OpenAiCompatible.groq),
  mistral: compatible(OpenAiCompatible.mistral),
  "openai-compatible": xai,
}

/** Who can read a recording; `undefined` for what no language model says. */
const speakerOf = ({ endpoint, provider }: Fixture): Speaker | undefined => {
  if (endpoint === "responses") return responses
  if (endpoint === "messages") return anthropic
  if (endpoint === "generateContent") return google
  return endpoint === "chat/completions" ? (chatServers[provider] ?? unknownServer(provider)) : undefined
}

const options = Effect.map(Effect.makeSpan("recorded"), (span): ModelCall.ModelRequest["options"] => ({
  prompt: Prompt.make("hi"),
  tools: [],
  toolChoice: "none",
  responseFormat: { type: "text" },
  span,
  previousResponseId: undefined,
  incrementalPrompt: undefined,
}))

type Parts = ReadonlyArray<ModelCall.Part>

/** Sends a reply over a socket and reads it with the model of its provider, below the decoding of tools. */
const replay = (fixture: Fixture, reply: Reply.Reply): Effect.Effect<Parts, unknown> =>
  Effect.gen(function* () {
    const speaker = speakerOf(fixture) ?? chat
    const emulator = yield* Emulator.Emulator
    yield* emulator.script(speaker.dialect, reply)
    const model = speaker.connect(emulator.baseUrl(speaker.dialect), fixture.model ?? "recorded-model")
    return yield* Effect.gen(function* () {
      const call = yield* ResilientModel.Call
      const mode = fixture.stream ? "stream" : "generate"
      return yield* Stream.runCollect(yield* call.open({ mode, options: yield* options }))
    }).pipe(Effect.scoped, Effect.provide(model), Effect.mapError(PolicyError.unfold))
  }).pipe(Effect.provide(Emulator.layer()))

const body = (fixture: Fixture): unknown => JSON.parse(contents(fixture.file))

const replyOf = (fixture: Fixture): Reply.Reply =>
  Reply.recorded(fixture.stream ? { lines: contents(fixture.file) } : { body: body(fixture) })

/** The answers in one file, each a request of its own. */
const repliesOf = (fixture: Fixture): ReadonlyArray<Reply.Reply> => {
  if (!fixture.special.some((mark) => mark.includes("split at message_stop"))) return [replyOf(fixture)]
  const answers: Array<Array<string>> = [[]]
  for (const line of contents(fixture.file)
    .split("\n")
    .filter((text) => text.trim() !== "")) {
    answers.at(-1)?.push(line)
    if (line.includes('"type":"message_stop"')) answers.push([])
  }
  return answers.flatMap((lines) => (lines.length === 0 ? [] : [Reply.recorded({ lines })]))
}

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
