/**
 * Servers that speak OpenAI's Chat Completions: Alibaba, Cerebras, DeepSeek, Fireworks, Groq, Mistral, Moonshot, OpenRouter, Perplexity,
 * Together, xAI, Z.AI, and llama.cpp, LM Studio, Ollama, SGLang and vLLM in one's own network, and others.
 *
 * A server is described by a preset: plain data that says where it is and how it differs from OpenAI. Every preset has a
 * client of its own, by the name of its provider, so that one program can talk to several of them.
 *
 * @since 0.1.0
 */

import { type KeySource, type ProviderModel, ResilientModel } from "@holdfast/core"
import { keyConfig } from "@holdfast/core/provider/KeyConfig"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Config as Configuration, Context, Effect, Layer, type Redacted } from "effect"

import { chatModel } from "./internal/chat/model.ts"
import { type Preset } from "./internal/compatible/preset.ts"
import { type ChatSettings } from "./internal/settings.ts"
import { make as makeTransport } from "./internal/transport.ts"
import { type Service } from "./OpenAiClient.ts"

export type { BatchApi } from "./internal/batch/api.ts"
export type { Dialect } from "./internal/chat/dialect.ts"

export type { ImageDialect, MediaDialect, SpeechDialect, TranscriptionDialect } from "./internal/media/dialect.ts"

export { extend, type Preset, preset } from "./internal/compatible/preset.ts"

export {
  alibaba,
  cerebras,
  deepseek,
  fireworks,
  groq,
  llamaCpp,
  lmStudio,
  mistral,
  moonshot,
  ollama,
  openrouter,
  perplexity,
  sglang,
  together,
  vllm,
  xai,
  zai,
} from "./internal/compatible/presets.ts"

/**
 * Settings of one request, and whatever else the server takes in `extra`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings extends Omit<ChatSettings, "extra" | "serviceTier"> {
  readonly serviceTier?: string | undefined
  /** Request fields in the server's own names. They are merged over everything else. */
  readonly extra?: (ChatSettings["extra"] & Readonly<Record<string, unknown>>) | undefined
}

/**
 * Stands in types for the client of one provider.
 *
 * @since 0.1.0
 * @category services
 */
export interface Client<in out Name extends string> {
  readonly "~holdfast/openai/OpenAiCompatible/Client": (name: Name) => Name
}

/**
 * The service that holds the client for a preset.
 *
 * @since 0.1.0
 * @category services
 */
export const client = <const Name extends string>({ provider }: Preset<Name>): Context.Service<Client<Name>, Service> =>
  Context.Service<Client<Name>, Service>(`@holdfast/openai/OpenAiCompatible/${provider}`)

/**
 * How to reach a server, where it differs from the preset.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Left out for servers that ask for none. */
  readonly apiKey?: Redacted.Redacted | KeySource.KeySource | undefined
  readonly apiUrl?: string | undefined
  /** Headers of every request. `Redacted` ones, and those that may be secret by their names, are shown nowhere. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A name of the account for attempts and limits, where a program has several. Never a key. */
  readonly account?: string | undefined
}

/**
 * A client of a server.
 *
 * **Example** (DeepSeek, and a model on this machine)
 *
 * ```ts
 * import { OpenAiCompatible } from "@holdfast/openai"
 * import { Layer, Redacted } from "effect"
 *
 * const clients = Layer.mergeAll(
 *   OpenAiCompatible.layer(OpenAiCompatible.deepseek, { apiKey: Redacted.make("sk-test") }),
 *   OpenAiCompatible.layer(OpenAiCompatible.ollama),
 * )
 *
 * Layer.isLayer(clients) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Name extends string>(server: Preset<Name>, options: Options = {}): Layer.Layer<Client<Name>> =>
  Layer.effect(
    client(server),
    makeTransport({
      module: "OpenAiCompatible",
      provider: server.provider,
      apiUrl: options.apiUrl ?? server.apiUrl,
      apiKey: options.apiKey,
      headers: options.headers,
      fetch: options.fetch,
      account: options.account,
    }),
  )

/**
 * A client of a server with its options from the configuration.
 *
 * **Details**
 *
 * The key is read from the variable that the preset names, unless said otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = <Name extends string>(
  server: Preset<Name>,
  options?: {
    readonly apiKey?: Configuration.Config<Redacted.Redacted> | undefined
    readonly apiUrl?: Configuration.Config<string> | undefined
  },
): Layer.Layer<Client<Name>, Configuration.ConfigError> => {
  const absent = Configuration.succeed(undefined)
  const { apiKeyName: variable } = server
  const apiKey =
    variable === undefined
      ? (options?.apiKey ?? absent)
      : keyConfig({ module: `OpenAiCompatible ${server.provider}`, variable, apiKey: options?.apiKey })
  return Layer.unwrap(
    Configuration.all({ apiKey, apiUrl: options?.apiUrl ?? absent }).pipe(
      Configuration.map((found) => layer(server, found)),
    ),
  )
}

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<Settings> = Context.Reference<Settings>(
  "@holdfast/openai/OpenAiCompatible/Config",
  { defaultValue: () => ({}) },
)

/**
 * A model of a server.
 *
 * **Example** (A model of DeepSeek's)
 *
 * ```ts
 * import { OpenAiCompatible } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const build = OpenAiCompatible.make(OpenAiCompatible.deepseek, "deepseek-v4-flash", { temperature: 0 })
 *
 * Effect.isEffect(build) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = <Name extends string>(
  server: Preset<Name>,
  name: string,
  config?: Settings,
): ResilientModel.ResilientModel<ResilientModel.CallFailure, Client<Name>> =>
  ResilientModel.fromProvider(make(server, name, config), {
    name: "OpenAiCompatible.model",
    settings: { server: server.provider, model: name, ...config },
  })

/**
 * What `model` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Name extends string>(
  server: Preset<Name>,
  name: string,
  config?: Settings,
): Effect.Effect<ProviderModel.ProviderModel, never, Client<Name>> =>
  Effect.map(client(server), (connection) =>
    chatModel(
      connection,
      name,
      server,
      // The tiers of other servers have other names.
      Effect.map(layered(Config, config), (settings) => settings as ChatSettings),
    ),
  )

/**
 * Changes settings for the requests of one effect to servers of this module.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<Settings> = override(Config)
