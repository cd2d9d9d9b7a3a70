/**
 * The tokens of requests, as Anthropic counts them.
 *
 * @since 0.1.0
 */
import { TokenCounter } from "@holdfast/core"
import { Effect, type Layer } from "effect"

import { type AnthropicClient } from "./AnthropicClient.ts"
import * as AnthropicLanguageModel from "./AnthropicLanguageModel.ts"

/**
 * Makes a counter for a model with settings, of which some count.
 *
 * **Details**
 *
 * Anthropic calls its count an estimate. It knows no caching, and has limits of its own. After the deadline, and where it fails, the number is the local estimate.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: AnthropicLanguageModel.Model,
  config?: AnthropicLanguageModel.Settings,
  options?: TokenCounter.Options,
): Effect.Effect<TokenCounter.Service, never, AnthropicClient> =>
  Effect.map(AnthropicLanguageModel.make(name, config), (model) => TokenCounter.make(model, options))

/**
 * A layer with it.
 *
 * **Example** (How long a prompt is)
 *
 * ```ts
 * import { TokenCounter } from "@holdfast/core"
 * import { AnthropicTokenCounter } from "@holdfast/anthropic"
 * import { Effect } from "effect"
 *
 * const tokens = TokenCounter.count("Why do ships float?").pipe(
 *   Effect.map((count) => count.tokens),
 *   Effect.provide(AnthropicTokenCounter.layer("claude-sonnet-5-5")),
 * )
 *
 * Effect.isEffect(tokens) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  name: AnthropicLanguageModel.Model,
  config?: AnthropicLanguageModel.Settings,
  options?: TokenCounter.Options,
): Layer.Layer<TokenCounter.TokenCounter, never, AnthropicClient> =>
  TokenCounter.layer(AnthropicLanguageModel.make(name, config), options)
