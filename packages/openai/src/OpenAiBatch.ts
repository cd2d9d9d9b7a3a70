/**
 * OpenAI's batch API: requests that are answered within a day, at half the price.
 *
 * **Details**
 *
 * A batch is made of a file of at most 50,000 requests and 200 MB; here of 64 MB, because what is uploaded is held in memory
 * until it is answered. All requests go to one endpoint and one model. OpenAI keeps the results for 30 days, and the input for
 * three, which is what it is told. See https://developers.openai.com/api/docs/guides/batch.
 *
 * Prompts, settings and answers are those of `OpenAiLanguageModel`: the same code makes the bodies and reads the answers.
 *
 * @since 0.1.0
 */
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { layered } from "@holdfast/core/provider/Settings"
import { Effect } from "effect"
import type { OpenAI } from "openai"

import { openAiApi } from "./internal/batch/api.ts"
import { openAiForm } from "./internal/batch/openai.ts"
import * as dialects from "./internal/chat/dialect.ts"
import { chatModel } from "./internal/chat/model.ts"
import { responsesModel } from "./internal/responses/model.ts"
import { type ChatSettings, type ResponsesSettings } from "./internal/settings.ts"
import { OpenAiClient } from "./OpenAiClient.ts"
import { ChatConfig, Config, type Model } from "./OpenAiLanguageModel.ts"

/**
 * A model on the Responses API.
 *
 * **Example** (A model for a job)
 *
 * ```ts
 * import { OpenAiBatch } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const batch = OpenAiBatch.model("gpt-6-luna", { maxOutputTokens: 500 })
 *
 * Effect.isEffect(batch) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (name: Model, config?: ResponsesSettings): Effect.Effect<BatchProvider, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) =>
    openAiForm({
      rest: client.rest,
      api: openAiApi,
      model: responsesModel(client, name, layered(Config, config)),
      endpoint: "/v1/responses",
    }),
  )

/**
 * A model on Chat Completions.
 *
 * @since 0.1.0
 * @category constructors
 */
export const chat = (
  name: OpenAI.ChatModel | (string & {}),
  config?: ChatSettings,
): Effect.Effect<BatchProvider, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) =>
    openAiForm({
      rest: client.rest,
      api: openAiApi,
      model: chatModel(client, name, dialects.openai, layered(ChatConfig, config)),
      endpoint: "/v1/chat/completions",
    }),
  )
