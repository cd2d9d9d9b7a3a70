/**
 * What the emulator answers: one neutral value that every provider's dialect can say.
 *
 * @since 0.1.0
 */
import { type Duration, Pipeable, Predicate } from "effect"

import { type Fault, type Faulty } from "./Fault.ts"

const TypeId = "~holdfast/testing/Reply"

/**
 * One answer of the emulator, with the faults it arrives with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reply extends Faulty, Pipeable.Pipeable {
  readonly [TypeId]: typeof TypeId
  readonly content: Content
}

/**
 * What a reply consists of before its faults.
 *
 * @since 0.1.0
 * @category models
 */
export type Content =
  | { readonly _tag: "Answer"; readonly answer: Answer }
  | { readonly _tag: "Embeddings"; readonly answer: EmbeddingsAnswer }
  | { readonly _tag: "Status"; readonly status: number | StatusKind; readonly options: StatusOptions }
  | { readonly _tag: "Recorded"; readonly recording: Recording }
  | { readonly _tag: "Raw"; readonly response: RawResponse }
  | { readonly _tag: "Nothing"; readonly ending: "reset" | "stall" }

/**
 * A refusal that every provider knows under its own status, type and code.
 *
 * @since 0.1.0
 * @category models
 */
export type StatusKind = "rate_limit" | "overloaded" | "insufficient_quota"

/**
 * Token counts of an answer.
 *
 * **Details**
 *
 * `input` is all of the prompt and includes `cacheRead`, `cacheWrite` and `cacheWriteLong`; `output` is all that was
 * generated and includes `reasoning`. Each dialect takes them apart as its provider does. `cacheWriteLong` are the
 * tokens written with the longer retention (1 hour at Anthropic, 12 hours at OpenAI). Counts that are left out are 0.
 *
 * @since 0.1.0
 * @category models
 */
export interface Usage {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
  readonly cacheWriteLong?: number
  readonly reasoning?: number
}

/**
 * A call of one of the caller's tools.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolCall {
  readonly id?: string
  readonly name: string
  readonly params: unknown
}

/**
 * A source that the text refers to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Citation {
  readonly url: string
  readonly title: string
}

/**
 * A generated file, its data in base64.
 *
 * @since 0.1.0
 * @category models
 */
export interface File {
  readonly mediaType: string
  readonly data: string
}

/**
 * Why an answer ended.
 *
 * @since 0.1.0
 * @category models
 */
export type Finish = "stop" | "length" | "content-filter" | "tool-calls" | "pause"

/**
 * A whole answer of a model.
 *
 * **Details**
 *
 * `text` and `reasoning` stream word by word, or in the given pieces if they are arrays. `finish` defaults to
 * `"tool-calls"` with tool calls, to `"content-filter"` with a refusal and to `"stop"` otherwise. `usage` is estimated
 * from the request and the answer if left out, and `null` sends none. What a provider cannot express (files at
 * Anthropic, for one) is left out of its answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly reasoning?: string | ReadonlyArray<string>
  readonly signature?: string
  readonly text?: string | ReadonlyArray<string>
  readonly toolCalls?: ReadonlyArray<ToolCall>
  readonly refusal?: string
  readonly citations?: ReadonlyArray<Citation>
  readonly files?: ReadonlyArray<File>
  readonly finish?: Finish
  readonly usage?: Usage | null
  readonly model?: string
}

/**
 * An answer of an embedding model.
 *
 * **Details**
 *
 * Without `vectors` each text gets one of its own, as long as the request asks for and 4 numbers otherwise: equal texts have
 * equal vectors. `inputTokens` is estimated from the texts if left out, and `null` sends none.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbeddingsAnswer {
  readonly vectors?: ReadonlyArray<ReadonlyArray<number>>
  /** The numbers that OpenAI gives them, instead of 0, 1, 2 and so on. */
  readonly indexes?: ReadonlyArray<number>
  readonly inputTokens?: number | null
  readonly model?: string
}

/**
 * Details of an error answer; what is left out is what the provider says for that status.
 *
 * @since 0.1.0
 * @category models
 */
export interface StatusOptions {
  /** The `retry-after` header in whole seconds, rounded up; `RetryInfo` in the body at Google. */
  readonly retryAfter?: Duration.Input
  /** The `retry-after-ms` header. */
  readonly retryAfterMs?: Duration.Input
  readonly headers?: Readonly<Record<string, string>>
  /** Replaces the provider's error body: a string is sent as it is, anything else as JSON. */
  readonly body?: unknown
  readonly type?: string
  readonly code?: string
  readonly message?: string
}

