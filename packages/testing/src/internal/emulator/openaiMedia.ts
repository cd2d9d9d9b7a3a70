/**
 * OpenAI's endpoints for moderation, images, speech, transcripts and decisions.
 */
import { Predicate } from "effect"

import { type MediaAnswer } from "../../Reply.ts"
import {
  type Call,
  type Dialect,
  identifier,
  isFilled,
  isJson,
  type Json,
  type MediaBody,
  type MediaDialectName,
} from "./dialect.ts"
import { binary, body, unnamed } from "./frame.ts"
import { dot, soundOf, transcriptOf, usageOf } from "./mediaAnswer.ts"
import { multipart } from "./multipart.ts"
import { shared } from "./openai.ts"

const json = (value: unknown): MediaBody => ({
  contentType: "application/json",
  streamed: false,
  frames: body(JSON.stringify(value)),
})

const needs = (asked: Json, ...fields: ReadonlyArray<string>): string | undefined => {
  const missing = ["model", ...fields].find((name) => !isGiven(asked[name]))
  return missing === undefined ? undefined : `Missing required parameter: '${missing}'.`
}

const isGiven = (value: unknown): boolean => (Predicate.isString(value) ? value !== "" : Predicate.isNotNullish(value))

interface Endpoint extends Pick<Dialect, "matches" | "validate" | "parse"> {
  readonly name: MediaDialectName
  readonly media: NonNullable<Dialect["media"]>
}

const endpoint = (fields: Endpoint): Dialect => ({
  ...shared,
  ...fields,
  isStream: () => false,
  json: () => ({}),
  frames: () => [],
  errorFrames: () => [],
  eventName: () => undefined,
  isTerminal: () => false,
  done: [],
})

/** POST /moderations. Texts are judged one by one, and texts with images together. */
const moderation = endpoint({
  name: "openai-moderation",
  matches: (path) => path.endsWith("/moderations"),
  validate: (asked) => needs(asked, "input") ?? (isFilled(asked["input"]) ? undefined : "'$.input' is invalid."),
  media: ({ scores = { violence: 0.01, hate: 0.002 } }, call) => {
    const input = Array.isArray(call.body["input"]) ? (call.body["input"] as ReadonlyArray<unknown>) : []
    const categories = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score >= 0.5]))
    const result = {
      flagged: Object.values(categories).includes(true),
      categories,
      category_scores: scores,
      category_applied_input_types: {},
    }
    const results = input.every(Predicate.isString) ? input.map(() => result) : [result]
    return json({ id: identifier("modr-", call), model: call.model, results })
  },
})

const imageUsage = { inputTokens: { total: 8, text: 8, image: 0 }, outputTokens: { total: 272, image: 272, text: 0 } }

/** POST /images/generations and /images/edits */
const images = endpoint({
  name: "openai-images",
  matches: (path) => /\/images\/(?:generations|edits)$/.test(path),
  parse: multipart,
  validate: (asked) => needs(asked, "prompt"),
  media: (answer, call) => {
    const count = Number(call.body["n"] ?? 1)
    const made = answer.images ?? Array.from({ length: count }, () => dot)
    const usage = usageOf(answer, imageUsage)
    const [input, output] = [usage?.inputTokens, usage?.outputTokens]
    return json({
      created: call.createdAt,
      output_format: call.body["output_format"] ?? "png",
      data: made.map((data) => ({ b64_json: data })),
      ...(usage !== undefined && {
        usage: {
          input_tokens: input?.total,
          input_tokens_details: { text_tokens: input?.text, image_tokens: input?.image },
          output_tokens: output?.total,
          output_tokens_details: { text_tokens: output?.text, image_tokens: output?.image },
        },
      }),
    })
  },
})

const soundTypes: Readonly<Record<string, string>> = { mp3: "audio/mpeg", wav: "audio/wav", pcm: "audio/pcm" }

const speechUsage = { inputTokens: { total: 4 }, outputTokens: { total: 60 } }

