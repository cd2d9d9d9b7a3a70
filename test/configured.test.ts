import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { Fallback, ResilientModel } from "@holdfast/core"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiCompatible, OpenAiLanguageModel } from "@holdfast/openai"
import { ScriptedModel } from "@holdfast/testing"
import { Cause, Config, ConfigProvider, Effect, Exit, Layer, Logger } from "effect"
import { LanguageModel } from "effect/ai"

import { errorServer } from "./support/errorServer.ts"

const variables = (given: Readonly<Record<string, string>>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(given))

describe("a missing key", () => {
  const clients: ReadonlyArray<readonly [string, string, Effect.Effect<unknown, Config.ConfigError>]> = [
    ["OpenAiClient", "OPENAI_API_KEY", Effect.scoped(Layer.build(OpenAiClient.layerConfig()))],
    ["AnthropicClient", "ANTHROPIC_API_KEY", Effect.scoped(Layer.build(AnthropicClient.layerConfig()))],
    ["GoogleClient", "GOOGLE_API_KEY", Effect.scoped(Layer.build(GoogleClient.layerConfig()))],
    [
      "OpenAiCompatible deepseek",
      "DEEPSEEK_API_KEY",
      Effect.scoped(Layer.build(OpenAiCompatible.layerConfig(OpenAiCompatible.deepseek))),
    ],
  ]

  for (const [module, variable, build] of clients) {
    it.effect(`of ${module} names ${variable} and the option, in one line`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(build.pipe(variables({})))
        assert.strictEqual(
          error.message,
          `${module}: the key is missing; set ${variable}, or give layerConfig another apiKey`,
        )
        const told = yield* Effect.promise(() => Effect.runPromise(build.pipe(variables({}))).catch(String))
        assert.include(told, `set ${variable}`)
        assert.isBelow(String(told).length, 200)
      }),
    )
  }
})

describe("a second model that may not be configured", () => {
  const broken = ScriptedModel.model(ScriptedModel.fail({ status: 401, message: "no such key" }))
  const claude = AnthropicLanguageModel.model("claude-sonnet-5-5")
  const gemini = GoogleLanguageModel.model("gemini-3.8-flash")

  it.live("is asked where it has a key", () =>
    Effect.gen(function* () {
      const { answer, requests, url } = yield* errorServer
      answer({ status: 500, body: { type: "error", error: { type: "api_error", message: "oops" } } })
      const client = AnthropicClient.layerConfig({ apiUrl: Config.succeed(url) })
      const model = broken.pipe(Fallback.ifConfigured(claude, client))
      const error = yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        ResilientModel.provide(model),
        Effect.flip,
        variables({ ANTHROPIC_API_KEY: "sk-ant-0123456789" }),
      )
      assert.strictEqual(error._tag, "AllModelsFailed")
      assert.deepStrictEqual(error._tag === "AllModelsFailed" && error.trail.map(({ reason }) => reason), [
        "AuthenticationError",
        "InternalProviderError",
      ])
      assert.lengthOf(requests, 1)
    }),
  )

  it.effect("is left out where it has none, and says so", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const model = broken.pipe(
        Fallback.ifConfigured(claude, AnthropicClient.layerConfig()),
        Fallback.ifConfigured(gemini, GoogleClient.layerConfig()),
        Fallback.to(ScriptedModel.model(ScriptedModel.text("hello"))),
      )
      const { text } = yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        ResilientModel.provide(model),
        variables({ GOOGLE_API_KEY: "" }),
        Effect.provide(Logger.layer([logger])),
      )
      assert.strictEqual(text, "hello")
      assert.deepStrictEqual(
        lines.map((line) => /set \w+/.exec(line)?.[0]),
        ["set ANTHROPIC_API_KEY", "set GOOGLE_API_KEY"],
      )
      const alone = broken.pipe(Fallback.ifConfigured(claude, AnthropicClient.layerConfig()))
      const error = yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        ResilientModel.provide(alone),
        Effect.flip,
        variables({}),
      )
      assert.deepStrictEqual(error._tag === "AllModelsFailed" && error.trail.map(({ reason }) => reason), [
        "AuthenticationError",
      ])
    }),
  )

  it.effect("stops the program where its configuration is wrong", () =>
    Effect.gen(function* () {
      const client = AnthropicClient.layerConfig({ apiUrl: Config.Literal("https://a.example", "ANTHROPIC_URL") })
      const exit = yield* Effect.exit(
        LanguageModel.generateText({ prompt: "hi" }).pipe(
          ResilientModel.provide(broken.pipe(Fallback.ifConfigured(claude, client))),
          variables({ ANTHROPIC_API_KEY: "sk-ant-0123456789", ANTHROPIC_URL: "elsewhere" }),
        ),
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }),
  )
})

// A model that is left out needs nothing, and changes nothing of the type.
const typed = OpenAiLanguageModel.model("gpt-6.1-terra").pipe(
  Fallback.ifConfigured(AnthropicLanguageModel.model("claude-sonnet-5-5"), AnthropicClient.layerConfig()),
)
const same: typeof typed extends ResilientModel.ResilientModel<
  ResilientModel.CallFailure | Fallback.AllModelsFailed,
  OpenAiClient.OpenAiClient
>
  ? true
  : false = true
void same