/**
 * A recorded answer: a whole body, or the events of a stream, one per line and without framing.
 *
 * @since 0.1.0
 * @category models
 */
export type Recording = ({ readonly body: unknown } | { readonly lines: string | ReadonlyArray<string> }) & {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A response that is sent as it is, with no headers but these and its length.
 *
 * @since 0.1.0
 * @category models
 */
export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const Proto = {
  [TypeId]: TypeId,
  ...Pipeable.Prototype,
}

const make = (content: Content): Reply => {
  const faults: ReadonlyArray<Fault> = []
  return Object.assign(Object.create(Proto), { content, faults })
}

/**
 * Whether a value is a `Reply`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isReply = (value: unknown): value is Reply => Predicate.hasProperty(value, TypeId)

/**
 * A text answer.
 *
 * **Example** (A text with its token counts)
 *
 * ```ts
 * import { Reply } from "@holdfast/testing"
 *
 * const reply = Reply.text("hello world", { usage: { input: 12, cacheRead: 8, output: 3 } })
 *
 * reply.content._tag // => "Answer"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const text = (value: string | ReadonlyArray<string>, options: Omit<Answer, "text"> = {}): Reply =>
  answer({ ...options, text: value })

/**
 * An answer with reasoning, tool calls, citations, files or a refusal.
 *
 * **Example** (A tool call after some thought)
 *
 * ```ts
 * import { Fault, Reply } from "@holdfast/testing"
 *
 * const reply = Reply.answer({
 *   reasoning: "The user wants the weather.",
 *   toolCalls: [{ name: "weather", params: { city: "Oslo" } }],
 * }).pipe(Fault.delayFirstByte("2 seconds"), Fault.resetAfter(4))
 *
 * reply.faults.length // => 2
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (value: Answer): Reply => make({ _tag: "Answer", answer: value })

/**
 * Vectors for the texts of a request.
 *
 * **Example** (Vectors in another order)
 *
 * ```ts
 * import { Reply } from "@holdfast/testing"
 *
 * const reply = Reply.embeddings({ vectors: [[2, 2], [1, 1]], indexes: [1, 0], inputTokens: 12 })
 *
 * reply.content._tag // => "Embeddings"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const embeddings = (value: EmbeddingsAnswer = {}): Reply => make({ _tag: "Embeddings", answer: value })

/**
 * A text answer that is the JSON of a value, as structured output comes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const json = (value: unknown, options: Omit<Answer, "text"> = {}): Reply => text(JSON.stringify(value), options)

/**
 * An error status with the provider's own error body.
 *
 * @since 0.1.0
 * @category constructors
 */
export const status = (code: number, options: StatusOptions = {}): Reply =>
  make({ _tag: "Status", status: code, options })

/**
 * The provider's answer to too many requests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rateLimited = (options: StatusOptions = {}): Reply =>
  make({ _tag: "Status", status: "rate_limit", options })

/**
 * The provider's answer when it has no capacity: 529 at Anthropic, 503 elsewhere.
 *
 * @since 0.1.0
 * @category constructors
 */
export const overloaded = (options: StatusOptions = {}): Reply =>
  make({ _tag: "Status", status: "overloaded", options })

/**
 * The provider's answer when the account has no money or quota left, which no retry helps.
 *
 * @since 0.1.0
 * @category constructors
 */
export const quotaExhausted = (options: StatusOptions = {}): Reply =>
  make({ _tag: "Status", status: "insufficient_quota", options })

/**
 * Replays a recorded answer with the provider's framing.
 *
 * **Details**
 *
 * Lines become `data:` events, with an `event:` line before where the dialect has one, and a Chat Completions stream is
 * ended with `[DONE]`. Lines that are not JSON are sent as they are. Nothing else is added or repaired.
 *
 * @since 0.1.0
 * @category constructors
 */
export const recorded = (recording: Recording): Reply => make({ _tag: "Recorded", recording })

/**
 * A response that knows no provider.
 *
 * @since 0.1.0
 * @category constructors
 */
export const raw = (response: RawResponse): Reply => make({ _tag: "Raw", response })

/**
 * The HTML error page of a proxy between the client and the provider.
 *
 * @since 0.1.0
 * @category constructors
 */
export const html = (code: number): Reply =>
  raw({
    status: code,
    headers: { "content-type": "text/html" },
    body: `<html>\r\n<head><title>${code}</title></head>\r\n<body>\r\n<center><h1>${code}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
  })

/**
 * No answer: the connection is reset before a status is sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const reset: Reply = make({ _tag: "Nothing", ending: "reset" })

/**
 * No answer: the request is read and nothing ever comes back.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stall: Reply = make({ _tag: "Nothing", ending: "stall" })
