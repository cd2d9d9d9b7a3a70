import { type MediaUsage } from "@holdfast/core/MediaUsage"
import { count, field, list, text } from "@holdfast/core/provider/Json"
import { type Answer, type ProviderMediaModel, type Request } from "@holdfast/core/provider/ProviderMediaModel"
import { between, refuseNumbers } from "@holdfast/core/provider/Ranges"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { type Effect, Predicate } from "effect"

import { type Transport, type TranscriptionBody } from "../transport.ts"
import { checked, fileOf } from "./answer.ts"
import { type TranscriptionDialect } from "./dialect.ts"
import { type TranscriptionSettings } from "./settings.ts"

/** A model on the endpoint for transcripts. */
export const transcriptionModel = (
  client: Pick<Transport, "media"> & SdkMediaModel.Client,
  model: string,
  settings: Effect.Effect<TranscriptionSettings>,
  dialect: TranscriptionDialect = ofOpenAi,
): ProviderMediaModel<"transcription"> =>
  SdkMediaModel.make({
    client,
    model,
    settings,
    prepare: ({ request, settings: current }, refusals) => {
      if (request.audio.data.byteLength > maxBytes) {
        refusals.option("audio", "a request takes 25 MB; cut it, or send it compressed")
      }
      refuseNumbers({ ...current }, { temperature: between(0, 1) }, refusals)
      return { ...bodyOf(model, request, current), response_format: dialect.responseFormat, ...current.extra }
    },
    send: (body) => {
      const { transcriptions } = client.media
      return SdkMediaModel.reading(transcriptions.once(body), (answer) =>
        checked(transcriptions.origin, answer, (found) => answerOf(found, dialect)),
      )
    },
  })

// The one form that every model has, and that says what was used.
const ofOpenAi: TranscriptionDialect = { responseFormat: "json" }

// https://developers.openai.com/api/docs/guides/speech-to-text
const maxBytes = 25 * 1024 * 1024

const bodyOf = (
  model: string,
  { audio, language, prompt }: Request<"transcription">,
  { temperature }: TranscriptionSettings,
): TranscriptionBody => ({
  model,
  file: fileOf("audio", audio),
  // This model takes several languages, and no single one.
  ...(language !== undefined && (model.startsWith("gpt-transcribe") ? { languages: [language] } : { language })),
  ...(prompt !== undefined && { prompt }),
  ...(temperature !== undefined && { temperature }),
})

const answerOf = (body: unknown, dialect: TranscriptionDialect): Answer<"transcription"> | string => {
  const said = field(body, "text")
  if (!Predicate.isString(said)) return "an answer without a text"
  const language = text(list(body, "languages")[0], "code") ?? text(body, "language")
  return {
    content: [{ type: "transcript", text: said, ...(language !== undefined && { language }) }],
    usage: {
      requests: 1,
      ...(dialect.responseFormat === "json" ? usageOf(field(body, "usage")) : lasting(body, dialect)),
    },
  }
}

/** What is billed by how long the sound is, which the answer says. What has begun of a second counts. */
const lasting = (body: unknown, { leastSeconds = 0 }: TranscriptionDialect): MediaUsage => {
  const seconds = field(body, "duration")
  return Predicate.isNumber(seconds) && seconds >= 0 && seconds < longestSound
    ? { seconds: Math.max(leastSeconds, Math.ceil(seconds)) }
    : {}
}

// Seconds. No 25 MB are eleven days of sound; who says so has divided by something wrong.
const longestSound = 1_000_000

/** Tokens or seconds, whichever the model is billed by. */
const usageOf = (usage: unknown): MediaUsage => {
  const seconds = field(usage, "seconds")
  if (text(usage, "type") === "duration") {
    // OpenAI's price list has said of Whisper that it is billed by the second, rounded to the nearest one.
    return Predicate.isNumber(seconds) && seconds >= 0 && seconds < longestSound ? { seconds: Math.round(seconds) } : {}
  }
  const input = field(usage, "input_token_details")
  const output = count(usage, "output_tokens")
  return {
    inputTokens: {
      total: count(usage, "input_tokens"),
      text: count(input, "text_tokens"),
      audio: count(input, "audio_tokens"),
    },
    outputTokens: { total: output, text: output },
  }
}
