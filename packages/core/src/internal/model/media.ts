/**
 * How calls become the services for moderation, images, speech and transcripts.
 */
import { Context, Effect, Result } from "effect"
import { Model } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

import { type ModelCall } from "../../ModelCall.ts"
import { type Kind } from "../../Operation.ts"
import * as operations from "../operation/mediaOperations.ts"
import {
  type GeneratedImage,
  ImageModel,
  type ImageResponse,
  ModerationModel,
  SpeechModel,
  TranscriptionModel,
} from "../operation/mediaServices.ts"
import { asking, endOf } from "./ask.ts"
import { type Host, ImagesCall, ModerationCall, SpeechCall, TranscriptionCall } from "./host.ts"

/** A context with a service and the names of its model. */
export const named = <I, S, K extends Kind>(
  key: Context.Key<I, S>,
  service: S,
  { model, provider }: ModelCall<unknown, K>,
): Context.Context<I | Model.ProviderName | Model.ModelName> =>
  Context.make(key, service).pipe(Context.add(Model.ProviderName, provider), Context.add(Model.ModelName, model))

/** Moderation is served as a `ModerationModel`. */
export const moderation: Host<"moderation"> = {
  operation: operations.moderation,
  call: ModerationCall,
  serve: (call, fold) => {
    const ask = asking(call, fold, "ModerationModel.moderate")
    const moderate: ModerationModel["Service"]["moderate"] = (request) =>
      Effect.map(ask(request), (parts) => {
        const judged = parts.find((part) => part.type === "moderation")
        const { categories = {}, flagged = false, scores = {} } = judged ?? {}
        return { flagged, categories, scores, ...endOf(parts) }
      })
    return Effect.succeed(named(ModerationModel, { moderate }, call))
  },
}

/** Images are served as an `ImageModel`. */
export const images: Host<"images"> = {
  operation: operations.images,
  call: ImagesCall,
  serve: (call, fold) => {
    const ask = asking(call, fold, "ImageModel.generate")
    const generate: ImageModel["Service"]["generate"] = (request) =>
      Effect.map(ask(request), (parts) => {
        const made = parts.flatMap((part): Array<GeneratedImage> => {
          if (part.type !== "image") return []
          const { mediaType, revisedPrompt } = part
          return [{ mediaType, data: bytesOf(part.data), ...(revisedPrompt !== undefined && { revisedPrompt }) }]
        })
        // The attempt has looked whether there is one.
        return { images: made as unknown as ImageResponse["images"], ...endOf(parts) }
      })
    return Effect.succeed(named(ImageModel, { generate }, call))
  },
}

/** Speech is served as a `SpeechModel`. */
export const speech: Host<"speech"> = {
  operation: operations.speech,
  call: SpeechCall,
  serve: (call, fold) => {
    const ask = asking(call, fold, "SpeechModel.speak")
    const speak: SpeechModel["Service"]["speak"] = (request) =>
      Effect.map(ask(request), (parts) => {
        const sounds = parts.filter((part) => part.type === "audio")
        const mediaType = sounds[0]?.mediaType ?? "application/octet-stream"
        return { mediaType, data: joined(sounds.map(({ data }) => bytesOf(data))), ...endOf(parts) }
      })
    return Effect.succeed(named(SpeechModel, { speak }, call))
  },
}

/** Transcripts are served by a `TranscriptionModel`. */
export const transcription: Host<"transcription"> = {
  operation: operations.transcription,
  call: TranscriptionCall,
  serve: (call, fold) => {
    const ask = asking(call, fold, "TranscriptionModel.transcribe")
    const transcribe: TranscriptionModel["Service"]["transcribe"] = (request) =>
      Effect.map(ask(request), (parts) => {
        const { language, text = "" } = parts.find((part) => part.type === "transcript") ?? {}
        return { text, ...(language !== undefined && { language }), ...endOf(parts) }
      })
    return Effect.succeed(named(TranscriptionModel, { transcribe }, call))
  },
}

// The attempt has looked at every part already.
const bytesOf = (base64: string): Uint8Array => Result.getOrElse(Base64.decode(base64), () => new Uint8Array())

const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
