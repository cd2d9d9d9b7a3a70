import { Duration, Predicate } from "effect"

import { type ErrorKind } from "../../Fault.ts"
import {
  type Answer,
  type EmbeddingsAnswer,
  type Finish,
  type MediaAnswer,
  type StatusKind,
  type StatusOptions,
  type Usage,
} from "../../Reply.ts"
import { type Frame } from "./frame.ts"

/** The APIs whose answers are chats. */
export type ChatDialectName = "openai-responses" | "openai-chat" | "anthropic" | "google"

/** The paths and shapes of one provider API. */
export type DialectName = ChatDialectName | "openai-embeddings" | "google-embeddings" | MediaDialectName

/** The APIs of OpenAI for what is neither a chat nor a vector. */
export type MediaDialectName =
  | "openai-moderation"
  | "openai-images"
  | "openai-speech"
  | "openai-transcription"
  | "openai-decisions"

/** A parsed JSON object. */
export type Json = Readonly<Record<string, unknown>>

/** Whether a parsed value is a JSON object. */
export const isJson = (value: unknown): value is Json => Predicate.isObject(value) && !Array.isArray(value)

/** What the renderers need to know about the request they answer. */
export interface Call {
  readonly number: number
  readonly requestId: string
  readonly model: string
  readonly stream: boolean
  readonly body: Json
  /** Epoch seconds. */
  readonly createdAt: number
}

/** An answer with every default filled in. */
export interface Resolved {
  readonly reasoning: ReadonlyArray<string>
  readonly signature: string
  readonly text: ReadonlyArray<string>
  readonly toolCalls: ReadonlyArray<{
    readonly id: string | undefined
    readonly name: string
    readonly params: unknown
  }>
  readonly refusal: ReadonlyArray<string>
  readonly citations: NonNullable<Answer["citations"]>
  readonly files: NonNullable<Answer["files"]>
  readonly finish: Finish
  readonly usage: Required<Usage> | undefined
}

/** An error before the provider's words for it. */
export interface Failure {
  readonly status: number
  readonly kind: ErrorKind | StatusKind | undefined
  readonly options: StatusOptions
}

/** The body of an answer with media. */
export interface MediaBody {
  readonly contentType: string
  readonly streamed: boolean
  readonly frames: ReadonlyArray<Frame>
}

/** How one provider API speaks. */
export interface Dialect {
  /** The body of an answer with vectors; absent where there is none. */
  readonly embeddings?: (answer: EmbeddingsAnswer, call: Call) => unknown
  /** The texts that vectors are asked for; absent where none are. */
  readonly textsOf?: (body: Json) => ReadonlyArray<string>
  /** An answer with media; absent where there is none. */
  readonly media?: (answer: MediaAnswer, call: Call) => MediaBody
  /** Reads a body that is not JSON. */
  readonly parse?: (text: string, contentType: string) => Json | undefined
  readonly name: DialectName
  readonly contentType: string
  readonly matches: (path: string) => boolean
  readonly model: (body: Json, path: string) => string
  readonly isStream: (body: Json, path: string) => boolean
  readonly isAuthenticated: (headers: Readonly<Record<string, string | undefined>>, query: URLSearchParams) => boolean
  readonly unauthenticated: Failure
  /** What is wrong with a request, or `undefined`. */
  readonly validate: (body: Json, headers: Readonly<Record<string, string | undefined>>) => string | undefined
  readonly headers: (call: Call) => Record<string, string>
  readonly json: (answer: Resolved, call: Call) => unknown
  readonly frames: (answer: Resolved, call: Call) => ReadonlyArray<Frame>
  readonly statusOf: (kind: ErrorKind | StatusKind) => number
  readonly errorBody: (failure: Failure, call: Call) => unknown
  readonly errorFrames: (failure: Failure, call: Call, sent: number) => ReadonlyArray<Frame>
  /** The `event:` line of a recorded event; `undefined` where the dialect has none. */
  readonly eventName: (event: Json) => string | undefined
  /** Whether a recorded event says that the answer is complete. */
  readonly isTerminal: (event: Json) => boolean
  readonly done: ReadonlyArray<Frame>
}

