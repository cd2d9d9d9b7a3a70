import { assert, describe, it, vi } from "@effect/vitest"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import * as ClientConformance from "@holdfast/testing/ClientConformance"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"

import * as AnthropicClient from "../src/AnthropicClient.ts"

const key = "sk-ant-secret-0123456789"
const apiKey = Redacted.make(key)

const body: AnthropicClient.MessagesBody = {
  model: "claude-sonnet-5-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "hi" }],
}

ClientConformance.suite<AnthropicClient.Service>({
  name: "AnthropicClient",
  dialect: "anthropic",
  make: (options) => AnthropicClient.make({ ...options, workspaceId: "wrkspc_mine" }),
  once: ({ messages }) => messages.once(body),
  open: ({ messages }) => messages.open(body),
  use: ({ use }) =>
    use((sdk, signal) =>
      sdk
        .withOptions({})
        .messages.create(body, { signal })
        .then(({ content }) => (content[0]?.type === "text" ? content[0].text : undefined)),
    ),
  configured: {
    variable: "ANTHROPIC_API_KEY",
    read: Effect.map(AnthropicClient.AnthropicClient, ({ apiUrl, apiVersion }) => [apiUrl, apiVersion]).pipe(
      Effect.provide(AnthropicClient.layerConfig()),
    ),
    expected: [AnthropicClient.defaultApiUrl, AnthropicClient.defaultApiVersion],
  },
  environment: {
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
  },
  sent: {
    key: "authorization",
    headers: {
      "anthropic-version": "2026-10-21",
      "anthropic-workspace-id": "wrkspc_mine",
      "x-api-key": undefined,
      traceparent: undefined,
      "x-stainless-retry-count": "0",
    },
    path: "/anthropic/v1/messages",
  },
  sdk: { sdk: "@anthropic-ai/sdk", index: new URL("../src/index.ts", import.meta.url) },
})

describe("options", () => {
  it.effect("hold the version of the API in one place", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(AnthropicClient.make({ apiKey, headers: { "Anthropic-Version": "2023-06-01" } }))
      const message = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
      assert.include(message, "apiVersion")
      assert.notInclude(message, key)
    }),
  )
})

describe("a client", () => {
  it.live("lets what `withOptions` of the SDK makes have a timeout of its own", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const client = yield* AnthropicClient.make({ apiKey, apiUrl: emulator.baseUrl("anthropic") })
      yield* client.messages.once(body)
      yield* client.use((sdk, signal) => sdk.withOptions({ timeout: 5000 }).messages.create(body, { signal }))
      const timeouts = (yield* emulator.requests).map(({ headers }) => headers["x-stainless-timeout"])
      assert.deepStrictEqual(timeouts, ["3600", "5"])
    }).pipe(Effect.provide(Emulator.layer())),
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

  it("is a layer", () => {
    assert.isTrue(Layer.isLayer(AnthropicClient.layer({ apiKey })))
  })
})
