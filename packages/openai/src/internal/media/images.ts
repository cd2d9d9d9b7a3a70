import { type MediaUsage } from "@holdfast/core/MediaUsage"
import { count, field, list, text } from "@holdfast/core/provider/Json"
import {
  type Answer,
  type Content,
  type ProviderMediaModel,
  type Request,
} from "@holdfast/core/provider/ProviderMediaModel"
import { refuseNumbers, wholeFrom } from "@holdfast/core/provider/Ranges"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { type Effect, Predicate } from "effect"

import { type ImageBody, type ImageEditBody, type Transport } from "../transport.ts"
import { checked, fileOf } from "./answer.ts"
import { type ImageDialect } from "./dialect.ts"
import { type ImageSettings } from "./settings.ts"

/** A model on the endpoints for images. */
export const imageModel = (
  client: Pick<Transport, "media"> & SdkMediaModel.Client,
  model: string,
  settings: Effect.Effect<ImageSettings>,
  dialect: ImageDialect = ofOpenAi,
): ProviderMediaModel<"images"> =>
  SdkMediaModel.make({
    client,
    model,
    settings,
    prepare: (asked, refusals) => {
      refuse(asked.request, asked.settings, refusals)
      refuseUnknown(asked, dialect, refusals)
      return { ...bodyOf(model, asked.request, asked.settings), ...asBytes(dialect) }
    },
    send: (body, { request: { images: given = [] }, settings: current }) => {
      const { imageEdits, images } = client.media
      const image = given.map((one, index) => fileOf(`image-${index}`, one))
      const reply = given.length === 0 ? images.once(body) : imageEdits.once({ ...editBody(body), image })
      const asked = { hasImages: given.length > 0, current, dialect }
      return SdkMediaModel.reading(reply, (answer) => checked(images.origin, answer, (found) => answerOf(found, asked)))
    },
  })

const ofOpenAi: ImageDialect = { takesImages: true }

const asBytes = ({ responseFormat }: ImageDialect): Pick<ImageBody, "response_format"> =>
  // Other servers have other words for it.
  responseFormat === undefined ? {} : { response_format: responseFormat as "b64_json" }

/** What another server does not have. */
const refuseUnknown = (
  { request, settings }: SdkMediaModel.Asked<Request<"images">, ImageSettings>,
  { takesImages, unsupported = {} }: ImageDialect,
  refusals: Refusals,
): void => {
  if (!takesImages && (request.images ?? []).length > 0) {
    refusals.option("images", "the server has no endpoint for edits in the form of OpenAI's; leave them out")
  }
  for (const [option, explanation] of Object.entries(unsupported)) {
    if (settings[option as keyof ImageSettings] !== undefined) refusals.option(option, explanation)
  }
}

// https://developers.openai.com/api/reference/resources/images/methods/generate
const maxPrompt = 32_000

const refuse = (
  { count: images = 1, images: given = [], prompt }: Request<"images">,
  settings: ImageSettings,
  refusals: Refusals,
): void => {
  if (images > 10) refusals.option("count", "a request makes 10 images; ask several times")
  if (prompt.length > maxPrompt) refusals.option("prompt", `it may have ${maxPrompt} characters`)
  if (given.length > 16) refusals.option("images", "a request takes 16 images")
  if (given.some(({ data }) => data.byteLength === 0)) refusals.option("images", "there are no bytes in one of them")
  refuseNumbers({ ...settings }, { outputCompression: wholeFrom(0, 100) }, refusals)
}

const bodyOf = (model: string, { count: images, prompt }: Request<"images">, settings: ImageSettings): ImageBody => {
  const { background, extra, moderation, outputCompression, outputFormat, quality, safetyIdentifier, size } = settings
  return {
    model,
    prompt,
    ...(images !== undefined && { n: images }),
    ...(size !== undefined && { size }),
    ...(quality !== undefined && { quality }),
    ...(background !== undefined && { background }),
    ...(outputFormat !== undefined && { output_format: outputFormat }),
    ...(outputCompression !== undefined && { output_compression: outputCompression }),
    ...(moderation !== undefined && { moderation }),
    ...(safetyIdentifier !== undefined && { safety_identifier: safetyIdentifier }),
    ...extra,
  }
}

// The endpoint for edits knows neither of these.
const editBody = (asked: ImageBody) => {
  const { moderation: _moderation, style: _style, ...body } = asked
  return body as Omit<ImageEditBody, "image">
}

interface Asked {
  readonly hasImages: boolean
  readonly dialect: ImageDialect
  readonly current: ImageSettings
}

const answerOf = (body: unknown, { current, dialect, hasImages }: Asked): Answer<"images"> | string => {
  const made = list(body, "data")
  if (made.length === 0) return "an answer without images"
  const format = text(body, "output_format") ?? current.outputFormat
  const usual = format === undefined ? (dialect.mediaType ?? "image/png") : `image/${format}`
  const content = made.flatMap((one): Array<Content<"images">> => {
    const data = text(one, "b64_json")
    const revisedPrompt = text(one, "revised_prompt")
    if (data === undefined) return []
    const mediaType = text(one, "mime_type") ?? usual
    return [{ type: "image", mediaType, data, ...(revisedPrompt !== undefined && { revisedPrompt }) }]
  })
  if (content.length < made.length) return "an image without its bytes"
  return { content, usage: usageOf(body, content.length, hasImages) }
}

const usageOf = (body: unknown, images: number, hasImages: boolean): MediaUsage => {
  const usage = field(body, "usage")
  // What is drawn as SVG is written by another model, at a price of its own.
  if (Predicate.isNotNullish(field(body, "svg_usage"))) return { images }
  const total = count(usage, "input_tokens")
  const drawn = count(usage, "output_tokens")
  const input = field(usage, "input_tokens_details")
  const output = field(usage, "output_tokens_details")
  const isWhole = drawn !== undefined && Predicate.isNullish(output)
  return {
    requests: 1,
    images,
    inputTokens: {
      total,
      // Where no image was given there is nothing but text.
      text: count(input, "text_tokens") ?? (hasImages ? undefined : total),
      image: count(input, "image_tokens") ?? (hasImages ? undefined : 0),
    },
    // "The number of image tokens in the output image", says the SDK of an answer that has no details.
    outputTokens: {
      total: drawn,
      text: count(output, "text_tokens") ?? (isWhole ? 0 : undefined),
      image: count(output, "image_tokens") ?? (isWhole ? drawn : undefined),
    },
  }
}
