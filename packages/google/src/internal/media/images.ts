import type { Part } from "@google/genai/web"
import { field, text } from "@holdfast/core/provider/Json"
import { type Content, type ProviderMediaModel } from "@holdfast/core/provider/ProviderMediaModel"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { type Effect } from "effect"
import * as Base64 from "effect/encoding/Base64"

import { type ContentBody, type Transport } from "../transport.ts"
import { asked } from "./answer.ts"
import { type ImageSettings } from "./settings.ts"

/** A model of Google's that answers with images. */
export const imageModel = (
  client: Pick<Transport, "content"> & SdkMediaModel.Client,
  model: string,
  settings: Effect.Effect<ImageSettings>,
): ProviderMediaModel<"images"> =>
  SdkMediaModel.make({
    client,
    model,
    settings,
    prepare: ({ request: { count = 1, images = [], prompt }, settings: current }, refusals) => {
      if (count > 1) refusals.option("count", "a request makes one image; ask several times")
      const given = images.map(({ data, mediaType }) => ({
        inlineData: { mimeType: mediaType, data: Base64.encode(data) },
      }))
      return bodyOf(model, [...given, { text: prompt }], current)
    },
    send: (body) =>
      asked(client, body, ({ parts, usage, ...said }) => {
        const drawn = parts.flatMap((part) => filesOf(part, "image/png"))
        const found = drawn.map(({ data, mediaType }): Content<"images"> => ({ type: "image", mediaType, data }))
        return { content: found, usage: { ...usage, images: found.length }, ...said }
      }),
  })

const bodyOf = (model: string, parts: Array<Part>, { aspectRatio, extra, imageSize }: ImageSettings): ContentBody => ({
  model,
  contents: [{ role: "user", parts }],
  config: {
    responseModalities: ["IMAGE"],
    ...((aspectRatio !== undefined || imageSize !== undefined) && {
      imageConfig: {
        ...(aspectRatio !== undefined && { aspectRatio }),
        ...(imageSize !== undefined && { imageSize }),
      },
    }),
    ...extra,
  },
})

/** The file in a part of an answer, if there is one. */
export const filesOf = (
  part: unknown,
  usual: string,
): ReadonlyArray<{ readonly mediaType: string; readonly data: string }> => {
  const inline = field(part, "inlineData")
  const data = text(inline, "data")
  return data === undefined ? [] : [{ mediaType: text(inline, "mimeType") ?? usual, data }]
}
