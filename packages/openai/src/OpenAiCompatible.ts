/**
 * Servers that speak OpenAI's Chat Completions: DeepSeek, OpenRouter, Groq, Mistral, xAI, Ollama, vLLM and others.
 *
 * A server is described by a preset: plain data that says where it is and how it differs from OpenAI. Every preset has a
 * client of its own, by the name of its provider, so that one program can talk to several of them.
 *
 * @since 0.1.0
 */

import { type KeySource, type ProviderModel, ResilientModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Config as Configuration, Context, Effect, Layer, type Redacted } from "effect"

import { common, type Dialect } from "./internal/chat/dialect.ts"
import { chatModel } from "./internal/chat/model.ts"
import { type ChatSettings } from "./internal/settings.ts"
import { make as makeTransport } from "./internal/transport.ts"
import { type Service } from "./OpenAiClient.ts"

export type { Dialect } from "./internal/chat/dialect.ts"

/**
 * What is known of a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Preset<out Name extends string = string> extends Dialect {
  /** The provider's name in telemetry, in prices, and as the key of its options and metadata. */
  readonly provider: Name
  readonly apiUrl: string
  /** The variable that holds the key; `undefined` if none is needed. */
  readonly apiKeyName: string | undefined
}

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
 * Describes a server that there is no preset for.
 *
 * **Example** (A gateway in one's own network)
 *
 * ```ts
 * import { OpenAiCompatible } from "@holdfast/openai"
 *
 * const gateway = OpenAiCompatible.preset({
 *   provider: "gateway",
 *   apiUrl: "https://llm.internal/v1",
 *   apiKeyName: "GATEWAY_KEY",
 * })
 *
 * gateway.maxTokensField // => "max_tokens"
 * ```
 *
 * @since 0.1.0
 * @category presets
 */
export const preset = <const Name extends string>(
  options: Partial<Dialect> & Pick<Preset<Name>, "provider" | "apiUrl" | "apiKeyName">,
): Preset<Name> => ({ ...common, ...options })

/**
 * A copy of a preset with some of it changed.
 *
 * **Example** (A second vLLM server)
 *
 * ```ts
 * import { OpenAiCompatible } from "@holdfast/openai"
 *
 * const gpuBox = OpenAiCompatible.extend(OpenAiCompatible.vllm, {
 *   provider: "gpu-box",
 *   apiUrl: "http://10.0.0.5:8000/v1",
 * })
 *
 * gpuBox.provider // => "gpu-box"
 * ```
 *
 * @since 0.1.0
 * @category presets
 */
export const extend = <Name extends string, const Other extends string = Name>(
  base: Preset<Name>,
  changes: Partial<Preset<Other>>,
): Preset<Other> => ({ ...base, ...changes }) as Preset<Other>

// What DeepSeek and Ollama would leave out in silence, and Mistral refuses.
const onlyOpenAi = "only OpenAI has it; leave it out, or send it in extra"
const ofOpenAi = {
  verbosity: onlyOpenAi,
  serviceTier: onlyOpenAi,
  promptCacheOptions: onlyOpenAi,
  safetyIdentifier: onlyOpenAi,
  metadata: onlyOpenAi,
  store: onlyOpenAi,
}

/**
 * DeepSeek. It has JSON answers, but cannot hold them to a schema, so the schema goes into the prompt.
 *
 * @since 0.1.0
 * @category presets
 */
export const deepseek = preset({
  provider: "deepseek",
  apiUrl: "https://api.deepseek.com/v1",
  apiKeyName: "DEEPSEEK_API_KEY",
  takesJsonSchema: false,
  // https://api-docs.deepseek.com/guides/thinking_mode: without it a 400, "must be passed back to the API".
  reasoningField: "reasoning_content",
  requiresReasoning: true,
  unsupported: ofOpenAi,
})

/**
 * OpenRouter. The price of an answer is in `metadata.openrouter.usage.cost` of its `finish` part.
 *
 * **Details**
 *
 * `options: { openrouter: { extra: { cache_control: { type: "ephemeral" } } } }` on a part marks it for caching.
 *
 * @since 0.1.0
 * @category presets
 */
export const openrouter = preset({
  provider: "openrouter",
  apiUrl: "https://openrouter.ai/api/v1",
  apiKeyName: "OPENROUTER_API_KEY",
  nestsReasoning: true,
})

/**
 * @since 0.1.0
 * @category presets
 */
export const groq = preset({
  provider: "groq",
  apiUrl: "https://api.groq.com/openai/v1",
  apiKeyName: "GROQ_API_KEY",
  maxTokensField: "max_completion_tokens",
})

/**
 * Mistral. Ids of tool calls in the prompt that are not of its form are replaced.
 *
 * **Details**
 *
 * It takes only some orders of roles. So all system messages go to the beginning, and where the user speaks right after
 * the results of calls, "OK." stands between as the model's.
 *
 * @since 0.1.0
 * @category presets
 */
export const mistral = preset({
  provider: "mistral_ai",
  apiUrl: "https://api.mistral.ai/v1",
  apiKeyName: "MISTRAL_API_KEY",
  seedField: "random_seed",
  // Usage comes with the last chunk, and unknown fields are refused.
  asksForStreamUsage: false,
  takesStrictTools: true,
  shortToolCallIds: true,
  strictRoles: true,
  unsupported: ofOpenAi,
})

/**
 * xAI. Its reasoning tokens are billed on top of `completion_tokens`, and are added to the output here.
 *
 * @since 0.1.0
 * @category presets
 */
export const xai = preset({
  provider: "x_ai",
  apiUrl: "https://api.x.ai/v1",
  apiKeyName: "XAI_API_KEY",
  maxTokensField: "max_completion_tokens",
  reasoningOutsideCompletion: true,
})

/**
 * Ollama on this machine.
 *
 * **Details**
 *
 * It leaves out what it does not know, and does not hold to `tool_choice`. So the settings that it leaves out are refused,
 * as is a tool choice that forces a call. For the choice of none no tools are sent.
 *
 * @since 0.1.0
 * @category presets
 */
export const ollama = preset({
  provider: "ollama",
  apiUrl: "http://localhost:11434/v1",
  apiKeyName: undefined,
  takesToolChoice: false,
  // https://docs.ollama.com/api/openai-compatibility names the fields that it reads.
  unsupported: { ...ofOpenAi, promptCacheKey: onlyOpenAi, parallelToolCalls: "Ollama cannot be told; leave it out" },
})

/**
 * A vLLM server on this machine.
 *
 * @since 0.1.0
 * @category presets
 */
export const vllm = preset({
  provider: "vllm",
  apiUrl: "http://localhost:8000/v1",
  apiKeyName: undefined,
})

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
