/**
 * Images, speech and transcripts as answers of `generateContent`.
 */
import { type MediaTokens } from "@holdfast/core/MediaUsage"

import { type MediaAnswer } from "../../Reply.ts"
import { type Call, identifier, isJson, type MediaBody } from "./dialect.ts"
import { body } from "./frame.ts"
import { dot, soundOf, transcriptOf, usageOf } from "./mediaAnswer.ts"

const usual = { inputTokens: { total: 8, text: 8 }, outputTokens: { total: 10 } }

/** What the request asks for decides what an answer holds that says nothing itself. */
const modalityOf = ({ body: asked }: Call): unknown => {
  const config = asked["generationConfig"]
  const modalities = isJson(config) ? config["responseModalities"] : undefined
  return Array.isArray(modalities) ? (modalities as ReadonlyArray<unknown>)[0] : undefined
}

/** Whether a text is no answer to a request. */
export const wantsMedia = (call: Call): boolean => modalityOf(call) === "IMAGE" || modalityOf(call) === "AUDIO"

const partsOf = (answer: MediaAnswer, call: Call): ReadonlyArray<unknown> => {
  const modality = modalityOf(call)
  if (answer.images !== undefined || modality === "IMAGE") {
    return (answer.images ?? [dot]).map((data) => ({ inlineData: { mimeType: "image/png", data } }))
  }
  if (answer.audio !== undefined || modality === "AUDIO") {
    return soundOf(answer).map((data) => ({ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data } }))
  }
  return [{ text: transcriptOf(answer) }]
}

const detailsOf = (tokens: MediaTokens | undefined) =>
  (["text", "image", "audio"] as const).flatMap((part) => {
    const tokenCount = tokens?.[part]
    return tokenCount === undefined || tokenCount === 0 ? [] : [{ modality: part.toUpperCase(), tokenCount }]
  })

/** The answer in the words of Gemini. */
export const googleMedia = (answer: MediaAnswer, call: Call): MediaBody => {
  const usage = usageOf(answer, usual)
  const [input, output] = [usage?.inputTokens, usage?.outputTokens]
  const [inputDetails, outputDetails] = [detailsOf(input), detailsOf(output)]
  const counted = {
    ...(input?.total !== undefined && { promptTokenCount: input.total }),
    ...(output?.total !== undefined && { candidatesTokenCount: output.total }),
    ...(inputDetails.length > 0 && { promptTokensDetails: inputDetails }),
    ...(outputDetails.length > 0 && { candidatesTokensDetails: outputDetails }),
  }
  const content =
    answer.refused === true
      ? { promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }
      : {
          candidates: [{ content: { parts: partsOf(answer, call), role: "model" }, finishReason: "STOP", index: 0 }],
        }
  const value = {
    ...content,
    ...(usage !== undefined && { usageMetadata: counted }),
    modelVersion: call.model,
    responseId: identifier("", call),
  }
  return { contentType: "application/json; charset=UTF-8", streamed: false, frames: body(JSON.stringify(value)) }
}
