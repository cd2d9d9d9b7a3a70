import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Redacted } from "effect"

import { isMissingKey, keyConfig } from "../../src/provider/KeyConfig.ts"

const asked = (config: Config.Config<Redacted.Redacted>, variables: Readonly<Record<string, string>>) =>
  config.pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(variables)))

const acme = keyConfig({ module: "AcmeClient", variable: "ACME_KEY" })

describe("a key in the configuration", () => {
  it.effect("is read from its variable, or from elsewhere", () =>
    Effect.gen(function* () {
      assert.strictEqual(Redacted.value(yield* asked(acme, { ACME_KEY: "k" })), "k")
      const other = keyConfig({ module: "AcmeClient", variable: "ACME_KEY", apiKey: Config.Redacted("OTHER") })
      assert.strictEqual(Redacted.value(yield* asked(other, { OTHER: "o", ACME_KEY: "k" })), "o")
      const error = yield* Effect.flip(asked(other, { ACME_KEY: "k" }))
      assert.isTrue(isMissingKey(error))
      assert.include(error.message, "given as apiKey has none")
    }),
  )

  it.effect("that is missing or empty names the variable and the option, in one line", () =>
    Effect.gen(function* () {
      for (const variables of [{}, { ACME_KEY: "" }, { ACME_KEY: " \n" }]) {
        const error = yield* Effect.flip(asked(acme, variables))
        assert.strictEqual(error._tag, "ConfigError")
        assert.isTrue(isMissingKey(error))
        assert.strictEqual(
          String(error),
          "ConfigError(AcmeClient: the key is missing; set ACME_KEY, or give layerConfig another apiKey)",
        )
      }
    }),
  )

  it.effect("of a source that fails is no missing key", () =>
    Effect.gen(function* () {
      const broken = ConfigProvider.make(() =>
        Effect.fail(new ConfigProvider.SourceError({ message: "the vault is sealed" })),
      )
      const error = yield* Effect.flip(acme.pipe(Effect.provideService(ConfigProvider.ConfigProvider, broken)))
      assert.isFalse(isMissingKey(error))
      assert.include(error.message, "the vault is sealed")
    }),
  )
})
