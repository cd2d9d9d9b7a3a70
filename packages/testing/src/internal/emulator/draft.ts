import { Duration, type Effect, Match, Predicate, Result, Schema } from "effect"

import { type Answer, type EmbeddingsAnswer, type MediaAnswer, type Recording, type Reply } from "../../Reply.ts"
import { type Call, type Dialect, type Failure, isJson, resolve, retryHeaders } from "./dialect.ts"
import { body, type Frame } from "./frame.ts"
import { wantsMedia } from "./googleMedia.ts"

/** How the connection is left once the frames are written. */
export type Ending = "end" | "close" | "reset" | "stall"

/** Who is answered, and in which words. */
export interface Conversation {
  readonly dialect: Dialect
  readonly call: Call
}

/** An answer that its faults are still working on. */
export interface Draft {
  /** `undefined` when the client gets no answer at all. */
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly streamed: boolean
  /** Whether the body ends where it says it does, so that its length can be announced. */
  readonly whole: boolean
  readonly frames: ReadonlyArray<Frame>
  readonly ending: Ending
  readonly beforeHeaders: Duration.Duration
  readonly beforeFirst: Duration.Duration
  readonly between: Duration.Duration
  readonly holds: ReadonlyArray<{ readonly frames: number; readonly until: Effect.Effect<unknown> }>
  readonly splitBytes: number | undefined
  readonly carriageReturns: boolean
  readonly comments: boolean
}

const blank: Draft = {
  status: 200,
  headers: {},
  streamed: false,
  whole: true,
  frames: [],
  ending: "end",
  beforeHeaders: Duration.zero,
  beforeFirst: Duration.zero,
  between: Duration.zero,
  holds: [],
  splitBytes: undefined,
  carriageReturns: false,
  comments: false,
}

const parseJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

const jsonType = "application/json"

/** The frames of a body that is not streamed. */
export const bodyFrames = (value: unknown): ReadonlyArray<Frame> =>
  body(Predicate.isString(value) ? value : JSON.stringify(value))

const answered = (answer: Answer, { call, dialect }: Conversation): Draft => {
  const named = { ...call, model: answer.model ?? call.model }
  const resolved = resolve(answer, named)
  return {
    ...blank,
    streamed: call.stream,
    headers: { ...dialect.headers(call), "content-type": call.stream ? dialect.contentType : jsonType },
    frames: call.stream ? dialect.frames(resolved, named) : bodyFrames(dialect.json(resolved, named)),
  }
}

const embedded = (answer: EmbeddingsAnswer, { call, dialect }: Conversation): Draft => {
  const named = { ...call, model: answer.model ?? call.model }
  return {
    ...blank,
    headers: { ...dialect.headers(call), "content-type": jsonType },
    // Of an API for chats a mistake of the test: an answer that no SDK takes for one.
    frames: bodyFrames(dialect.embeddings?.(answer, named) ?? {}),
  }
}

const mediaDraft = (answer: MediaAnswer, { call, dialect }: Conversation): Draft => {
  const named = { ...call, model: answer.model ?? call.model }
  const rendered = dialect.media?.(answer, named)
  // Of an API without media a mistake of the test: an answer that no SDK takes for one.
  if (rendered === undefined) return { ...blank, headers: dialect.headers(call), frames: bodyFrames({}) }
  const { contentType, frames, streamed } = rendered
  return { ...blank, streamed, frames, headers: { ...dialect.headers(call), "content-type": contentType } }
}

const failed = (failure: Failure, { call, dialect }: Conversation): Draft => ({
  ...blank,
  status: failure.status,
  headers: {
    ...dialect.headers(call),
    "content-type": jsonType,
    ...(dialect.name === "google" ? {} : retryHeaders(failure.options)),
    ...failure.options.headers,
  },
  frames: bodyFrames(failure.options.body ?? dialect.errorBody(failure, call)),
})

const recordedFrames = (lines: string | ReadonlyArray<string>, dialect: Dialect): ReadonlyArray<Frame> => {
  const events = (Predicate.isString(lines) ? lines.split("\n") : lines).filter((line) => line.trim() !== "")
  const frames = events.map((line): Frame => {
    const event = Result.getOrUndefined(parseJson(line))
    if (!isJson(event)) return { _tag: "Event", event: undefined, data: line, terminal: false }
    return { _tag: "Event", event: dialect.eventName(event), data: line, terminal: dialect.isTerminal(event) }
  })
  return events.at(-1) === "[DONE]" ? frames : [...frames, ...dialect.done]
}

const replayed = (recording: Recording, { call, dialect }: Conversation): Draft => {
  const streamed = "lines" in recording
  return {
    ...blank,
    status: recording.status ?? 200,
    streamed,
    headers: {
      ...dialect.headers(call),
      "content-type": streamed ? dialect.contentType : jsonType,
      ...recording.headers,
    },
    frames: streamed ? recordedFrames(recording.lines, dialect) : bodyFrames(recording.body),
  }
}

/** What a reply would send if it had no faults. */
export const draft = ({ content }: Reply, conversation: Conversation): Draft =>
  Match.valueTags(content, {
    // An API for embeddings or media has no other way to answer.
    Answer: ({ answer }) => {
      if (conversation.dialect.embeddings !== undefined) return embedded({}, conversation)
      return isForMedia(conversation) ? mediaDraft({}, conversation) : answered(answer, conversation)
    },
    Media: ({ answer }) => mediaDraft(answer, conversation),
    Embeddings: ({ answer }) => embedded(answer, conversation),
    Status: ({ options, status }) =>
      failed(
        Predicate.isNumber(status)
          ? { status, kind: undefined, options }
          : { status: conversation.dialect.statusOf(status), kind: status, options },
        conversation,
      ),
    Recorded: ({ recording }) => replayed(recording, conversation),
    Raw: ({ response }) => ({ ...blank, ...response, frames: body(response.body) }),
    Nothing: ({ ending }) => ({ ...blank, status: undefined, ending }),
  })

const isForMedia = ({ call, dialect }: Conversation): boolean =>
  dialect.media !== undefined && (dialect.name !== "google" || wantsMedia(call))
