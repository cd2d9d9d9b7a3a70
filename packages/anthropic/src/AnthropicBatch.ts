/**
 * Anthropic's message batches: requests that are answered within a day, at half the price.
 *
 * **Details**
 *
 * A batch takes 100,000 requests or 256 MB; here 64 MB, because a body is held in memory until it is answered. Only answers are
 * billed. Results stay for 29 days from the making of the batch. See
 * https://platform.claude.com/docs/en/build-with-claude/batch-processing.
 *
 * Anthropic's list of batches shows no names: which batch is whose can be told only by its time, its size and its results. A
 * workspace of its own makes the list unambiguous.
 *
 * Prompts, settings and answers are those of `AnthropicLanguageModel`: the same code makes the bodies and reads the answers.
 *
 * @since 0.1.0
 */
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { layered } from "@holdfast/core/provider/Settings"
import { Effect } from "effect"

import { AnthropicClient } from "./AnthropicClient.ts"
import { Config, type Model } from "./AnthropicLanguageModel.ts"
import { messageBatches } from "./internal/batch/provider.ts"
import { messagesModel } from "./internal/model.ts"
import { type Settings } from "./internal/settings.ts"

/**
 * A model of Anthropic's own API. Clouds have no batches in this form, and are refused.
 *
 * **Example** (A model for a job)
 *
 * ```ts
 * import { AnthropicBatch } from "@holdfast/anthropic"
 * import { Effect } from "effect"
 *
 * const batch = AnthropicBatch.model("claude-haiku-5-5", { maxOutputTokens: 500 })
 *
 * Effect.isEffect(batch) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: Settings,
): Effect.Effect<BatchProvider<"chat">, UnsupportedOption, AnthropicClient> =>
  Effect.flatMap(AnthropicClient, (client) => {
    const { provider, rest } = client
    const settings = layered(Config, config)
    if (provider === "anthropic") {
      return Effect.succeed(messageBatches(rest, messagesModel(client, name, settings), settings))
    }
    const explanation = "clouds have batches of another form; use a client of Anthropic's own API"
    return Effect.fail(new UnsupportedOption({ provider, model: name, option: "batch", explanation }))
  })
