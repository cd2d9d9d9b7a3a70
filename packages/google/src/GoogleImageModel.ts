/**
 * Google's models that answer with images.
 *
 * @since 0.1.0
 */
import { type ProviderMediaModel, ImageModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { GoogleClient } from "./GoogleClient.ts"
import { imageModel } from "./internal/media/images.ts"
import { type ImageSettings } from "./internal/media/settings.ts"

export type { ImageSettings as Settings } from "./internal/media/settings.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = "gemini-3.1-flash-image" | "gemini-3-pro-image" | "gemini-2.5-flash-image" | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<ImageSettings> = Context.Reference<ImageSettings>(
  "@holdfast/google/GoogleImageModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * An image model of Google's.
 *
 * **Details**
 *
 * - A request makes one image. More of them are `UnsupportedOption`, before any request.
 * - What Gemini declines is a `ContentPolicyError`.
 * - The usage says how many tokens of text and of images went in and came out. Thoughts are text.
 *
 * **Example** (Wide)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { GoogleImageModel } from "@holdfast/google"
 *
 * const model = GoogleImageModel.model("gemini-3.1-flash-image", { aspectRatio: "16:9" })
 *
 * ResilientModel.describe(model).settings["model"] // => "gemini-3.1-flash-image"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: ImageSettings,
): ImageModel.ResilientImageModel<ImageModel.CallFailure, GoogleClient> =>
  ImageModel.fromProvider(make(name, config), { name: "GoogleImageModel.model", settings: { model: name, ...config } })

/**
 * What `model` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: Model,
  config?: ImageSettings,
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"images">, never, GoogleClient> =>
  Effect.map(GoogleClient, (client) => imageModel(client, name, layered(Config, config)))

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<ImageSettings> = override(Config)
