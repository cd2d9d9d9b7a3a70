/**
 * What a preset is.
 */
import { type BatchApi } from "../batch/api.ts"
import { common, type Dialect } from "../chat/dialect.ts"
import { type MediaDialect } from "../media/dialect.ts"

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
  /** How its batches are made; absent where it has none, or none that can be found again. */
  readonly batch?: BatchApi | undefined
  /** How its models of media are asked; as OpenAI's where it is absent. */
  readonly media?: MediaDialect | undefined
}

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
  options: Partial<Dialect> & Pick<Preset<Name>, "provider" | "apiUrl" | "apiKeyName" | "batch" | "media">,
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
