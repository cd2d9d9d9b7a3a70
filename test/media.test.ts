/**
 * Images, speech, transcripts and moderation of all vendors, held to one suite.
 */
import { GoogleClient, GoogleImageModel, GoogleSpeechModel, GoogleTranscriptionModel } from "@holdfast/google"
import {
  OpenAiClient,
  OpenAiCompatible,
  OpenAiImageModel,
  OpenAiModerationModel,
  OpenAiSpeechModel,
  OpenAiTranscriptionModel,
} from "@holdfast/openai"
import * as MediaConformance from "@holdfast/testing/MediaConformance"
import { Redacted } from "effect"

const apiKey = Redacted.make("test-key-of-media")

const openAi = (apiUrl: string) => OpenAiClient.layer({ apiKey, apiUrl })

const google = (apiUrl: string) => GoogleClient.layer({ apiKey, apiUrl })

const compatible =
  <Name extends string>(server: OpenAiCompatible.Preset<Name>) =>
  (apiUrl: string) =>
    OpenAiCompatible.layer(server, { apiKey, apiUrl })

const requests = 1

MediaConformance.suite({
  name: "omni-moderation-latest",
  kind: "moderation",
  dialect: "openai-moderation",
  model: OpenAiModerationModel.model("omni-moderation-latest"),
  layer: openAi,
  usage: { reported: {}, counted: { requests } },
  uncounted: { requests },
})

const drawn = {
  inputTokens: { total: 62, text: 50, image: 12 },
  outputTokens: { total: 1_056, image: 1_056, text: 0 },
}

MediaConformance.suite({
  name: "gpt-image-2",
  kind: "images",
  dialect: "openai-images",
  model: OpenAiImageModel.model("gpt-image-2"),
  layer: openAi,
  usage: { reported: drawn, counted: { ...drawn, requests, images: 1 } },
  // There was no image among the input.
  uncounted: { requests, images: 1, inputTokens: { image: 0 } as never },
  base64: true,
})

const drawnByGoogle = { inputTokens: { total: 62, text: 50, image: 12 }, outputTokens: { total: 1_290, image: 1_290 } }

MediaConformance.suite({
  name: "gemini-2.5-flash-image",
  kind: "images",
  dialect: "google",
  model: GoogleImageModel.model("gemini-2.5-flash-image"),
  layer: google,
  usage: {
    reported: drawnByGoogle,
    counted: {
      requests,
      images: 1,
      inputTokens: { ...drawnByGoogle.inputTokens, audio: 0, cached: 0, cachedAudio: 0 },
      outputTokens: { ...drawnByGoogle.outputTokens, text: 0, audio: 0 },
    },
  },
  uncounted: { requests, images: 1 },
  base64: true,
})

const characters = "Ships float.".length

MediaConformance.suite({
  name: "tts-1",
  kind: "speech",
  dialect: "openai-speech",
  model: OpenAiSpeechModel.model("tts-1"),
  layer: openAi,
  usage: { reported: {}, counted: { requests, characters } },
  uncounted: { requests, characters },
})

MediaConformance.suite({
  name: "gpt-4o-mini-tts",
  kind: "speech",
  dialect: "openai-speech",
  model: OpenAiSpeechModel.model("gpt-4o-mini-tts"),
  layer: openAi,
  usage: {
    reported: { inputTokens: { total: 4 }, outputTokens: { total: 60 } },
    counted: { requests, characters, inputTokens: { total: 4, text: 4 }, outputTokens: { total: 60, audio: 60 } },
  },
  uncounted: { requests, characters },
  base64: true,
})

MediaConformance.suite({
  name: "gemini-3.8-flash-tts",
  kind: "speech",
  dialect: "google",
  model: GoogleSpeechModel.model("gemini-3.8-flash-tts"),
  layer: google,
  usage: {
    reported: { inputTokens: { total: 4, text: 4 }, outputTokens: { total: 75, audio: 75 } },
    counted: {
      requests,
      characters,
      inputTokens: { total: 4, text: 4, image: 0, audio: 0, cached: 0, cachedAudio: 0 },
      outputTokens: { total: 75, text: 0, image: 0, audio: 75 },
    },
  },
  uncounted: { requests, characters },
  base64: true,
})

MediaConformance.suite({
  name: "whisper-1",
  kind: "transcription",
  dialect: "openai-transcription",
  model: OpenAiTranscriptionModel.model("whisper-1"),
  layer: openAi,
  usage: { reported: { seconds: 61 }, counted: { requests, seconds: 61 } },
  uncounted: { requests },
})

const heard = { inputTokens: { total: 620, text: 20, audio: 600 }, outputTokens: { total: 45 } }

MediaConformance.suite({
  name: "gpt-4o-transcribe",
  kind: "transcription",
  dialect: "openai-transcription",
  model: OpenAiTranscriptionModel.model("gpt-4o-transcribe"),
  layer: openAi,
  usage: { reported: heard, counted: { ...heard, requests, outputTokens: { total: 45, text: 45 } } },
  uncounted: { requests },
})

MediaConformance.suite({
  name: "gemini-3.8-flash as a transcription model",
  kind: "transcription",
  dialect: "google",
  model: GoogleTranscriptionModel.model("gemini-3.8-flash"),
  layer: google,
  usage: {
    reported: { inputTokens: { total: 620, text: 20, audio: 600 }, outputTokens: { total: 45, text: 45 } },
    counted: {
      requests,
      inputTokens: { total: 620, text: 20, image: 0, audio: 600, cached: 0, cachedAudio: 0 },
      outputTokens: { total: 45, text: 45, image: 0, audio: 0 },
    },
  },
  uncounted: { requests },
})

MediaConformance.suite({
  name: "a model of Together's for images",
  kind: "images",
  dialect: "openai-images",
  model: OpenAiImageModel.compatible(OpenAiCompatible.together, "black-forest-labs/FLUX.1-schnell"),
  layer: compatible(OpenAiCompatible.together),
  usage: { reported: drawn, counted: { ...drawn, requests, images: 1 } },
  uncounted: { requests, images: 1, inputTokens: { image: 0 } as never },
  base64: true,
})

MediaConformance.suite({
  name: "a model of Groq's for speech",
  kind: "speech",
  dialect: "openai-speech",
  model: OpenAiSpeechModel.compatible(OpenAiCompatible.groq, "canopylabs/orpheus-v1-english", { voice: "troy" }),
  layer: compatible(OpenAiCompatible.groq),
  usage: { reported: {}, counted: { requests, characters } },
  uncounted: { requests, characters },
})

MediaConformance.suite({
  name: "a model of vLLM for transcripts",
  kind: "transcription",
  dialect: "openai-transcription",
  model: OpenAiTranscriptionModel.compatible(OpenAiCompatible.vllm, "whisper-large-v3"),
  layer: compatible(OpenAiCompatible.vllm),
  usage: { reported: { seconds: 61 }, counted: { requests, seconds: 61 } },
  uncounted: { requests },
})
