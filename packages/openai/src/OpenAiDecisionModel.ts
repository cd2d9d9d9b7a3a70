/**
 * OpenAI's endpoint for decisions, as `effect/ai`'s `DecisionModel`.
 *
 * @since 0.1.0
 */
import { type ProviderMediaModel, ResilientDecisionModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { decisionModel } from "./internal/media/decisions.ts"
import { type DecisionSettings } from "./internal/media/settings.ts"
import { OpenAiClient } from "./OpenAiClient.ts"

export type { DecisionSettings as Settings } from "./internal/media/settings.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = "gpt-6-luna" | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<DecisionSettings> = Context.Reference<DecisionSettings>(
  "@holdfast/openai/OpenAiDecisionModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * A model on OpenAI's endpoint for decisions.
 *
 * **Details**
 *
 * - Probabilities are predicates, classifications choices and ratings scores of OpenAI's. A refusal is one of that decision.
 * - Places in images are `UnsupportedOption`, before any request: the endpoint knows none.
 * - It has a price of its own, under the name of the model with `-decisions` behind it.
 *
 * **Example** (Decisions of Luna)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiDecisionModel } from "@holdfast/openai"
 *
 * const model = OpenAiDecisionModel.model("gpt-6-luna")
 *
 * ResilientModel.describe(model).settings["model"] // => "gpt-6-luna"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: DecisionSettings,
): ResilientDecisionModel.ResilientDecisionModel<ResilientDecisionModel.CallFailure, OpenAiClient> =>
  ResilientDecisionModel.fromProvider(make(name, config), {
    name: "OpenAiDecisionModel.model",
    settings: { model: name, ...config },
  })

/**
 * What `model` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: Model,
  config?: DecisionSettings,
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"decisions">, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) => decisionModel(client, name, layered(Config, config)))

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<DecisionSettings> = override(Config)
