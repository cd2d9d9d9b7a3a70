import { KeySource } from "@holdfast/core"
/**
 * Keys from the configuration: the environment, an `.env` file, and files such as those of Kubernetes and Docker.
 *
 * They are read by Effect's `ConfigProvider`. Nothing is written into the environment of the process, where every library and every child
 * process could read it.
 *
 * @since 0.1.0
 */
import {
  Config,
  ConfigProvider,
  Effect,
  type FileSystem,
  type Layer,
  Option,
  type Path,
  type PlatformError,
  Redacted,
} from "effect"

import * as KeyFormat from "./KeyFormat.ts"

/**
 * Where a key is, and whose it is.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options extends KeySource.Options {
  /** Where the key is, if it is not simply under the name of the variable. */
  readonly config?: Config.Config<Redacted.Redacted> | undefined
  /** Whose key it is. Known variables say it themselves. */
  readonly vendor?: KeyFormat.Vendor | undefined
  /** What happens when a key does not look like one of its vendor. A warning is logged if left out. */
  readonly onKeyLooksWrong?: ((warning: KeyFormat.KeyLooksWrong) => Effect.Effect<void>) | undefined
}

/**
 * A key that is under a name in the configuration, and is read again when it changes.
 *
 * **Details**
 *
 * It is read at most once a second, and at once when the vendor refuses it. While it cannot be read the last one goes on. A name that is
 * not set is `KeyUnavailable`.
 *
 * **Example** (From the configuration, or from a store)
 *
 * ```ts
 * import { KeySource } from "@holdfast/core"
 * import { ConfigKey } from "@holdfast/secrets"
 * import { ConfigProvider, Effect, Redacted } from "effect"
 *
 * const store = KeySource.make(Effect.succeed(Redacted.make("sk-of-the-store")))
 *
 * const program = Effect.gen(function* () {
 *   const source = yield* KeySource.chain([ConfigKey.source("OPENAI_API_KEY"), store])
 *   return Redacted.value(yield* source.current)
 * })
 *
 * const empty = ConfigProvider.layer(ConfigProvider.fromUnknown({}))
 * await Effect.runPromise(Effect.provide(program, empty)) // => "sk-of-the-store"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const source = (
  variable: string,
  options: Options = {},
): Effect.Effect<KeySource.KeySource, KeySource.KeyUnavailable> => {
  const {
    config = Config.Redacted(variable),
    onKeyLooksWrong,
    vendor = KeyFormat.vendorOf(variable),
    ...times
  } = options
  const warn = onKeyLooksWrong ?? ((warning: KeyFormat.KeyLooksWrong) => Effect.logWarning(warning.message))
  const unset = Effect.fail(new KeySource.KeyUnavailable({ source: variable, reason: "it is not set" }))
  return Effect.suspend(() => {
    let checked: string | undefined
    const check = (key: Redacted.Redacted) => {
      if (vendor === undefined || checked === Redacted.value(key)) return Effect.void
      checked = Redacted.value(key)
      return Option.match(KeyFormat.check({ variable, vendor, key }), { onNone: () => Effect.void, onSome: warn })
    }
    const load = Config.option(config).pipe(
      Effect.flatMap(Option.match({ onNone: () => unset, onSome: Effect.succeed })),
      Effect.tap(check),
    )
    return KeySource.make(load, { name: variable, timeToLive: "1 second", pause: "1 second", ...times })
  })
}

/**
 * Adds an `.env` file to the configuration. What is set in the environment goes before it.
 *
 * **Details**
 *
 * `.env` in the working directory if left out. A file that is not there adds nothing. It is read once.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDotEnv = (options?: {
  readonly path?: string | undefined
  /** Whether `${NAME}` stands for another value of the file. */
  readonly expandVariables?: boolean | undefined
}): Layer.Layer<never, PlatformError.PlatformError, FileSystem.FileSystem> =>
  ConfigProvider.layerAdd(
    ConfigProvider.fromDotEnv(options).pipe(
      Effect.catchIf(
        (error) => error.reason._tag === "NotFound",
        () => Effect.succeed(ConfigProvider.fromUnknown({})),
      ),
    ),
  )

/**
 * Adds a directory to the configuration, in which each file holds one value and has its name. What is set in the environment goes before it.
 *
 * **Details**
 *
 * So secrets are mounted by Kubernetes and by Docker (`/run/secrets`), and written by the agent of Vault. A key from there (`source`) is read
 * again when its file changes.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDir = (options: {
  readonly rootPath: string
}): Layer.Layer<never, never, FileSystem.FileSystem | Path.Path> =>
  ConfigProvider.layerAdd(ConfigProvider.fromDir(options))
