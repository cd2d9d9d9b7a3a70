/** Who answers: real providers where there is a key, and else an emulator of two of them. */
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { Deadline, Fallback, ResilientModel, Retry } from "@holdfast/core"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator } from "@holdfast/testing"
import { Config, Effect, flow, Layer, Option, Redacted } from "effect"
import { type LanguageModel } from "effect/ai"
import { type HttpServerError } from "effect/http"

import { rehearse } from "./script.ts"

interface Endpoint {
  readonly apiKey: Redacted.Redacted
  readonly apiUrl?: string
}

const careful = flow(Deadline.firstPart("20 seconds"), Retry.schedule(Retry.standard))

const openai = (endpoint: Endpoint) =>
  careful(OpenAiLanguageModel.model("gpt-6.1-terra")).pipe(ResilientModel.connect(OpenAiClient.layer(endpoint)))

const anthropic = (endpoint: Endpoint) =>
  careful(AnthropicLanguageModel.model("claude-sonnet-5-5", { maxOutputTokens: 4_000 })).pipe(
    ResilientModel.connect(AnthropicClient.layer(endpoint)),
  )

const google = (endpoint: Endpoint) =>
  careful(GoogleLanguageModel.model("gemini-3.8-flash")).pipe(ResilientModel.connect(GoogleClient.layer(endpoint)))

type Model = ReturnType<typeof openai | typeof anthropic | typeof google>

const found = (name: string, make: (endpoint: Endpoint) => Model) =>
  Effect.map(Config.option(Config.Redacted(name)), (key) =>
    Option.toArray(Option.map(key, (apiKey) => make({ apiKey }))),
  )

const emulated: Answering = Effect.gen(function* () {
  const emulator = yield* Emulator.Emulator
  yield* rehearse(emulator)
  const apiKey = Redacted.make("emulator")
  return openai({ apiKey, apiUrl: emulator.baseUrl("openai-responses") }).pipe(
    Fallback.to(anthropic({ apiKey, apiUrl: emulator.baseUrl("anthropic") })),
  )
}).pipe(Layer.unwrap, Layer.provide(Emulator.layer()))

type Answering = Layer.Layer<LanguageModel.LanguageModel, HttpServerError.ServeError>

/** The models in order of preference, each for the ones before it. */
export const models: Effect.Effect<Answering, Config.ConfigError> = Effect.gen(function* () {
  const keys = [
    yield* found("OPENAI_API_KEY", openai),
    yield* found("ANTHROPIC_API_KEY", anthropic),
    yield* found("GOOGLE_API_KEY", google),
  ].flat()
  const [first, ...others] = keys
  if (first === undefined) return emulated
  return others.reduce<ResilientModel.ResilientModel<unknown>>((stack, other) => stack.pipe(Fallback.to(other)), first)
})
