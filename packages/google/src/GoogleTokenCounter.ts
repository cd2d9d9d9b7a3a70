/**
 * The tokens of requests, as Google counts them.
 *
 * @since 0.1.0
 */
import { TokenCounter } from "@holdfast/core"
import { Effect, type Layer } from "effect"

import { type GoogleClient } from "./GoogleClient.ts"
import * as GoogleLanguageModel from "./GoogleLanguageModel.ts"

/**
 * Makes a counter for a model with settings, of which some count.
 *
 * **Details**
 *
 * Google is sent the whole request, with its system instruction and tools, which its SDK refuses to count. After the deadline, and where it fails, the number is the local estimate.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: GoogleLanguageModel.Model,
  config?: GoogleLanguageModel.Settings,
  options?: TokenCounter.Options,
): Effect.Effect<TokenCounter.Service, never, GoogleClient> =>
  Effect.map(GoogleLanguageModel.make(name, config), (model) => TokenCounter.make(model, options))

/**
 * A layer with it.
 *
 * **Example** (How long a prompt is)
 *
 * ```ts
 * import { TokenCounter } from "@holdfast/core"
 * import { GoogleTokenCounter } from "@holdfast/google"
 * import { Effect } from "effect"
 *
 * const tokens = TokenCounter.count("Why do ships float?").pipe(
 *   Effect.map((count) => count.tokens),
 *   Effect.provide(GoogleTokenCounter.layer("gemini-3.8-flash")),
 * )
 *
 * Effect.isEffect(tokens) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  name: GoogleLanguageModel.Model,
  config?: GoogleLanguageModel.Settings,
  options?: TokenCounter.Options,
): Layer.Layer<TokenCounter.TokenCounter, never, GoogleClient> =>
  TokenCounter.layer(GoogleLanguageModel.make(name, config), options)
