import { assert, describe, it } from "@effect/vitest"
import { KeySource } from "@holdfast/core"
import { Emulator, Reply } from "@holdfast/testing"
import * as ClientConformance from "@holdfast/testing/ClientConformance"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"

import * as GoogleClient from "../src/GoogleClient.ts"

const key = "AIza-secret-0123456789"
const apiKey = Redacted.make(key)

const hi: GoogleClient.ContentBody = {
  model: "gemini-3.8-flash",
  contents: [{ role: "user", parts: [{ text: "hi" }] }],
  config: {},
}

ClientConformance.suite<GoogleClient.Service>({
  name: "GoogleClient",
  dialect: "google",
  make: GoogleClient.make,
  once: ({ content }) => content.once(hi),
  open: ({ content }) => content.open(hi),
  use: ({ use }) =>
    use((sdk, abortSignal) =>
      sdk.models
        .generateContent({ model: "gemini-3.8-flash", contents: "hi", config: { abortSignal } })
        .then(({ text }) => text),
    ),
  configured: {
    variable: "GOOGLE_API_KEY",
    read: Effect.map(GoogleClient.GoogleClient, ({ apiUrl, apiVersion }) => [apiUrl, apiVersion]).pipe(
      Effect.provide(GoogleClient.layerConfig()),
    ),
    expected: [GoogleClient.defaultApiUrl, GoogleClient.defaultApiVersion],
  },
  environment: {
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
  },
  sent: {
    key: "x-goog-api-key",
    headers: { "x-goog-user-project": undefined, "x-server-timeout": undefined },
    path: "/google/v1beta/models/gemini-3.8-flash:generateContent",
  },
  sdk: { sdk: "@google/genai", index: new URL("../src/index.ts", import.meta.url) },
})

describe("options", () => {
  it.effect("name a version of the API", () =>
    Effect.gen(function* () {
      for (const apiVersion of ["v1/../../v2", ""]) {
        const exit = yield* Effect.exit(GoogleClient.make({ apiKey, apiVersion }))
        const message = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
        assert.include(message, "apiVersion")
        assert.notInclude(message, key)
      }
    }),
  )
})

describe("a client", () => {
  it.live("puts its key into no URL, and speaks for itself where it is told to", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const client = yield* GoogleClient.make({
        apiKey,
        apiUrl: emulator.baseUrl("google"),
        apiVersion: "v1",
        headers: { "user-agent": "mine" },
      })
      yield* client.content.once(hi)
      const { headers, path, query } = (yield* emulator.requests)[0]!
      assert.strictEqual(path, "/google/v1/models/gemini-3.8-flash:generateContent")
      assert.deepStrictEqual(query, {})
      assert.strictEqual(headers["user-agent"], "mine")
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("knows a bad request for a refused key, and asks with the next one", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const refusal = Reply.status(400, { message: "API key not valid.", code: "API_KEY_INVALID" })
      for (const send of [
        (client: GoogleClient.Service) => client.content.once(hi),
        (client: GoogleClient.Service) => Effect.scoped(client.content.open(hi)),
      ]) {
        let loads = 0
        const rotating = yield* KeySource.make(Effect.sync(() => Redacted.make(`AQ.key-${++loads}`)))
        const client = yield* GoogleClient.make({ apiKey: rotating, apiUrl: emulator.baseUrl("google") })
        yield* emulator.script("google", refusal, Reply.text("yes"), Reply.status(400, { message: "too long" }))
        yield* send(client)
        assert.strictEqual((yield* Effect.flip(send(client))).reason._tag, "InvalidRequestError")
        assert.strictEqual(loads, 2)
      }
      assert.lengthOf(yield* emulator.requests, 6)
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
