import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Emulator, Reply } from "@holdfast/testing"
import { Cause, ConfigProvider, Effect, Exit, Layer, Redacted } from "effect"

import { environment } from "../../../test/support/environment.ts"
import * as GoogleClient from "../src/GoogleClient.ts"

const key = "AIza-secret-0123456789"
const apiKey = Redacted.make(key)

const hi: GoogleClient.ContentBody = {
  model: "gemini-3.8-flash",
  contents: [{ role: "user", parts: [{ text: "hi" }] }],
  config: {},
}

const defectOf = (options: GoogleClient.Options) =>
  Effect.map(Effect.exit(GoogleClient.make(options)), (exit) =>
    Exit.isFailure(exit) ? Cause.pretty(exit.cause) : undefined,
  )

describe("options", () => {
  it.effect("that cannot work are found at once, and never show the key", () =>
    Effect.gen(function* () {
      const broken = `${key}\u2028${key}`
      const messages = [
        yield* defectOf({ apiKey, apiUrl: "generativelanguage.googleapis.com" }),
        yield* defectOf({ apiKey, apiUrl: "ftp://a.example" }),
        yield* defectOf({ apiKey, apiUrl: `https://user:${key}@a.example` }),
        yield* defectOf({ apiKey, apiVersion: "v1/../../v2" }),
        yield* defectOf({ apiKey, apiVersion: "" }),
        yield* defectOf({ apiKey: Redacted.make(" \n") }),
        yield* defectOf({ apiKey: Redacted.make(broken) }),
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
          Effect.map(GoogleClient.GoogleClient, ({ apiUrl, apiVersion }) => [apiUrl, apiVersion]).pipe(
            Effect.provide(GoogleClient.layerConfig()),
            Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)),
          ),
        )
      const { defaultApiUrl, defaultApiVersion } = GoogleClient
      assert.deepStrictEqual(yield* read({ GOOGLE_API_KEY: key }), Exit.succeed([defaultApiUrl, defaultApiVersion]))
      assert.isTrue(Exit.isFailure(yield* read({ GEMINI_API_KEY: key })))
    }),
  )
})

describe("a client", () => {
  it.live("shows its key to nobody", () =>
    Effect.gen(function* () {
      const client = yield* GoogleClient.make({ apiKey })
      for (const shown of [inspect(client, { depth: 9, showHidden: true }), JSON.stringify(client)]) {
        assert.notInclude(shown, key)
      }
    }),
  )

  it.live("knows nothing of the environment", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* environment({
        GOOGLE_API_KEY: "other",
        GEMINI_API_KEY: "other",
        GOOGLE_GEMINI_BASE_URL: "http://127.0.0.1:1",
        GOOGLE_VERTEX_BASE_URL: "http://127.0.0.1:1",
        GOOGLE_GENAI_USE_VERTEXAI: "true",
        GOOGLE_GENAI_USE_ENTERPRISE: "true",
        GOOGLE_GENAI_API_VERSION: "v9",
        GOOGLE_GENAI_USER_PROJECT: "project-env",
        GOOGLE_CLOUD_PROJECT: "project-env",
        GOOGLE_CLOUD_LOCATION: "nowhere",
      })
      const client = yield* GoogleClient.make({
        apiKey: Redacted.make(`${key}\n`),
        apiUrl: `${emulator.baseUrl("google")}/`,
        apiVersion: "v1",
        headers: { "x-mine": "yes", "user-agent": "mine" },
      })
      yield* client.content.once(hi)
      const { headers, path, query } = (yield* emulator.requests)[0]!
      assert.strictEqual(path, "/google/v1/models/gemini-3.8-flash:generateContent")
      assert.deepStrictEqual(query, {})
      assert.deepStrictEqual(
        ["x-goog-api-key", "x-goog-user-project", "x-mine", "user-agent", "x-server-timeout"].map(
          (name) => headers[name],
        ),
        [Emulator.fingerprint(key), undefined, "yes", "mine", undefined],
      )
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )

  it.live("hides its key from errors that repeat it", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const refusal = Reply.status(403, { message: `The key ${key} was reported as leaked` })
      yield* emulator.script("google", refusal, refusal)
      const client = yield* GoogleClient.make({ apiKey, apiUrl: emulator.baseUrl("google") })
      const errors = [
        yield* Effect.flip(client.content.once(hi)),
        yield* Effect.flip(Effect.scoped(client.content.open(hi))),
      ]
      for (const error of errors) {
        assert.include(inspect(error, { depth: 9 }), "<redacted>")
        for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)]) {
          assert.notInclude(shown, key)
        }
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("carries its key to no other host", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const elsewhere = `${emulator.baseUrl("google")}/v1beta/models/other:generateContent`
      yield* emulator.script("google", Reply.raw({ status: 307, headers: { location: elsewhere }, body: "" }))
      const client = yield* GoogleClient.make({ apiKey, apiUrl: emulator.baseUrl("google") })
      const error = yield* Effect.flip(client.content.once(hi))
      assert.include(error.message, "redirect (307)")
      assert.lengthOf(yield* emulator.requests, 1)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("gives access to the whole SDK", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("google", Reply.text("hello"), Reply.overloaded())
      const ask = Effect.flatMap(GoogleClient.GoogleClient, (client) =>
        client.use((sdk, abortSignal) =>
          sdk.models
            .generateContent({ model: "gemini-3.8-flash", contents: "hi", config: { abortSignal } })
            .then(({ text }) => text),
        ),
      ).pipe(Effect.provide(GoogleClient.layer({ apiKey, apiUrl: emulator.baseUrl("google") })))
      assert.strictEqual(yield* ask, "hello")
      const error = yield* Effect.flip(ask)
      assert.strictEqual(error.reason._tag, "InternalProviderError")
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("uses the fetch it is given", () =>
    Effect.gen(function* () {
      const seen: Array<RequestInit | undefined> = []
      const fetch: typeof globalThis.fetch = (_, init) => {
        seen.push(init)
        return Promise.resolve(Response.json({ candidates: [] }))
      }
      const client = yield* GoogleClient.make({ apiKey, fetch })
      yield* client.content.once({ ...hi, model: "tunedModels/mine" })
      assert.strictEqual(client.content.origin("tunedModels/mine").url.split("/").at(-1), "mine")
      assert.strictEqual(seen[0]?.redirect, "manual")
      assert.isFalse("dispatcher" in seen[0]!)
      assert.isDefined(seen[0]?.signal)
    }),
  )

  it("is a layer", () => {
    assert.isTrue(Layer.isLayer(GoogleClient.layer({ apiKey })))
  })
})
