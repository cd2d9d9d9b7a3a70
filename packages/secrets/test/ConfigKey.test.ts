import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { KeySource } from "@holdfast/core"
import { Config, ConfigProvider, Effect, FileSystem, Layer, Logger, Redacted } from "effect"
import { TestClock } from "effect/testing"

import * as ConfigKey from "../src/ConfigKey.ts"
import { type KeyLooksWrong } from "../src/KeyFormat.ts"

const valueOf = (source: KeySource.KeySource) => Effect.map(source.current, Redacted.value)

const environment = (values: Record<string, string>) => ConfigProvider.layer(ConfigProvider.fromUnknown(values))

const directory = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const written = (path: string, text: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString(path, text))

describe("a key from the configuration", () => {
  it.effect("is there, or is missing by its name", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* valueOf(yield* ConfigKey.source("A_KEY")), "sk-a")
      const other = yield* ConfigKey.source("mine", { config: Config.Redacted("A_KEY") })
      assert.strictEqual(yield* valueOf(other), "sk-a")
      const error = yield* Effect.flip(ConfigKey.source("B_KEY"))
      assert.strictEqual(error.message, "B_KEY gave no key: it is not set")
      assert.strictEqual((yield* Effect.flip(ConfigKey.source("C_KEY"))).reason, "is empty".replace("is", "the key is"))
    }).pipe(Effect.provide(environment({ A_KEY: "sk-a", C_KEY: " " }))),
  )

  it.effect("warns once when it looks wrong, and is used all the same", () =>
    Effect.gen(function* () {
      const warnings: Array<KeyLooksWrong> = []
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => void logged.push(message))
      const onKeyLooksWrong = (warning: KeyLooksWrong) => Effect.sync(() => void warnings.push(warning))
      const source = yield* ConfigKey.source("OPENAI_API_KEY", { onKeyLooksWrong })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* valueOf(source), "sk-ant-api03-0123")
      assert.deepStrictEqual(
        warnings.map(({ prefix, variable }) => [variable, prefix]),
        [["OPENAI_API_KEY", "sk-ant-api"]],
      )
      yield* Effect.provide(ConfigKey.source("MY_KEY", { vendor: "google" }), Logger.layer([logger]))
      assert.match(String(logged), /MY_KEY does not look like a key of google/)
      assert.notMatch(String(logged), /0123/)
      yield* Effect.provide(ConfigKey.source("OTHER"), Logger.layer([logger]))
      assert.lengthOf(logged, 1)
    }).pipe(
      Effect.provide(environment({ OPENAI_API_KEY: "sk-ant-api03-0123", MY_KEY: "gsk_0123", OTHER: "gsk_0123" })),
    ),
  )
})

describe("an .env file", () => {
  it.effect("comes after the environment, and does not get into the process", () =>
    Effect.gen(function* () {
      const root = yield* directory
      yield* written(`${root}/.env`, 'export SECRETS_A_KEY="sk-file" # comment\nSECRETS_B_KEY=sk-b\nSECRETS_C_KEY=\n')
      const read = (variable: string) =>
        Effect.provide(
          Effect.flatMap(ConfigKey.source(variable), valueOf),
          Layer.provide(ConfigKey.layerDotEnv({ path: `${root}/.env` }), environment({ SECRETS_A_KEY: "sk-env" })),
        )
      assert.strictEqual(yield* read("SECRETS_A_KEY"), "sk-env")
      assert.strictEqual(yield* read("SECRETS_B_KEY"), "sk-b")
      assert.strictEqual((yield* Effect.flip(read("SECRETS_C_KEY")))._tag, "KeyUnavailable")
      assert.isUndefined(process.env["SECRETS_B_KEY"])
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("need not be there, and must be one", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const read = (path: string) =>
        Effect.provide(
          Effect.flatMap(ConfigKey.source("A_KEY"), valueOf),
          Layer.provide(ConfigKey.layerDotEnv({ path }), environment({ A_KEY: "sk-env" })),
        )
      assert.strictEqual(yield* read(`${root}/none`), "sk-env")
      assert.strictEqual((yield* Effect.flip(read(root)))._tag, "PlatformError")
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

describe("a directory", () => {
  it.effect("is read again when a file changes, and goes on when it is gone", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* directory
      const file = `${root}/openai-api-key`
      yield* written(file, "sk-1\n")
      const source = yield* Effect.provide(
        ConfigKey.source("OPENAI_API_KEY", { config: Config.Redacted("openai-api-key"), vendor: "openai" }),
        Layer.provide(ConfigKey.layerDir({ rootPath: root }), environment({})),
      )
      assert.strictEqual(yield* valueOf(source), "sk-1")
      yield* written(file, "sk-2\n")
      assert.strictEqual(yield* valueOf(source), "sk-1")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* valueOf(source), "sk-2")
      yield* written(file, "sk-3\n")
      yield* source.refused(Redacted.make("sk-2"))
      assert.strictEqual(yield* valueOf(source), "sk-3")
      yield* fs.remove(file)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Effect.provide(valueOf(source), Logger.layer([])), "sk-3")
      yield* written(file, "sk-4")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* valueOf(source), "sk-4")
    }).pipe(Effect.provide([NodeServices.layer, Logger.layer([])])),
  )

  it.effect("is one of several places", () =>
    Effect.gen(function* () {
      const root = yield* directory
      yield* written(`${root}/B_KEY`, "sk-file")
      const places = Layer.provide(ConfigKey.layerDir({ rootPath: root }), environment({ A_KEY: "sk-env" }))
      const source = yield* Effect.provide(
        KeySource.chain([ConfigKey.source("A_KEY"), ConfigKey.source("B_KEY")]),
        places,
      )
      assert.strictEqual(yield* valueOf(source), "sk-env")
      yield* source.refused(Redacted.make("sk-env"))
      assert.strictEqual(yield* valueOf(source), "sk-file")
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
