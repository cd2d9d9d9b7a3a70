import type { Part } from "@google/genai/web"
import { charactersOf } from "@holdfast/core/MediaUsage"
import { wellFormed } from "@holdfast/core/provider/Json"
import { type Content, type ProviderMediaModel, type Request } from "@holdfast/core/provider/ProviderMediaModel"
import { Effect } from "effect"

import { type Transport } from "../transport.ts"
import { generated } from "./answer.ts"
import { filesOf } from "./images.ts"
import { type SpeechSettings } from "./settings.ts"

/** A model of Google's that answers with speech. */
export const speechModel = (
  { account, content, pricedAs, provider }: Pick<Transport, "account" | "content" | "pricedAs" | "provider">,
  model: string,
  settings: Effect.Effect<SpeechSettings>,
): ProviderMediaModel<"speech"> => ({
  provider,
  model,
  account,
  pricedAs: pricedAs(model),
  settings,
  ask: Effect.fnUntraced(function* (request) {
    const { extra, languageCode, voice: usual } = yield* settings
    const voice = request.voice ?? usual
    const { headers, parts: answer } = yield* content.once({
      model,
      contents: [{ role: "user", parts: [wellFormed(partOf(model, request))] }],
      config: {
        responseModalities: ["AUDIO"],
        ...((voice !== undefined || languageCode !== undefined) && {
          speechConfig: {
            ...(voice !== undefined && { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } }),
            ...(languageCode !== undefined && { languageCode }),
          },
        }),
        ...extra,
      },
    })
    const { parts, usage, ...said } = yield* Effect.fromResult(generated(content.origin(model), answer))
    const spoken = parts
      .flatMap((part) => filesOf(part, "audio/L16;codec=pcm;rate=24000"))
      .map(({ data, mediaType }): Content<"speech"> => ({ type: "audio", mediaType, data }))
    const counted = { ...usage, characters: charactersOf(request.text) }
    return { headers, parts: { content: spoken, usage: counted, ...said } }
  }),
})

// From Gemini 3.8 on a text is spoken as it is, and what is said of the way of speaking stands beside it.
const partOf = (model: string, { instructions, text }: Request<"speech">): Part => {
  if (instructions === undefined) return { text }
  return /gemini-(?:2\.5|3\.1)\b/.test(model)
    ? { text: `${instructions}:\n${text}` }
    : { text, speechMetadata: { style: instructions } }
}
