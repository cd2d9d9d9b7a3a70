/**
 * The connection to Anthropic, on the official SDK.
 *
 * The SDK is loaded when the layer is built, so that importing this package costs nothing. Its retries, its deadlines,
 * its log and its spans are switched off: Holdfast has its own. Nothing is read from the process environment.
 *
 * @since 0.1.0
 */
import { type KeySource } from "@holdfast/core"
import { keyConfig } from "@holdfast/core/provider/KeyConfig"
import { Config, type Effect, Layer, type Redacted } from "effect"

import { AnthropicClient, type ApiVersion, type Service } from "./internal/client/service.ts"
import { make as makeTransport } from "./internal/transport.ts"

export { AnthropicClient, type ApiVersion, type Service } from "./internal/client/service.ts"

export {
  type BedrockOptions,
  type CloudConfig,
  type CloudOptions,
  type FoundryOptions,
  layerBedrock,
  layerBedrockConfig,
  layerFoundry,
  layerFoundryConfig,
  layerVertex,
  layerVertexConfig,
  makeBedrock,
  makeFoundry,
  makeVertex,
  type VertexOptions,
} from "./internal/client/clouds.ts"

export type { Endpoint, MessagesBody } from "./internal/transport.ts"

/**
 * How to reach Anthropic.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A fixed key, or a source of keys that change. It is sent as a bearer token, and to older versions of the API as `x-api-key`. */
  readonly apiKey: Redacted.Redacted | KeySource.KeySource
  /** `https://api.anthropic.com` if left out. The variable `ANTHROPIC_BASE_URL` is not read. */
  readonly apiUrl?: string | undefined
  /**
   * `2026-10-21` if left out. Choose `2023-06-01` for sampling parameters, which later versions refuse, and for servers
   * that imitate the older API.
   */
  readonly apiVersion?: ApiVersion | undefined
  /** For keys that can act on several workspaces. */
  readonly workspaceId?: string | undefined
  /** Headers of every request, in any case. `Redacted` ones, and those that may be secret by their names, are shown nowhere. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** Instead of the global one: for a proxy, or for other limits than its own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A name of the account for attempts and limits, where a program has several. Never a key. */
  readonly account?: string | undefined
}

/**
 * Where Anthropic's API is.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultApiUrl = "https://api.anthropic.com"

/**
 * The version of the API that this package was written for.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultApiVersion: ApiVersion = "2026-10-21"

/**
 * Makes a client.
 *
 * **Details**
 *
 * A key that is empty or cannot be sent in a header, an `apiUrl` that is not a URL, and an `anthropic-version` among the
 * headers are defects: they are mistakes in the program or its configuration, and are found before any request.
 *
 * **Gotchas**
 *
 * On the global `fetch` of Node.js there is no limit to how long an answer takes. A `fetch` of your own has its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service> =>
  makeTransport({
    ...options,
    apiUrl: options.apiUrl ?? defaultApiUrl,
    apiVersion: options.apiVersion ?? defaultApiVersion,
  })

/**
 * A client with the given key.
 *
 * **Example** (A key from elsewhere)
 *
 * ```ts
 * import { AnthropicClient } from "@holdfast/anthropic"
 * import { Layer, Redacted } from "effect"
 *
 * const client = AnthropicClient.layer({ apiKey: Redacted.make("sk-ant-test") })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AnthropicClient> => Layer.effect(AnthropicClient, make(options))

/**
 * A client with its options from the configuration.
 *
 * **Details**
 *
 * The key is read from `ANTHROPIC_API_KEY` unless said otherwise. Where it is missing, the `ConfigError` names the variable.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options?: {
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  readonly apiUrl?: Config.Config<string> | undefined
  readonly apiVersion?: Config.Config<ApiVersion> | undefined
  readonly workspaceId?: Config.Config<string> | undefined
}): Layer.Layer<AnthropicClient, Config.ConfigError> => {
  const absent = Config.succeed(undefined)
  return Layer.unwrap(
    Config.all({
      apiKey: keyConfig({ module: "AnthropicClient", variable: "ANTHROPIC_API_KEY", apiKey: options?.apiKey }),
      apiUrl: options?.apiUrl ?? absent,
      apiVersion: options?.apiVersion ?? absent,
      workspaceId: options?.workspaceId ?? absent,
    }).pipe(Config.map(layer)),
  )
}
