import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Redacted } from "effect"

import * as Endpoint from "../../src/provider/Endpoint.ts"

const defectOf = <A>(effect: Effect.Effect<A>) =>
  Effect.map(Effect.exit(effect), (exit) => (Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""))

describe("the URL of an API", () => {
  it.effect("loses its last slashes, its query and its fragment", () =>
    Effect.gen(function* () {
      for (const given of ["https://a.example/v1", "https://a.example/v1//", "https://a.example/v1/?x=1#y"]) {
        assert.strictEqual(yield* Endpoint.url("AcmeClient", given), "https://a.example/v1")
      }
      assert.strictEqual(yield* Endpoint.url("AcmeClient", "http://127.0.0.1:8080"), "http://127.0.0.1:8080")
    }),
  )

  it.effect("that cannot be one is a mistake with the option's name", () =>
    Effect.gen(function* () {
      for (const given of ["", "/v1", "a.example/v1", "ftp://a.example/"]) {
        assert.include(yield* defectOf(Endpoint.url("AcmeClient", given)), "AcmeClient: apiUrl is not an absolute")
      }
    }),
  )

  it.effect("must hold no credentials, and never tells them", () =>
    Effect.gen(function* () {
      for (const given of ["https://me:hunter2@a.example/", "https://hunter2@a.example/"]) {
        const told = yield* defectOf(Endpoint.url("AcmeClient", given))
        assert.include(told, "apiUrl holds credentials")
        assert.notInclude(told, "hunter2")
      }
    }),
  )
})

describe("a key", () => {
  const key = (value: string) => Endpoint.key("AcmeClient", Redacted.make(value))

  it.effect("is trimmed", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* key(" sk-1 \n"), "sk-1")
    }),
  )

  it.effect("that is empty or cannot be sent is a mistake, and is never told", () =>
    Effect.gen(function* () {
      assert.include(yield* defectOf(key("  ")), "apiKey is empty")
      for (const bad of ["hunter 2", "hunter2é", "hunter\n2"]) {
        const told = yield* defectOf(key(bad))
        assert.include(told, "cannot be sent in a header")
        assert.notInclude(told, "hunter")
      }
    }),
  )
})
