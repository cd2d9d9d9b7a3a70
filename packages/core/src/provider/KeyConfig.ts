/**
 * A provider's key from the configuration, with a failure that says what to do where there is none.
 *
 * @since 0.1.0
 */
import { Config, ConfigProvider, Option, Redacted } from "effect"

/**
 * Why a client has no key. It is the `cause` of the `ConfigError`.
 *
 * @since 0.1.0
 * @category errors
 */
export class MissingKey extends ConfigProvider.SourceError {
  override toString(): string {
    return this.message
  }
}

/**
 * The key in a variable, or the one that is configured some other way.
 *
 * **Details**
 *
 * One that is absent or empty fails with `OpenAiClient: the key is missing; set OPENAI_API_KEY, or give layerConfig another
 * apiKey`. Whatever else a source fails with stays what it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const keyConfig = (options: {
  /** Who asks: `OpenAiClient`. */
  readonly module: string
  readonly variable: string
  /** Instead of the variable. */
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
}): Config.Config<Redacted.Redacted> => {
  const { apiKey, module, variable } = options
  const cure =
    apiKey === undefined
      ? `set ${variable}, or give layerConfig another apiKey`
      : `the configuration that layerConfig was given as apiKey has none`
  return Config.option(apiKey ?? Config.Redacted(variable)).pipe(
    Config.flatMap((found) =>
      Option.match(Option.filter(found, isGiven), {
        onNone: () => Config.fail(new MissingKey({ message: `${module}: the key is missing; ${cure}` })),
        onSome: Config.succeed,
      }),
    ),
  )
}

// Variables that are not wanted are often left empty, where they cannot be left out.
const isGiven = (key: Redacted.Redacted): boolean => Redacted.value(key).trim() !== ""

/**
 * Whether a client cannot be made because its key is missing.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isMissingKey = (error: Config.ConfigError): boolean => error.cause instanceof MissingKey
