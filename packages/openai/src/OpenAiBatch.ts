/**
 * OpenAI's batch API: requests that are answered within a day, at half the price.
 *
 * **Details**
 *
 * A batch is made of a file of at most 50,000 requests and 200 MB; here of 64 MB, because what is uploaded is held in memory
 * until it is answered. All requests go to one endpoint and one model. OpenAI keeps the results for 30 days, and the input for
 * three, which is what it is told. See https://developers.openai.com/api/docs/guides/batch.
 *
 * Prompts, settings and answers are those of `OpenAiLanguageModel`, texts and vectors those of `OpenAiEmbeddingModel`: the same code
 * makes the bodies and reads the answers.
 *
 * @since 0.1.0
 */
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider, ofEmbeddingModel, ofModel } from "@holdfast/core/provider/BatchProvider"
import { UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { layered } from "@holdfast/core/provider/Settings"
import { Effect } from "effect"
import type { OpenAI } from "openai"

import { openAiApi } from "./internal/batch/api.ts"
import { mistralForm } from "./internal/batch/mistral.ts"
import { openAiForm, type Parts } from "./internal/batch/openai.ts"
import { openRouterForm } from "./internal/batch/openrouter.ts"
import * as dialects from "./internal/chat/dialect.ts"
import { chatModel } from "./internal/chat/model.ts"
import { type Preset } from "./internal/compatible/preset.ts"
import { openAiEmbeddings } from "./internal/embeddings/limits.ts"
import { embeddingsModel } from "./internal/embeddings/model.ts"
import { type EmbeddingSettings } from "./internal/embeddings/settings.ts"
import { responsesModel } from "./internal/responses/model.ts"
import { type ChatSettings, type ResponsesSettings } from "./internal/settings.ts"
import { OpenAiClient, type Service } from "./OpenAiClient.ts"
import * as OpenAiCompatible from "./OpenAiCompatible.ts"
import * as OpenAiEmbeddingModel from "./OpenAiEmbeddingModel.ts"
import { ChatConfig, Config, type Model } from "./OpenAiLanguageModel.ts"

/**
 * A model on the Responses API, of OpenAI or of Azure. Bedrock has no batches in this form, and is refused.
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
export const model = (
  name: Model,
  config?: ResponsesSettings,
): Effect.Effect<BatchProvider<"chat">, UnsupportedOption, OpenAiClient> =>
  Effect.flatMap(OpenAiClient, (client) =>
    ofOpenAi(client, {
      model: ofModel(responsesModel(client, name, layered(Config, config))),
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
): Effect.Effect<BatchProvider<"chat">, UnsupportedOption, OpenAiClient> =>
  Effect.flatMap(OpenAiClient, (client) =>
    ofOpenAi(client, {
      model: ofModel(chatModel(client, name, dialects.openai, layered(ChatConfig, config))),
      endpoint: "/v1/chat/completions",
    }),
  )

/**
 * An embedding model. An item is one request with up to 2,048 texts, and a batch takes 50,000 texts in all.
 *
 * **Example** (Vectors for a job)
 *
 * ```ts
 * import { OpenAiBatch } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const batch = OpenAiBatch.embeddings("text-embedding-3-small", { dimensions: 512 })
 *
 * Effect.isEffect(batch) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const embeddings = (
  name: OpenAiEmbeddingModel.Model,
  config?: EmbeddingSettings,
): Effect.Effect<BatchProvider<"embeddings">, UnsupportedOption, OpenAiClient> =>
  Effect.flatMap(OpenAiClient, (client) =>
    ofOpenAi(client, {
      model: ofEmbeddingModel(
        embeddingsModel(client, name, openAiEmbeddings(name), layered(OpenAiEmbeddingModel.Config, config)),
      ),
      endpoint: "/v1/embeddings",
    }),
  )

const ofOpenAi = <K extends Kind>(
  { provider, rest }: Service,
  parts: Pick<Parts<K>, "endpoint" | "model">,
): Effect.Effect<BatchProvider<K>, UnsupportedOption> => {
  if (provider !== "aws.bedrock") return Effect.succeed(openAiForm({ ...parts, rest, api: openAiApi }))
  const explanation = "Bedrock has batches of another form; use a client of OpenAI's own API"
  return Effect.fail(new UnsupportedOption({ provider, model: parts.model.model, option: "batch", explanation }))
}

const forms = { openai: openAiForm, mistral: mistralForm, openrouter: openRouterForm }

/**
 * A model of a server that there is a preset for: Groq, Mistral or OpenRouter.
 *
 * **Details**
 *
 * - Groq: OpenAI's form, https://console.groq.com/docs/batch.
 * - Mistral: jobs of its own, https://docs.mistral.ai/capabilities/batch/.
 * - OpenRouter: no files, no names in its list, and nothing stops a batch, https://openrouter.ai/docs/batch-quickstart.
 *
 * Other presets are refused with `UnsupportedOption`. A server that has batches in OpenAI's form is described by the field
 * `batch` of its preset.
 *
 * **Example** (A model of Groq's)
 *
 * ```ts
 * import { OpenAiBatch, OpenAiCompatible } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const batch = OpenAiBatch.compatible(OpenAiCompatible.groq, "llama-3.1-8b-instant")
 *
 * Effect.isEffect(batch) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const compatible = <Name extends string>(
  server: Preset<Name>,
  name: string,
  config?: OpenAiCompatible.Settings,
): Effect.Effect<BatchProvider<"chat">, UnsupportedOption, OpenAiCompatible.Client<Name>> => {
  const { batch: api, provider } = server
  if (api === undefined) return refused(provider, name, "batches")
  return Effect.map(OpenAiCompatible.client(server), (client) => {
    // The tiers of other servers have other names.
    const settings = Effect.map(layered(OpenAiCompatible.Config, config), (current) => current as ChatSettings)
    const requests = ofModel(chatModel(client, name, server, settings))
    return forms[api.form]({ rest: client.rest, api, model: requests, endpoint: "/v1/chat/completions" })
  })
}

/**
 * An embedding model of a server that there is a preset for: Mistral or OpenRouter. Groq's batches take none.
 *
 * **Example** (A model of Mistral's)
 *
 * ```ts
 * import { OpenAiBatch, OpenAiCompatible } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const batch = OpenAiBatch.compatibleEmbeddings(OpenAiCompatible.mistral, "mistral-embed")
 *
 * Effect.isEffect(batch) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const compatibleEmbeddings = <Name extends string>(
  server: Preset<Name>,
  name: string,
  { limits, ...config }: OpenAiEmbeddingModel.CompatibleSettings = {},
): Effect.Effect<BatchProvider<"embeddings">, UnsupportedOption, OpenAiCompatible.Client<Name>> => {
  const { batch: api, provider } = server
  if (api?.embeddings !== true) return refused(provider, name, "batches of embeddings")
  return Effect.map(OpenAiCompatible.client(server), (client) => {
    const settings = layered(OpenAiEmbeddingModel.Config, config)
    const requests = ofEmbeddingModel(embeddingsModel(client, name, { limits }, settings))
    return forms[api.form]({ rest: client.rest, api, model: requests, endpoint: "/v1/embeddings" })
  })
}

const refused = (provider: string, name: string, what: string): Effect.Effect<never, UnsupportedOption> => {
  const explanation = `the server has no ${what} that this library knows; run the requests one by one`
  return Effect.fail(new UnsupportedOption({ provider, model: name, option: "batch", explanation }))
}
