import { createServer } from "node:http"
import { type AddressInfo } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { type CommonSettings } from "@holdfast/core/CallSettings"
import { Emulator, Reply } from "@holdfast/testing"
import { ConfigProvider, Effect, Exit, Layer, Redacted, Stream } from "effect"

import * as OpenAiCompatible from "../src/OpenAiCompatible.ts"
import { request } from "./requests.ts"

const generate = <Name extends string>(
  preset: OpenAiCompatible.Preset<Name>,
  name = "m",
  config?: OpenAiCompatible.Settings,
) =>
  Effect.flatMap(OpenAiCompatible.make(preset, name, config), (model) => Effect.scoped(model.generate(request("hi"))))

const text = (reply: { readonly parts: ReadonlyArray<{ readonly type: string }> }) =>
  reply.parts.map((part) => ("text" in part ? part.text : "")).join("")

describe("servers", () => {
  it.live("each have their own client, key and name", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const apiUrl = emulator.baseUrl("openai-chat")
      const clients = Layer.mergeAll(
        OpenAiCompatible.layer(OpenAiCompatible.deepseek, { apiUrl, apiKey: Redacted.make("key-a") }),
        OpenAiCompatible.layer(OpenAiCompatible.groq, {
          apiUrl,
          apiKey: Redacted.make("key-b"),
          headers: { "x-a": "b" },
        }),
      )
      yield* emulator.script("openai-chat", Reply.text("from a"), Reply.text("from b"))
      yield* Effect.gen(function* () {
        const model = yield* OpenAiCompatible.make(OpenAiCompatible.deepseek, "deepseek-v4-flash")
        assert.deepStrictEqual([model.provider, model.model], ["deepseek", "deepseek-v4-flash"])
        assert.strictEqual(text(yield* generate(OpenAiCompatible.deepseek)), "from a")
        const reply = yield* generate(OpenAiCompatible.groq)
        assert.strictEqual(text(reply), "from b")
        assert.property(reply.parts.at(-1)?.metadata, "groq")
      }).pipe(Effect.provide(clients))
      const [one, two] = yield* emulator.requests
      assert.notStrictEqual(one?.headers["authorization"], two?.headers["authorization"])
      assert.strictEqual(two?.headers["x-a"], "b")
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("take settings of their own, for a model and for one request", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const server = OpenAiCompatible.extend(OpenAiCompatible.openrouter, {
        provider: "router",
        apiUrl: emulator.baseUrl("openai-chat"),
      })
      yield* generate(server, "m", { serviceTier: "odd", extra: { provider: { order: ["a"] } } }).pipe(
        OpenAiCompatible.withConfigOverride({ temperature: 1 }),
        Effect.provide(OpenAiCompatible.layer(server, { apiKey: Redacted.make("k") })),
      )
      assert.deepStrictEqual((yield* emulator.requests)[0]?.body, {
        temperature: 1,
        service_tier: "odd",
        messages: [{ role: "user", content: "hi" }],
        provider: { order: ["a"] },
        model: "m",
      })
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.effect("name the variable of their key", () =>
    Effect.gen(function* () {
      const made = (env: Record<string, string>) =>
        Effect.exit(
          Effect.map(OpenAiCompatible.client(OpenAiCompatible.xai), ({ apiUrl }) => apiUrl).pipe(
            Effect.provide(OpenAiCompatible.layerConfig(OpenAiCompatible.xai)),
            Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)),
          ),
        )
      assert.deepStrictEqual(yield* made({ XAI_API_KEY: "k" }), Exit.succeed("https://api.x.ai/v1"))
      assert.isTrue(Exit.isFailure(yield* made({})))
      const none = Effect.provide(
        OpenAiCompatible.client(OpenAiCompatible.vllm),
        OpenAiCompatible.layerConfig(OpenAiCompatible.vllm),
      )
      assert.strictEqual((yield* none).provider, "vllm")
    }),
  )

  it.effect("are plain data", () =>
    Effect.sync(() => {
      const { deepseek, groq, mistral, ollama, openrouter, vllm, xai } = OpenAiCompatible
      for (const preset of [deepseek, groq, mistral, ollama, openrouter, vllm, xai]) {
        assert.deepStrictEqual(structuredClone(preset), preset)
      }
    }),
  )
})

/** What a preset calls a setting that all vendors know, where it is not what most call it. */
const otherNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  groq: { max_tokens: "max_completion_tokens" },
  x_ai: { max_tokens: "max_completion_tokens" },
  mistral_ai: { seed: "random_seed" },
}

const neutral: ReadonlyArray<readonly [settings: CommonSettings, field: string, sent: unknown]> = [
  [{ maxOutputTokens: 50 }, "max_tokens", 50],
  [{ temperature: 0.5 }, "temperature", 0.5],
  [{ topP: 0.25 }, "top_p", 0.25],
  [{ stop: ["END"] }, "stop", ["END"]],
  [{ seed: 7 }, "seed", 7],
]

