/**
 * Plays what users of other tools have reported of servers on the real providers, and says in one line what came of it.
 */
import { assert, layer } from "@effect/vitest"
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import * as Failure from "@holdfast/core/Failure"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import { Duration, Effect, Layer, Redacted, Result, Schema, Stream } from "effect"
import { type AiError, LanguageModel, type Response, Tool, Toolkit } from "effect/ai"

export type Dialect = "openai-responses" | "openai-chat" | "anthropic" | "google"

export type Mode = "generate" | "stream"

const apiKey = Redacted.make("key")

const models = (emulator: Emulator.Emulator["Service"]) => {
  const at = (dialect: Dialect) => ({ apiKey, apiUrl: emulator.baseUrl(dialect) })
  return {
    "openai-responses": Layer.provide(OpenAiLanguageModel.model("gpt-4.1"), OpenAiClient.layer(at("openai-responses"))),
    "openai-chat": Layer.provide(OpenAiLanguageModel.chat("gpt-4.1"), OpenAiClient.layer(at("openai-chat"))),
    anthropic: Layer.provide(AnthropicLanguageModel.model("claude-sonnet-5"), AnthropicClient.layer(at("anthropic"))),
    google: Layer.provide(GoogleLanguageModel.model("gemini-3.8-flash"), GoogleClient.layer(at("google"))),
  } satisfies Record<Dialect, Layer.Layer<LanguageModel.LanguageModel>>
}

const kit = Toolkit.make(
  Tool.make("now", { success: Schema.String }),
  Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String }),
)

const handlers = kit.toLayer({
  now: () => Effect.succeed("noon"),
  weather: ({ city }) => Effect.succeed(city),
})

const question = { prompt: "hi", toolkit: kit }

const asked = (mode: Mode) =>
  mode === "generate"
    ? Effect.map(LanguageModel.generateText(question), ({ content }): ReadonlyArray<Response.AnyPart> => content)
    : Effect.map(Stream.runCollect(LanguageModel.streamText(question)), (all): ReadonlyArray<Response.AnyPart> => all)

const said = (part: Response.AnyPart): string => {
  switch (part.type) {
    case "text":
      return part.text
    case "text-delta":
      return part.delta
    case "reasoning":
      return `(${part.text})`
    case "reasoning-start":
      return "("
    case "reasoning-delta":
      return part.delta
    case "reasoning-end":
      return ")"
    case "tool-call":
      return ` ${part.name}${JSON.stringify(part.params)}`
    case "finish": {
      const { inputTokens, outputTokens } = part.usage
      const cached = inputTokens.cacheRead ?? 0
      const counts = `${inputTokens.total ?? "?"}${cached === 0 ? "" : `(${cached})`}/${outputTokens.total ?? "?"}`
      return ` ${part.reason} ${counts}`
    }
    default:
      return ""
  }
}

const failed = (error: AiError.AiError): string => {
  const { kind, retryAfter } = Failure.classify(error)
  const hint = retryAfter === undefined ? "" : ` ${Duration.toMillis(retryAfter)}`
  const { _tag } = error.reason
  const name = Failure.isContextWindowExceeded(error) ? "ContextWindow" : _tag.replace(/Error$/, "")
  return `${name} ${kind}${hint}`
}

/** Text with reasoning in brackets, calls, reason, counts; or the kind of a failure and its hint in milliseconds. */
export const outcome = (dialect: Dialect, reply: Reply.Reply, mode: Mode) =>
  Effect.gen(function* () {
    const emulator = yield* Emulator.Emulator
    yield* emulator.script(dialect, reply)
    const result = yield* Effect.result(
      Effect.provide(asked(mode), Layer.mergeAll(models(emulator)[dialect], handlers)),
    )
    return Result.isFailure(result) ? failed(result.failure) : result.success.map(said).join("")
  })

export const events = (...data: ReadonlyArray<unknown>): Reply.Reply =>
  Reply.recorded({ lines: data.map((one) => (one === "[DONE]" ? one : JSON.stringify(one))) })

export const whole = (body: unknown): Reply.Reply => Reply.recorded({ body })

/** Lines as a server wrote them, whatever they are. */
export const written = (body: string, type = "text/event-stream"): Reply.Reply =>
  Reply.raw({ status: 200, headers: { "content-type": type }, body })

export const refused = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply.Reply =>
  Reply.raw({ status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) })

/** What a server sends, and what is to come of it in each mode that it is an answer in; both if left out. */
export type Report = readonly [name: string, reply: Reply.Reply, says: string, modes?: ReadonlyArray<Mode>]

const both: ReadonlyArray<Mode> = ["stream", "generate"]

export const reports = (dialect: Dialect, all: ReadonlyArray<Report>): void => {
  layer(Emulator.layer(), { excludeTestServices: true })(`reports of ${dialect}`, (the) => {
    the.effect.each(all.map(([name, reply, says, modes = both]) => ({ name, reply, says, modes })))(
      "$name",
      ({ modes, reply, says }) =>
        Effect.gen(function* () {
          for (const mode of modes) assert.strictEqual(yield* outcome(dialect, reply, mode), says, mode)
        }),
    )
  })
}

export const line = (one: unknown): string => `data: ${JSON.stringify(one)}\n\n`
