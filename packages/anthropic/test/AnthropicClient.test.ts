import { inspect } from "node:util"

import { assert, describe, it, vi } from "@effect/vitest"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Cause, ConfigProvider, Effect, Exit, Layer, Redacted } from "effect"

import { environment } from "../../../test/support/environment.ts"
import * as AnthropicClient from "../src/AnthropicClient.ts"

const key = "sk-ant-secret-0123456789"
const apiKey = Redacted.make(key)

const body: AnthropicClient.MessagesBody = {
  model: "claude-sonnet-5-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "hi" }],
}

const defectOf = (options: AnthropicClient.Options) =>
  Effect.map(Effect.exit(AnthropicClient.make(options)), (exit) =>
    Exit.isFailure(exit) ? Cause.pretty(exit.cause) : undefined,
  )

describe("options", () => {
  it.effect("that cannot work are found at once, and never show the key", () =>
    Effect.gen(function* () {
      const broken = `${key}\u2028${key}`
      const messages = [
        yield* defectOf({ apiKey, apiUrl: "api.anthropic.com" }),
        yield* defectOf({ apiKey, apiUrl: "ftp://a.example" }),
        yield* defectOf({ apiKey, apiUrl: `https://user:${key}@a.example` }),
        yield* defectOf({ apiKey: Redacted.make(" \n") }),
        yield* defectOf({ apiKey: Redacted.make(broken) }),
        yield* defectOf({ apiKey, headers: { "Anthropic-Version": "2023-06-01" } }),
      ]
      for (const message of messages) {
        assert.match(message ?? "", /apiUrl|apiKey|apiVersion/)
        assert.notInclude(message ?? "", key)
      }
    }),
  )

  it.effect("may come from the configuration", () =>
    Effect.gen(function* () {
      const read = (env: Record<string, string>) =>
        Effect.exit(
          Effect.map(AnthropicClient.AnthropicClient, ({ apiUrl, apiVersion }) => [apiUrl, apiVersion]).pipe(
            Effect.provide(AnthropicClient.layerConfig()),
            Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)),
          ),
        )
      assert.deepStrictEqual(
        yield* read({ ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: "http://127.0.0.1:1" }),
        Exit.succeed([AnthropicClient.defaultApiUrl, AnthropicClient.defaultApiVersion]),
      )
      assert.isTrue(Exit.isFailure(yield* read({})))
    }),
  )
})

