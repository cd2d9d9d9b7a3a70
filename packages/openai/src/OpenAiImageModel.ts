/**
 * OpenAI's image models.
 *
 * @since 0.1.0
 */
import { type ProviderMediaModel, ImageModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { imageModel } from "./internal/media/images.ts"
import { type ImageSettings } from "./internal/media/settings.ts"
import { OpenAiClient } from "./OpenAiClient.ts"

export type { ImageSettings as Settings } from "./internal/media/settings.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model =
  | "gpt-image-2.6-flare"
  | "gpt-image-2.6-sunburst"
  | "gpt-image-2.5-flare"
  | "gpt-image-2.5-sunburst"
  | "gpt-image-2"
  | "gpt-image-1.5"
  | "gpt-image-1-mini"
  | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<ImageSettings> = Context.Reference<ImageSettings>(
  "@holdfast/openai/OpenAiImageModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * An image model of OpenAI's.
 *
 * **Details**
 *
 * - Without `images` a request goes to `/images/generations`, with them to `/images/edits`.
 * - The usage says how many tokens of text and of images went in and came out.
 * - An image that comes as an address and not as bytes is a failure: nothing is fetched from there.
 *
 * **Example** (A draft)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiImageModel } from "@holdfast/openai"
 *
 * const model = OpenAiImageModel.model("gpt-image-2.6-flare", { quality: "low", size: "1024x1024" })
 *
 * ResilientModel.describe(model).settings["model"] // => "gpt-image-2.6-flare"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: ImageSettings,
): ImageModel.ResilientImageModel<ImageModel.CallFailure, OpenAiClient> =>
  ImageModel.fromProvider(make(name, config), { name: "OpenAiImageModel.model", settings: { model: name, ...config } })

/**
 * What `model` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: Model,
  config?: ImageSettings,
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"images">, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) => imageModel(client, name, layered(Config, config)))

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<ImageSettings> = override(Config)
