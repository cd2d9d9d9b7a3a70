/**
 * The tokens of requests, as OpenAI counts them.
 *
 * @since 0.1.0
 */
import { TokenCounter } from "@holdfast/core"
import { Effect, type Layer } from "effect"

import { type OpenAiClient } from "./OpenAiClient.ts"
import * as OpenAiLanguageModel from "./OpenAiLanguageModel.ts"

/**
 * Makes a counter for a model with settings, of which some count.
 *
 * **Details**
 *
 * OpenAI counts what a request of the Responses API is made of, images, files and tools included, and the structure around it. After the deadline, and where it fails, the number is the local estimate.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: OpenAiLanguageModel.Model,
  config?: OpenAiLanguageModel.ResponsesSettings,
  options?: TokenCounter.Options,
): Effect.Effect<TokenCounter.Service, never, OpenAiClient> =>
  Effect.map(OpenAiLanguageModel.make(name, config), (model) => TokenCounter.make(model, options))

/**
 * A layer with it.
 *
 * **Example** (How long a prompt is)
 *
 * ```ts
 * import { TokenCounter } from "@holdfast/core"
 * import { OpenAiTokenCounter } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const tokens = TokenCounter.count("Why do ships float?").pipe(
 *   Effect.map((count) => count.tokens),
 *   Effect.provide(OpenAiTokenCounter.layer("gpt-6.1-terra")),
 * )
 *
 * Effect.isEffect(tokens) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  name: OpenAiLanguageModel.Model,
  config?: OpenAiLanguageModel.ResponsesSettings,
  options?: TokenCounter.Options,
): Layer.Layer<TokenCounter.TokenCounter, never, OpenAiClient> =>
  TokenCounter.layer(OpenAiLanguageModel.make(name, config), options)