/** POST /audio/speech: bytes, or events where they are asked for. */
const speech = endpoint({
  name: "openai-speech",
  matches: (path) => path.endsWith("/audio/speech"),
  validate: (asked) => needs(asked, "input", "voice"),
  media: (answer, call) => {
    const pieces = soundOf(answer)
    if (call.body["stream_format"] !== "sse") {
      const format = Predicate.isString(call.body["response_format"]) ? call.body["response_format"] : "mp3"
      const whole = Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64"))).toString("base64")
      const contentType = soundTypes[format] ?? "application/octet-stream"
      return { contentType, streamed: false, frames: binary(whole) }
    }
    const usage = usageOf(answer, speechUsage)
    const [input, output] = [usage?.inputTokens?.total, usage?.outputTokens?.total]
    const counted = usage === undefined ? {} : { usage: { input_tokens: input, output_tokens: output } }
    return {
      contentType: "text/event-stream; charset=utf-8",
      streamed: true,
      frames: [
        ...pieces.map((audio) => unnamed({ type: "speech.audio.delta", audio })),
        unnamed({ type: "speech.audio.done", ...counted }, true),
      ],
    }
  },
})

/** Seconds for the models that are billed by them, and tokens for the others. */
const transcriptUsage = (answer: MediaAnswer, { model }: Call): Json | undefined => {
  const isTimed = /whisper|^gpt-transcribe/.test(model)
  const usage = usageOf(
    answer,
    isTimed ? { seconds: 3 } : { inputTokens: { total: 30, audio: 30, text: 0 }, outputTokens: { total: 6 } },
  )
  if (usage === undefined) return undefined
  if (usage.seconds !== undefined) return { type: "duration", seconds: usage.seconds }
  const [input, output] = [usage.inputTokens, usage.outputTokens]
  return {
    type: "tokens",
    input_tokens: input?.total,
    input_token_details: { text_tokens: input?.text, audio_tokens: input?.audio },
    output_tokens: output?.total,
  }
}

/** POST /audio/transcriptions */
const transcription = endpoint({
  name: "openai-transcription",
  matches: (path) => path.endsWith("/audio/transcriptions"),
  parse: multipart,
  validate: (asked) => needs(asked, "file"),
  media: (answer, call) => {
    const usage = transcriptUsage(answer, call)
    return json({ text: transcriptOf(answer), ...(usage !== undefined && { usage }) })
  },
})

/** An answer without a preference. */
const undecided = (question: unknown): unknown => {
  const asked = isJson(question) ? question : {}
  const name = asked["name"] ?? null
  const options = [asked["choices"], asked["levels"]].find((all) => Array.isArray(all)) as
    | ReadonlyArray<Json>
    | undefined
  if (options === undefined) return { type: "predicate", name, probability: 0.5 }
  const probability = 1 / options.length
  return asked["type"] === "score"
    ? {
        type: "score",
        name,
        score: (options.length - 1) / 2,
        confidence: probability,
        probabilities: options.map(({ label }, value) => ({ label, value, probability })),
      }
    : {
        type: "choice",
        name,
        choice: options[0]?.["value"],
        confidence: probability,
        probabilities: options.map(({ value }) => ({ value, probability })),
      }
}

/** POST /decisions */
const decisions = endpoint({
  name: "openai-decisions",
  matches: (path) => path.endsWith("/decisions"),
  validate: (asked) => needs(asked, "input", "questions"),
  media: (answer, call) => {
    const questions = call.body["questions"] as ReadonlyArray<unknown>
    const usage = usageOf(answer, { inputTokens: { total: 40 }, outputTokens: { total: 2 } })
    return json({
      model: call.model,
      answers: answer.decisions ?? questions.map(undecided),
      ...(usage !== undefined && {
        usage: {
          input_tokens: usage.inputTokens?.total,
          input_tokens_details: { cached_tokens: usage.inputTokens?.cached ?? 0, cache_write_tokens: 0 },
          output_tokens: usage.outputTokens?.total,
          output_tokens_details: { reasoning_tokens: 0 },
        },
      }),
    })
  },
})

/** All of them. */
export const mediaDialects: ReadonlyArray<Dialect> = [moderation, images, speech, transcription, decisions]
