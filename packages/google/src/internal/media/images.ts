import type { Part } from "@google/genai/web"
import { field, text, wellFormed } from "@holdfast/core/provider/Json"
import { type Content, type ProviderMediaModel } from "@holdfast/core/provider/ProviderMediaModel"
import { Refusals } from "@holdfast/core/provider/Refusals"
import { Effect } from "effect"
import * as Base64 from "effect/encoding/Base64"

import { type Transport } from "../transport.ts"
import { generated } from "./answer.ts"
import { type ImageSettings } from "./settings.ts"

/** A model of Google's that answers with images. */
export const imageModel = (
  { account, content, pricedAs, provider }: Pick<Transport, "account" | "content" | "pricedAs" | "provider">,
  model: string,
  settings: Effect.Effect<ImageSettings>,
): ProviderMediaModel<"images"> => ({
  provider,
  model,
  account,
  pricedAs: pricedAs(model),
  settings,
  ask: Effect.fnUntraced(function* ({ count = 1, images = [], prompt }) {
    const { aspectRatio, extra, imageSize } = yield* settings
    const refusals = new Refusals(provider, model)
    if (count > 1) refusals.option("count", "a request makes one image; ask several times")
    const parts: Array<Part> = [
      ...images.map(({ data, mediaType }) => ({ inlineData: { mimeType: mediaType, data: Base64.encode(data) } })),
      { text: prompt },
    ]
    const body = yield* refusals.check({
      model,
      contents: [{ role: "user", parts: wellFormed(parts) }],
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
    const { headers, parts: answer } = yield* content.once(body)
    const { parts: made, usage, ...said } = yield* Effect.fromResult(generated(content.origin(model), answer))
    const drawn = made.flatMap((part) => filesOf(part, "image/png"))
    const found = drawn.map(({ data, mediaType }): Content<"images"> => ({ type: "image", mediaType, data }))
    return { headers, parts: { content: found, usage: { ...usage, images: found.length }, ...said } }
  }),
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
