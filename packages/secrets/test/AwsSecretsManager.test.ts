import { assert, describe, it } from "@effect/vitest"
import { KeySource } from "@holdfast/core"
import { OpenAiClient } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Exit, Logger, Redacted } from "effect"

import * as AwsSecretsManager from "../src/AwsSecretsManager.ts"
import { rotate, secretAccessKey, started, type Store } from "./awsEmulator.ts"

const valueOf = (source: KeySource.KeySource) => Effect.map(source.current, Redacted.value)

const optionsOf = ({ endpoint }: Store): AwsSecretsManager.Options => ({
  secretId: "llm/keys",
  region: "eu-central-1",
  endpoint,
  credentials: { accessKeyId: "AKIATEST", secretAccessKey: Redacted.make(secretAccessKey) },
  maxAttempts: 1,
  timeToLive: "1 hour",
  pause: "1 hour",
})

describe("a secret", () => {
  it.live("is read with a true signature, as text or as bytes", () =>
    Effect.gen(function* () {
      const store = yield* started({ SecretString: "sk-1\n" })
      const options = optionsOf(store)
      const source = yield* AwsSecretsManager.key(options)
      assert.strictEqual(yield* valueOf(source), "sk-1")
      rotate(store, { SecretBinary: btoa("sk-2") })
      yield* source.refused(Redacted.make("sk-1"))
      assert.strictEqual(yield* valueOf(source), "sk-2")
      const forged = { accessKeyId: "AKIATEST", secretAccessKey: Redacted.make("another") }
      const error = yield* Effect.flip(AwsSecretsManager.key({ ...options, credentials: forged }))
      assert.strictEqual(error.message, "AwsSecretsManager llm/keys gave no key: InvalidSignatureException")
    }).pipe(Effect.scoped),
  )

  it.live("that cannot be had says so with the name of the error, and with none of its words", () =>
    Effect.gen(function* () {
      const store = yield* started({ SecretString: "sk-1" })
      const options = optionsOf(store)
      for (const name of ["AccessDeniedException", "DecryptionFailure", "InternalServiceError"]) {
        store.failures.push(name)
        const error = yield* Effect.flip(AwsSecretsManager.key(options))
        assert.strictEqual(error.reason, name)
      }
      const missing = yield* Effect.flip(AwsSecretsManager.key({ ...options, secretId: "other", name: "mine" }))
      assert.strictEqual(missing.message, "mine gave no key: ResourceNotFoundException")
      const nowhere = yield* Effect.flip(AwsSecretsManager.key({ ...options, endpoint: "http://127.0.0.1:1" }))
      assert.strictEqual(nowhere._tag, "KeyUnavailable")
      store.versions.set("AWSCURRENT", {})
      assert.strictEqual((yield* Effect.flip(AwsSecretsManager.key(options))).reason, "the secret has no value")
      store.versions.set("AWSCURRENT", { SecretString: "sk with a blank" })
      const blank = yield* Effect.flip(AwsSecretsManager.key(options))
      assert.match(blank.reason, /cannot be sent in a header/)
      assert.strictEqual(
        (yield* Effect.flip(AwsSecretsManager.document(options))).reason,
        "the secret is not a JSON object",
      )
      assert.notInclude(JSON.stringify(blank), "blank")
    }).pipe(Effect.scoped),
  )

  it.live("that is a JSON object is no key, and says what to do", () =>
    Effect.gen(function* () {
      const store = yield* started({ SecretString: '{"OPENAI_API_KEY":"sk-inside"}' })
      const error = yield* Effect.flip(AwsSecretsManager.key(optionsOf(store)))
      assert.match(error.reason, /a JSON object; take a key of it with AwsSecretsManager\.document/)
      assert.notInclude(JSON.stringify(error), "sk-inside")
    }).pipe(Effect.scoped),
  )

  it.live("may hold several keys, and one load serves all of them", () =>
    Effect.gen(function* () {
      const both = (openai: string) => ({ SecretString: JSON.stringify({ openai, anthropic: "sk-ant", port: 1 }) })
      const store = yield* started(both("sk-1"))
      const keys = yield* AwsSecretsManager.document(optionsOf(store))
      const [openai, anthropic] = [yield* keys.key("openai"), yield* keys.key("anthropic")]
      assert.deepStrictEqual([yield* valueOf(openai), yield* valueOf(anthropic)], ["sk-1", "sk-ant"])
      assert.match((yield* Effect.flip(keys.key("port"))).reason, /no field "port"/)
      assert.strictEqual(store.loads, 1)
      rotate(store, both("sk-2"))
      yield* openai.refused(Redacted.make("sk-1"))
      assert.deepStrictEqual([yield* valueOf(openai), yield* valueOf(anthropic)], ["sk-2", "sk-ant"])
      assert.strictEqual(store.loads, 2)
    }).pipe(Effect.scoped),
  )
})

describe("64 calls", () => {
  const input = { model: "m", input: "hi" }

  it.live("are answered through a rotation and an outage, with one load", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const vendor = { accepts: "sk-key-one-0123" }
      const store = yield* started({ SecretString: vendor.accepts })
      yield* emulator.respond("openai-responses", ({ headers }) =>
        headers["authorization"] === Emulator.fingerprint(vendor.accepts) ? Reply.text("yes") : Reply.status(401),
      )
      const client = yield* OpenAiClient.make({
        apiKey: yield* AwsSecretsManager.key(optionsOf(store)),
        apiUrl: emulator.baseUrl("openai-responses"),
      })
      const calls = Effect.map(
        Effect.all(
          Array.from({ length: 64 }, () => Effect.exit(client.responses.once(input))),
          { concurrency: "unbounded" },
        ),
        (exits) => exits.filter(Exit.isSuccess).length,
      )
      assert.deepStrictEqual([yield* calls, store.loads], [64, 1])
      vendor.accepts = "sk-key-two-0123"
      rotate(store, { SecretString: vendor.accepts })
      assert.deepStrictEqual([yield* calls, store.loads], [64, 2])
      store.isDown = true
      assert.deepStrictEqual([yield* calls, store.loads], [64, 2])
    }).pipe(Effect.scoped, Effect.provide([Emulator.layer(), Logger.layer([])])),
  )

  it.live("are answered when the key of the environment is dead, with one load of the store", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const store = yield* started({ SecretString: "sk-of-the-store" })
      yield* emulator.respond("openai-responses", ({ headers }) =>
        headers["authorization"] === Emulator.fingerprint("sk-of-the-store") ? Reply.text("yes") : Reply.status(401),
      )
      const client = yield* OpenAiClient.make({
        apiKey: yield* KeySource.chain([
          KeySource.fixed(Redacted.make("sk-dead-0123456")),
          AwsSecretsManager.key(optionsOf(store)),
        ]),
        apiUrl: emulator.baseUrl("openai-responses"),
      })
      const calls = Effect.all(
        Array.from({ length: 64 }, () => Effect.exit(client.responses.once(input))),
        { concurrency: "unbounded" },
      )
      assert.strictEqual((yield* calls).filter(Exit.isSuccess).length, 64)
      assert.strictEqual(store.loads, 1)
      const before = (yield* emulator.requests).length
      assert.strictEqual((yield* calls).filter(Exit.isSuccess).length, 64)
      assert.strictEqual((yield* emulator.requests).length, before + 64)
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )
})
