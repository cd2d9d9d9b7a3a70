/**
 * Recorded answers of real providers, sent over real sockets and read by the vendors' own SDKs.
 */

import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { type ModelCall, ModelRequest, PolicyError, ResilientModel } from "@holdfast/core"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiCompatible, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted, Stream } from "effect"
import { Prompt } from "effect/ai"

import { contents, count, type Fixture } from "./recordings.ts"

/** A model, the API that it speaks, and how to read its usage. */
interface Speaker {
  readonly dialect: Emulator.Dialect
  readonly connect: (baseUrl: string, model: string) => Layer.Layer<ResilientModel.Provides>
  readonly usage: (fixture: Fixture) => Counts
}

/** Input, cache read, output, reasoning. */
type Counts = readonly [number | undefined, number | undefined, number | undefined, number | undefined]

const apiKey = Redacted.make("sk-fixtures")

export const sum = (...counts: ReadonlyArray<number | undefined>): number =>
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
export const speakerOf = ({ endpoint, provider }: Fixture): Speaker | undefined => {
  if (endpoint === "responses") return responses
  if (endpoint === "messages") return anthropic
  if (endpoint === "generateContent") return google
  return endpoint === "chat/completions" ? (chatServers[provider] ?? unknownServer(provider)) : undefined
}

const options = Effect.map(Effect.makeSpan("recorded"), (span): ModelCall.ModelRequest<"chat">["options"] => ({
  prompt: Prompt.make("hi"),
  tools: [],
  toolChoice: "none",
  responseFormat: { type: "text" },
  span,
  previousResponseId: undefined,
  incrementalPrompt: undefined,
}))

export type Parts = ReadonlyArray<ModelCall.Part<"chat">>

/** Sends a reply over a socket and reads it with the model of its provider, below the decoding of tools. */
export const replay = (fixture: Fixture, reply: Reply.Reply): Effect.Effect<Parts, unknown> =>
  Effect.gen(function* () {
    const speaker = speakerOf(fixture) ?? chat
    const emulator = yield* Emulator.Emulator
    yield* emulator.script(speaker.dialect, reply)
    const model = speaker.connect(emulator.baseUrl(speaker.dialect), fixture.model ?? "recorded-model")
    return yield* Effect.gen(function* () {
      const call = yield* ResilientModel.Call
      const mode = fixture.stream ? "stream" : "generate"
      return yield* Stream.runCollect(yield* call.open(ModelRequest.make(mode, yield* options)))
    }).pipe(Effect.scoped, Effect.provide(model), Effect.mapError(PolicyError.unfold))
  }).pipe(Effect.provide(Emulator.layer()))

export const body = (fixture: Fixture): unknown => JSON.parse(contents(fixture.file))

export const replyOf = (fixture: Fixture): Reply.Reply =>
  Reply.recorded(fixture.stream ? { lines: contents(fixture.file) } : { body: body(fixture) })

/** The answers in one file, each a request of its own. */
export const repliesOf = (fixture: Fixture): ReadonlyArray<Reply.Reply> => {
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
