/**
 * OpenAI's moderation models, which cost nothing.
 *
 * @since 0.1.0
 */
import { type ProviderMediaModel, ModerationModel } from "@holdfast/core"
import { Effect } from "effect"

import { moderationModel } from "./internal/media/moderation.ts"
import { OpenAiClient } from "./OpenAiClient.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = "omni-moderation-latest" | "omni-moderation-2024-09-26" | (string & {})

/**
 * A moderation model of OpenAI's.
 *
 * **Details**
 *
 * - Texts and images of one request are judged together. Where OpenAI judges each text by itself, a category of one is a category
 *   of all.
 * - Images for a model that reads texts only are `UnsupportedOption`, before any request.
 * - The answer counts the request and no tokens, as OpenAI does not, and it is free of charge: its cost is exactly nothing.
 *
 * **Example** (Texts and images)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiModerationModel } from "@holdfast/openai"
 *
 * const model = OpenAiModerationModel.model("omni-moderation-latest")
 *
 * ResilientModel.describe(model).settings["model"] // => "omni-moderation-latest"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
): ModerationModel.ResilientModerationModel<ModerationModel.CallFailure, OpenAiClient> =>
  ModerationModel.fromProvider(make(name), { name: "OpenAiModerationModel.model", settings: { model: name } })

/**
 * What `model` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: Model,
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"moderation">, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) => moderationModel(client, name))
