import type { Part } from "@google/genai/web"
import { charactersOf } from "@holdfast/core/MediaUsage"
import { type Content, type ProviderMediaModel, type Request } from "@holdfast/core/provider/ProviderMediaModel"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { type Effect } from "effect"

import { type ContentBody, type Transport } from "../transport.ts"
import { asked } from "./answer.ts"
import { filesOf } from "./images.ts"
import { type SpeechSettings } from "./settings.ts"

/** A model of Google's that answers with speech. */
export const speechModel = (
  client: Pick<Transport, "content"> & SdkMediaModel.Client,
  model: string,
  settings: Effect.Effect<SpeechSettings>,
): ProviderMediaModel<"speech"> =>
  SdkMediaModel.make({
    client,
    model,
    settings,
    prepare: (given): ContentBody => {
      const { extra, languageCode, voice: usual } = given.settings
      const voice = given.request.voice ?? usual
      return {
        model,
        contents: [{ role: "user", parts: [partOf(model, given.request)] }],
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
      }
    },
    send: (body, { request }) =>
      asked(client, body, ({ parts, usage, ...said }) => {
        const spoken = parts
          .flatMap((part) => filesOf(part, "audio/L16;codec=pcm;rate=24000"))
          .map(({ data, mediaType }): Content<"speech"> => ({ type: "audio", mediaType, data }))
        return { content: spoken, usage: { ...usage, characters: charactersOf(request.text) }, ...said }
      }),
  })

// From Gemini 3.8 on a text is spoken as it is, and what is said of the way of speaking stands beside it.
const partOf = (model: string, { instructions, text }: Request<"speech">): Part => {
  if (instructions === undefined) return { text }
  return /gemini-(?:2\.5|3\.1)\b/.test(model)
    ? { text: `${instructions}:\n${text}` }
    : { text, speechMetadata: { style: instructions } }
}