/** An id that looks like the provider's and is the same in every run. */
export const identifier = (prefix: string, call: Call, index = 0): string =>
  `${prefix}${call.number.toString(16).padStart(12, "0")}${index.toString(16).padStart(4, "0")}`

/** One token is about four characters of English; real tokenizers differ. */
export const estimateTokens = (characters: number): number => Math.max(1, Math.ceil(characters / 4))

/** The pieces that a text streams in: word by word, or as given. */
export const pieces = (value: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  value === undefined ? [] : Predicate.isString(value) ? (value.match(/\s*\S+|\s+$/gu) ?? []) : value

const defaultFinish = (answer: Answer): Finish =>
  answer.refusal !== undefined ? "content-filter" : (answer.toolCalls?.length ?? 0) > 0 ? "tool-calls" : "stop"

const resolveUsage = (answer: Answer, call: Call): Required<Usage> | undefined => {
  if (answer.usage === null) return undefined
  const written = [answer.reasoning, answer.text, answer.refusal, answer.toolCalls].map(
    (part) => JSON.stringify(part) ?? "",
  )
  const usage: Usage = answer.usage ?? {
    input: estimateTokens(JSON.stringify(call.body).length),
    output: estimateTokens(written.join("").length),
    reasoning: answer.reasoning === undefined ? 0 : estimateTokens((written[0] ?? "").length),
  }
  const { cacheRead = 0, cacheWrite = 0, cacheWriteLong = 0, reasoning = 0 } = usage
  return {
    cacheRead,
    cacheWrite,
    cacheWriteLong,
    reasoning,
    // The parts cannot exceed the whole, whatever the script says.
    input: Math.max(usage.input, cacheRead + cacheWrite + cacheWriteLong),
    output: Math.max(usage.output, reasoning),
  }
}

/** Fills in what a scripted answer leaves out. */
export const resolve = (answer: Answer, call: Call): Resolved => ({
  reasoning: pieces(answer.reasoning),
  signature: answer.signature ?? btoa(`signature of ${call.requestId}`),
  text: pieces(answer.text),
  toolCalls: (answer.toolCalls ?? []).map(({ id, name, params }) => ({ id, name, params })),
  refusal: pieces(answer.refusal),
  citations: answer.citations ?? [],
  files: answer.files ?? [],
  finish: answer.finish ?? defaultFinish(answer),
  usage: resolveUsage(answer, call),
})

/** Cuts a string into pieces, as arguments of a tool call stream. */
export const slices = (value: string, size: number): ReadonlyArray<string> =>
  Array.from({ length: Math.ceil(value.length / size) }, (_, index) => value.slice(index * size, (index + 1) * size))

/** The arguments of a tool call as the text that a model writes. */
export const argumentsOf = (params: unknown): string =>
  Predicate.isString(params) ? params : JSON.stringify(params ?? {})

/** `retry-after` and `retry-after-ms`, as OpenAI and Anthropic send them. */
export const retryHeaders = (options: StatusOptions): Record<string, string> => ({
  ...(options.retryAfter === undefined
    ? {}
    : { "retry-after": String(Math.ceil(Duration.toSeconds(Duration.fromInputUnsafe(options.retryAfter)))) }),
  ...(options.retryAfterMs === undefined
    ? {}
    : { "retry-after-ms": String(Math.ceil(Duration.toMillis(Duration.fromInputUnsafe(options.retryAfterMs)))) }),
})

/** Whether a field is a list with something in it. */
export const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0

/** Whether one of several alternatives says why it ended. */
export const someFinished = (alternatives: unknown, field: string): boolean =>
  Array.isArray(alternatives) && alternatives.some((one: unknown) => isJson(one) && Predicate.isString(one[field]))

/** Whether a bearer token was sent. */
export const hasBearer = (headers: Readonly<Record<string, string | undefined>>): boolean =>
  /^bearer \S/i.test(headers["authorization"] ?? "")
