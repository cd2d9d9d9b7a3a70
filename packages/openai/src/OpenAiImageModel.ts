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
import * as OpenAiCompatible from "./OpenAiCompatible.ts"

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
 * Settings of a model of another server.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompatibleSettings extends Omit<ImageSettings, "extra"> {
  /** Request fields in the server's own names. They are merged over everything else. */
  readonly extra?: (ImageSettings["extra"] & Readonly<Record<string, unknown>>) | undefined
}

/**
 * An image model of a server that speaks OpenAI's API, such as Together's or xAI's.
 *
 * **Details**
 *
 * The client is that of `OpenAiCompatible.layer`, so a server has one for all kinds of models. A server whose preset says nothing of it is asked
 * as OpenAI is. Prices of its models are not in the price book unless somebody adds them.
 *
 * **Example** (Together)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiCompatible, OpenAiImageModel } from "@holdfast/openai"
 *
 * const model = OpenAiImageModel.compatible(OpenAiCompatible.together, "black-forest-labs/FLUX.1-schnell")
 *
 * ResilientModel.describe(model).settings["model"] // => "black-forest-labs/FLUX.1-schnell"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const compatible = <Name extends string>(
  server: OpenAiCompatible.Preset<Name>,
  name: string,
  config?: CompatibleSettings,
): ImageModel.ResilientImageModel<ImageModel.CallFailure, OpenAiCompatible.Client<Name>> =>
  ImageModel.fromProvider(makeCompatible(server, name, config), {
    name: "OpenAiImageModel.compatible",
    settings: { server: server.provider, model: name, ...config },
  })

/**
 * What `compatible` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeCompatible = <Name extends string>(
  server: OpenAiCompatible.Preset<Name>,
  name: string,
  config?: CompatibleSettings,
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"images">, never, OpenAiCompatible.Client<Name>> =>
  Effect.map(OpenAiCompatible.client(server), (client) =>
    imageModel(client, name, layered(Config, config), server.media?.images),
  )

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<ImageSettings> = override(Config)