describe("a client", () => {
  it.live("shows its key to nobody", () =>
    Effect.gen(function* () {
      const client = yield* AnthropicClient.make({ apiKey })
      for (const shown of [inspect(client, { depth: 9, showHidden: true }), JSON.stringify(client)]) {
        assert.notInclude(shown, key)
      }
    }),
  )

  it.live("knows nothing of the environment", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* environment({
        ANTHROPIC_BASE_URL: "http://127.0.0.1:1",
        ANTHROPIC_API_KEY: "sk-other",
        ANTHROPIC_AUTH_TOKEN: "token-other",
        ANTHROPIC_PROFILE: "other",
        ANTHROPIC_CONFIG_DIR: "/nowhere",
        ANTHROPIC_WORKSPACE_ID: "wrkspc_env",
        ANTHROPIC_WEBHOOK_SIGNING_KEY: "whsec_env",
        ANTHROPIC_CUSTOM_HEADERS: "x-env: yes\nx-api-key: sk-env\nauthorization: Bearer sk-env",
        ANTHROPIC_LOG: "debug",
        ANTHROPIC_OPEN_TELEMETRY: "true",
      })
      const client = yield* AnthropicClient.make({
        apiKey: Redacted.make(`${key}\n`),
        apiUrl: `${emulator.baseUrl("anthropic")}/`,
        workspaceId: "wrkspc_mine",
        headers: { "X-Mine": "yes" },
      })
      yield* client.messages.once(body)
      yield* client.use((sdk, signal) => sdk.withOptions({ timeout: 5000 }).messages.create(body, { signal }))
      for (const { headers, path } of yield* emulator.requests) {
        assert.match(path, /\/v1\/messages$/)
        assert.deepStrictEqual(
          [
            "authorization",
            "anthropic-version",
            "anthropic-workspace-id",
            "x-mine",
            "x-env",
            "x-api-key",
            "traceparent",
            "x-stainless-retry-count",
          ].map((name) => headers[name]),
          [
            `redacted:${Emulator.fingerprint(key).replace(/^redacted:/, "")}`,
            "2026-10-21",
            "wrkspc_mine",
            "yes",
            undefined,
            undefined,
            undefined,
            "0",
          ],
        )
      }
      const timeouts = (yield* emulator.requests).map(({ headers }) => headers["x-stainless-timeout"])
      assert.deepStrictEqual(timeouts, ["3600", "5"])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )

  it.live("writes nothing to the console, whatever the model and the answer", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const written: Array<unknown> = []
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          (["log", "info", "warn", "error", "debug"] as const).map((level) =>
            vi.spyOn(console, level).mockImplementation((...line) => void written.push(line)),
          ),
        ),
        (spies) => Effect.sync(() => spies.forEach((spy) => spy.mockRestore())),
      )
      yield* environment({ ANTHROPIC_LOG: "debug" })
      yield* emulator.script(
        "anthropic",
        Reply.text("a"),
        Reply.text("b").pipe(Fault.corruptFrame(2)),
        Reply.overloaded(),
      )
      const client = yield* AnthropicClient.make({ apiKey, apiUrl: emulator.baseUrl("anthropic") })
      const old = { ...body, model: "claude-sonnet-4-5", thinking: { type: "enabled" as const, budget_tokens: 1024 } }
      yield* client.messages.once(old)
      yield* Effect.exit(Effect.scoped(client.messages.open(old)))
      yield* Effect.exit(client.messages.once({ ...old, model: "claude-opus-4-6", max_tokens: 64_000 }))
      assert.deepStrictEqual(written, [])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )

  it.live("names versions and betas", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const client = yield* AnthropicClient.make({
        apiKey,
        apiUrl: emulator.baseUrl("anthropic"),
        apiVersion: "2023-06-01",
        headers: { "Anthropic-Beta": "a-2026-01-01" },
      })
      assert.strictEqual(client.apiVersion, "2023-06-01")
      yield* client.messages.once(body)
      yield* client.messages.once(body, ["b-2026-01-01", "c-2026-01-01"])
      yield* Effect.scoped(client.messages.open(body, ["d-2026-01-01"]))
      const sent = (yield* emulator.requests).map(({ headers }) => [
        headers["anthropic-version"],
        headers["anthropic-beta"],
      ])
      assert.deepStrictEqual(sent, [
        ["2023-06-01", "a-2026-01-01"],
        ["2023-06-01", "a-2026-01-01,b-2026-01-01,c-2026-01-01"],
        ["2023-06-01", "a-2026-01-01,d-2026-01-01"],
      ])
      const { headers } = (yield* emulator.requests)[0]!
      assert.include(headers["x-api-key"], Emulator.fingerprint(key).replace(/^redacted:/, ""))
      assert.isUndefined(headers["authorization"])
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("hides its key from errors that repeat it", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("anthropic", Reply.status(401, { message: `invalid key: ${key}` }))
      const client = yield* AnthropicClient.make({ apiKey, apiUrl: emulator.baseUrl("anthropic") })
      const error = yield* Effect.flip(client.messages.once(body))
      assert.include(inspect(error, { depth: 9 }), "<redacted>")
      for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)]) {
        assert.notInclude(shown, key)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("gives access to the whole SDK", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("anthropic", Reply.text("hello"), Reply.overloaded())
      const ask = Effect.flatMap(AnthropicClient.AnthropicClient, (client) =>
        client.use((sdk, signal) => sdk.messages.create(body, { signal }).then(({ content }) => content[0])),
      ).pipe(Effect.provide(AnthropicClient.layer({ apiKey, apiUrl: emulator.baseUrl("anthropic") })))
      assert.deepInclude(yield* ask, { type: "text", text: "hello" })
      const error = yield* Effect.flip(ask)
      assert.strictEqual(error.reason._tag, "InternalProviderError")
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("asks for a stream and takes nothing else", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script(
        "anthropic",
        Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: "<html>busy</html>" }),
        Reply.text("x").pipe(Fault.contentType("application/json")),
      )
      const client = yield* AnthropicClient.make({ apiKey, apiUrl: emulator.baseUrl("anthropic") })
      for (const _ of [1, 2]) {
        const error = yield* Effect.flip(Effect.scoped(client.messages.open(body)))
        assert.strictEqual(error.reason._tag, "InvalidResponseError")
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it("is a layer", () => {
    assert.isTrue(Layer.isLayer(AnthropicClient.layer({ apiKey })))
  })
})