describe("settings that all vendors know", () => {
  const { deepseek, groq, mistral, ollama, openrouter, vllm, xai } = OpenAiCompatible
  for (const preset of [deepseek, groq, mistral, ollama, openrouter, vllm, xai]) {
    it.live(`are sent in the words of ${preset.provider}`, () =>
      Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        const apiUrl = emulator.baseUrl("openai-chat")
        const model = yield* Effect.provide(
          OpenAiCompatible.make(preset, "some-model", { maxOutputTokens: 9, temperature: 0, topP: 1, seed: 1 }),
          OpenAiCompatible.layer(preset, { apiUrl, apiKey: Redacted.make("key") }),
        )
        for (const [settings] of neutral) {
          yield* Effect.scoped(model.generate({ ...request("hi"), settings }))
          yield* Effect.scoped(
            Effect.flatMap(model.stream({ ...request("hi"), settings }), ({ parts }) => Stream.runDrain(parts)),
          )
        }
        const bodies = (yield* emulator.requests).map(({ body }) => body as Readonly<Record<string, unknown>>)
        const named = (field: string) => otherNames[preset.provider]?.[field] ?? field
        const own = { [named("max_tokens")]: 9, temperature: 0, top_p: 1, [named("seed")]: 1 }
        for (const [at, [, field, sent]] of neutral.entries()) {
          for (const body of bodies.slice(2 * at, 2 * at + 2)) {
            // What the request says goes before what the model says, and the rest stays.
            const { messages: _, model: __, stream: ___, stream_options: ____, ...settings } = body
            assert.deepStrictEqual(settings, { ...own, [named(field)]: sent })
          }
        }
      }).pipe(Effect.provide(Emulator.layer())),
    )
  }

  it.effect("are refused by the name that the caller wrote, before any request", () =>
    Effect.gen(function* () {
      const server = OpenAiCompatible.extend(OpenAiCompatible.ollama, {
        provider: "small",
        apiUrl: "http://127.0.0.1:1",
        unsupported: { seed: "it has none", maxOutputTokens: "it has none" },
      })
      const model = yield* Effect.provide(OpenAiCompatible.make(server, "m"), OpenAiCompatible.layer(server))
      for (const settings of [{ seed: 7 }, { maxOutputTokens: 50 }]) {
        const error = yield* Effect.flip(Effect.scoped(model.generate({ ...request("hi"), settings })))
        assert.deepInclude<unknown>(error, { _tag: "UnsupportedOption", option: Object.keys(settings)[0] })
      }
    }),
  )
})

/** Servers that do less than the protocol asks for. */
const answering = (chunks: ReadonlyArray<unknown>) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly url: string
      readonly seen: Array<Record<string, unknown>>
      readonly close: () => void
    }>((resume) => {
      const seen: Array<Record<string, unknown>> = []
      const server = createServer((incoming, response) => {
        seen.push({ ...incoming.headers })
        incoming.resume()
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.end(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(""))
      })
      server.listen(0, "127.0.0.1", () => {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
        resume(Effect.succeed({ url, seen, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close),
  )

describe("careless servers", () => {
  it.live("need no key, no role, no [DONE]", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* answering([
        { choices: [] },
        { id: "x", choices: [{ delta: { content: "hello" } }] },
        { id: "x", choices: [{ delta: {}, finish_reason: "stop" }] },
      ])
      const model = yield* Effect.provide(
        OpenAiCompatible.make(OpenAiCompatible.ollama, "llama"),
        OpenAiCompatible.layer(OpenAiCompatible.ollama, { apiUrl: url }),
      )
      const parts = yield* Effect.flatMap(model.stream(request("hi")), (reply) => Stream.runCollect(reply.parts))
      assert.deepStrictEqual(
        parts.map(({ type }) => type),
        ["response-metadata", "text-start", "text-delta", "text-end", "finish"],
      )
      assert.isUndefined(seen[0]?.["authorization"])
    }).pipe(Effect.scoped),
  )

  it.live("may send errors among the choices", () =>
    Effect.gen(function* () {
      const { url } = yield* answering([
        { id: "x", choices: [{ delta: { content: "hello" } }] },
        {
          id: "x",
          error: { code: 502, message: "upstream gone", metadata: { provider_name: "p" } },
          choices: [{ delta: { content: "" }, finish_reason: "error" }],
        },
      ])
      const model = yield* Effect.provide(
        OpenAiCompatible.make(OpenAiCompatible.openrouter, "m"),
        OpenAiCompatible.layer(OpenAiCompatible.openrouter, { apiUrl: url, apiKey: Redacted.make("k") }),
      )
      const { parts } = yield* model.stream(request("hi"))
      const error = yield* Effect.flip(Stream.runDrain(parts))
      assert.strictEqual(error.reason._tag, "InternalProviderError")
    }).pipe(Effect.scoped),
  )
})
