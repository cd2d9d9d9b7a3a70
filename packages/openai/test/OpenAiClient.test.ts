import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Cause, ConfigProvider, Effect, Exit, Layer, Redacted } from "effect"

import * as OpenAiClient from "../src/OpenAiClient.ts"

const key = "sk-secret-0123456789"
const apiKey = Redacted.make(key)

const defectOf = (options: OpenAiClient.Options) =>
  Effect.map(Effect.exit(OpenAiClient.make(options)), (exit) =>
    Exit.isFailure(exit) ? Cause.pretty(exit.cause) : undefined,
  )

describe("options", () => {
  it.effect("that cannot work are found at once, and never show the key", () =>
    Effect.gen(function* () {
      const broken = `${key}\u2028${key}`
      const messages = [
        yield* defectOf({ apiKey, apiUrl: "api.openai.com" }),
        yield* defectOf({ apiKey, apiUrl: "ftp://a.example" }),
        yield* defectOf({ apiKey, apiUrl: `https://user:${key}@a.example` }),
        yield* defectOf({ apiKey: Redacted.make(" \n") }),
        yield* defectOf({ apiKey: Redacted.make(broken) }),
      ]
      for (const message of messages) {
        assert.match(message ?? "", /apiUrl|apiKey/)
        assert.notInclude(message ?? "", key)
      }
    }),
  )

  it.effect("may come from the configuration", () =>
    Effect.gen(function* () {
      const read = (env: Record<string, string>) =>
        Effect.exit(
          Effect.map(OpenAiClient.OpenAiClient, ({ apiUrl }) => apiUrl).pipe(
            Effect.provide(OpenAiClient.layerConfig()),
            Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)),
          ),
        )
      assert.deepStrictEqual(yield* read({ OPENAI_API_KEY: key }), Exit.succeed(OpenAiClient.defaultApiUrl))
      assert.isTrue(Exit.isFailure(yield* read({})))
    }),
  )
})

describe("a client", () => {
  it.live("shows its key to nobody", () =>
    Effect.gen(function* () {
      const client = yield* OpenAiClient.make({ apiKey })
      for (const shown of [inspect(client, { depth: 9, showHidden: true }), JSON.stringify(client)]) {
        assert.notInclude(shown, key)
      }
    }),
  )

  it.live("knows nothing of the environment", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const before = { ...process.env }
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          Object.assign(process.env, {
            OPENAI_BASE_URL: "http://127.0.0.1:1",
            OPENAI_API_KEY: "sk-other",
            OPENAI_ADMIN_KEY: "sk-admin",
            OPENAI_ORG_ID: "org-env",
            OPENAI_PROJECT_ID: "proj-env",
            OPENAI_CUSTOM_HEADERS: "x-env: yes\nauthorization: Bearer sk-env",
            OPENAI_LOG: "debug",
          }),
        ),
        () =>
          Effect.sync(() => {
            process.env = before
          }),
      )
      const client = yield* OpenAiClient.make({
        apiKey: Redacted.make(`${key}\n`),
        apiUrl: `${emulator.baseUrl("openai-chat")}/`,
        organizationId: "org-mine",
        projectId: "proj-mine",
        headers: { "x-mine": "yes" },
      })
      yield* client.chat.once({ model: "m", messages: [{ role: "user", content: "hi" }] })
      const { headers, path } = (yield* emulator.requests)[0]!
      assert.strictEqual(path, "/openai/v1/chat/completions")
      assert.deepStrictEqual(
        ["authorization", "openai-organization", "openai-project", "x-mine", "x-env", "x-stainless-retry-count"].map(
          (name) => headers[name],
        ),
        [
          `redacted:${Emulator.fingerprint(key).replace(/^redacted:/, "")}`,
          "org-mine",
          "proj-mine",
          "yes",
          undefined,
          "0",
        ],
      )
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )

  it.live("hides its key from errors that repeat it", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("openai-chat", Reply.status(401, { message: `Incorrect API key provided: ${key}` }))
      const client = yield* OpenAiClient.make({ apiKey, apiUrl: emulator.baseUrl("openai-chat") })
      const error = yield* Effect.flip(client.chat.once({ model: "m", messages: [{ role: "user", content: "hi" }] }))
      assert.include(inspect(error, { depth: 9 }), "<redacted>")
      assert.notInclude(inspect(error, { depth: 9 }), key)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("gives access to the whole SDK", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("openai-chat", Reply.text("hello"), Reply.overloaded())
      const ask = Effect.flatMap(OpenAiClient.OpenAiClient, (client) =>
        client.use((sdk, signal) =>
          sdk.chat.completions
            .create({ model: "m", messages: [{ role: "user", content: "hi" }] }, { signal })
            .then(({ choices }) => choices[0]?.message.content),
        ),
      ).pipe(Effect.provide(OpenAiClient.layer({ apiKey, apiUrl: emulator.baseUrl("openai-chat") })))
      assert.strictEqual(yield* ask, "hello")
      const error = yield* Effect.flip(ask)
      assert.strictEqual(error.reason._tag, "InternalProviderError")
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("asks for a stream and takes nothing else", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script(
        "openai-chat",
        Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: "<html>busy</html>" }),
        Reply.text("x").pipe(Fault.contentType("application/json")),
      )
      const client = yield* OpenAiClient.make({ apiKey, apiUrl: emulator.baseUrl("openai-chat") })
      for (const _ of [1, 2]) {
        const error = yield* Effect.flip(
          Effect.scoped(client.chat.open({ model: "m", messages: [{ role: "user", content: "hi" }] })),
        )
        assert.strictEqual(error.reason._tag, "InvalidResponseError")
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it("is a layer", () => {
    assert.isTrue(Layer.isLayer(OpenAiClient.layer({ apiKey })))
  })
})
