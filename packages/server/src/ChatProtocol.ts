/**
 * What chat servers and their clients say to each other: requests, events, frames and headers.
 *
 * An answer is one list of events that only grows. Each event has a number, from 1 on, and the same number on every
 * transport. A reader that has seen `n` events goes on after `n`, over any transport and on any process. The last event is
 * a `done` or an `error`; a stream that ends without one was cut.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Prompt, Response } from "effect/ai"

import { WireError } from "./ChatError.ts"

/**
 * The headers that the server sets, beside those of HTTP.
 *
 * @since 0.1.0
 * @category constants
 */
export const headers = {
  /** The id of the answer, before its first event. */
  answerId: "x-holdfast-answer-id",
  /** The number of the last event that a `GET` has seen; `Last-Event-ID` of SSE means the same. */
  lastEventId: "last-event-id",
} as const

/**
 * The id of an answer. A client may choose it, so that it can resume an answer of whose response it saw nothing, and so that
 * asking twice with the same id asks the model once.
 *
 * **Details**
 *
 * Everyone of the same tenant who knows the id may read the answer, so it must not be guessable: 16 characters at
 * least, of letters, digits, `_` and `-`. `crypto.randomUUID()` is one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AnswerId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{16,64}$/))

/**
 * What a client says in a conversation. Instructions of the role `system` are the application's, and none of a client's are taken.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Message = Schema.Union([Prompt.UserMessage, Prompt.AssistantMessage, Prompt.ToolMessage])

/**
 * The body of a request for an answer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ChatRequest = Schema.Struct({
  /** The conversation so far, the newest message last. `content` is a text, or parts as `effect/ai` encodes them. */
  messages: Schema.NonEmptyArray(Message),
  /** The server chooses one if it is left out. */
  answerId: Schema.optionalKey(AnswerId),
  /** The conversation. A client that knows no id of an answer can resume the newest of a conversation. */
  chatId: Schema.optionalKey(Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(256))),
  /** The message of the page that the answer goes on with, where it begins no new one. `start` says it again. */
  messageId: Schema.optionalKey(Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(256))),
  /** Whatever the application wants to know beside it, such as the name of a model. It has to check it. */
  data: Schema.optionalKey(Schema.Json),
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type ChatRequest = typeof ChatRequest.Type

/** Which text of the answer something is a piece of. 0 if left out. A new number begins a new text. */
const block = { block: Schema.optionalKey(Schema.Int) }

/**
 * The answer has begun.
 *
 * @since 0.1.0
 * @category events
 */
export const Start = Schema.Struct({
  type: Schema.Literal("start"),
  answerId: Schema.String,
  chatId: Schema.optionalKey(Schema.String),
  messageId: Schema.optionalKey(Schema.String),
})

/**
 * A piece of the answer's text.
 *
 * @since 0.1.0
 * @category events
 */
export const Token = Schema.Struct({ type: Schema.Literal("token"), text: Schema.String, ...block })

/**
 * A piece of the model's reasoning.
 *
 * @since 0.1.0
 * @category events
 */
export const Reasoning = Schema.Struct({ type: Schema.Literal("reasoning"), text: Schema.String, ...block })

/**
 * The model has begun to write the input of a tool.
 *
 * @since 0.1.0
 * @category events
 */
export const ToolInputStart = Schema.Struct({
  type: Schema.Literal("tool-input-start"),
  id: Schema.String,
  name: Schema.String,
})

/**
 * A piece of the JSON text of a tool's input.
 *
 * @since 0.1.0
 * @category events
 */
export const ToolInputDelta = Schema.Struct({
  type: Schema.Literal("tool-input-delta"),
  id: Schema.String,
  delta: Schema.String,
})

/**
 * The model calls a tool.
 *
 * @since 0.1.0
 * @category events
 */
export const ToolCall = Schema.Struct({
  type: Schema.Literal("tool-call"),
  id: Schema.String,
  name: Schema.String,
  input: Schema.Unknown,
  /** Whether the provider runs it. */
  providerExecuted: Schema.optionalKey(Schema.Boolean),
})

/**
 * What a tool returned.
 *
 * @since 0.1.0
 * @category events
 */
export const ToolResult = Schema.Struct({
  type: Schema.Literal("tool-result"),
  id: Schema.String,
  name: Schema.String,
  output: Schema.Unknown,
  /** Whether `output` is the tool's failure. */
  failed: Schema.Boolean,
  /** Whether a later result of the same id takes its place. */
  preliminary: Schema.optionalKey(Schema.Boolean),
  providerExecuted: Schema.optionalKey(Schema.Boolean),
})

/**
 * A tool waits for a person's consent.
 *
 * @since 0.1.0
 * @category events
 */
export const ToolApproval = Schema.Struct({
  type: Schema.Literal("tool-approval"),
  approvalId: Schema.String,
  toolCallId: Schema.String,
})

/**
 * A source that the model names.
 *
 * @since 0.1.0
 * @category events
 */
export const Source = Schema.Struct({
  type: Schema.Literal("source"),
  id: Schema.String,
  title: Schema.optionalKey(Schema.String),
  /** Absent for a document. */
  url: Schema.optionalKey(Schema.String),
  mediaType: Schema.optionalKey(Schema.String),
  fileName: Schema.optionalKey(Schema.String),
})

/**
 * A file that the model made.
 *
 * @since 0.1.0
 * @category events
 */
export const File = Schema.Struct({
  type: Schema.Literal("file"),
  mediaType: Schema.String,
  /** In base64. */
  data: Schema.String,
})

/**
 * The model is asked once more in the same answer, as after a tool has run.
 *
 * @since 0.1.0
 * @category events
 */
export const Step = Schema.Struct({ type: Schema.Literal("step") })

/**
 * What the application tells its own page. A part of the same name and id takes the place of an earlier one.
 *
 * @since 0.1.0
 * @category events
 */
export const Data = Schema.Struct({
  type: Schema.Literal("data"),
  name: Schema.String,
  data: Schema.Json,
  id: Schema.optionalKey(Schema.String),
  /** Whether it is news for the moment and no part of the message. */
  transient: Schema.optionalKey(Schema.Boolean),
})

const doneFields = {
  /** Why the model stopped; `stopped` where a client asked for it. */
  reason: Schema.Union([Response.FinishReason, Schema.Literal("stopped")]),
  /** As the provider reported it. A number that it did not report is absent, not zero. */
  usage: Schema.optionalKey(Schema.toEncoded(Response.Usage)),
  /** Milliseconds from the request to this event. */
  latency: Schema.Finite,
  /** Milliseconds from the request to the first piece of content. Absent if there was none. */
  timeToFirstToken: Schema.optionalKey(Schema.Finite),
  /** Who answered, as far as it is known. */
  provider: Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  /** Requests to providers that were made for the answer: retries, hedges and fallbacks count. */
  attempts: Schema.Int,
  /** What all attempts cost: `"0.0021 USD"`. Absent where it is not known in full. */
  cost: Schema.optionalKey(Schema.String),
}

/**
 * The answer is complete. Nothing follows.
 *
 * @since 0.1.0
 * @category events
 */
export const Done = Schema.Struct({ type: Schema.Literal("done"), ...doneFields })

/**
 * The answer failed. Nothing follows. What came before it stays what it is.
 *
 * @since 0.1.0
 * @category events
 */
export const Failed = Schema.Struct({ type: Schema.Literal("error"), error: WireError })

/**
 * One event of an answer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Event = Schema.Union([
  Token,
  Reasoning,
  ToolInputStart,
  ToolInputDelta,
  ToolCall,
  ToolResult,
  ToolApproval,
  Source,
  File,
  Step,
  Data,
  Start,
  Done,
  Failed,
])

/**
 * @since 0.1.0
 * @category schemas
 */
export type Event = typeof Event.Type

/**
 * Whether an event is the last one of its answer.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isTerminal = (event: Event): boolean => event.type === "done" || event.type === "error"

/**
 * The body of a whole answer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Answer = Schema.Struct({
  answerId: Schema.String,
  chatId: Schema.optionalKey(Schema.String),
  text: Schema.String,
  reasoning: Schema.optionalKey(Schema.String),
  toolCalls: Schema.Array(Schema.Struct({ ...ToolCall.fields, result: Schema.optionalKey(ToolResult) })),
  sources: Schema.Array(Source),
  files: Schema.Array(File),
  ...doneFields,
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Answer = typeof Answer.Type

/**
 * The body of every response with a status of 400 and above.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Refusal = Schema.Struct({ error: WireError })

/**
 * What one long poll brings.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Page = Schema.Struct({
  answerId: Schema.String,
  /** Events `after + 1` to `next`. Empty if nothing came while the poll waited. */
  events: Schema.Array(Event),
  /** The `after` of the next poll. */
  next: Schema.Int,
  /** Whether the last event of the answer has been delivered. */
  done: Schema.Boolean,
})

/** The client's own name of one exchange on the socket. */
const request = { request: Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(128)) }

const window = {
  /** How many events may be on their way unacknowledged. Without it there is only the socket's back-pressure; browsers have none. */
  window: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))),
}

/**
 * A frame that a client sends over a WebSocket, as JSON text.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ClientFrame = Schema.Union([
  /** Asks for an answer. */
  Schema.Struct({ type: Schema.Literal("ask"), ...request, ...window, body: ChatRequest }),
  /** Goes on reading an answer, after the event of that number. */
  Schema.Struct({
    type: Schema.Literal("follow"),
    ...request,
    ...window,
    answerId: AnswerId,
    after: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  }),
  /** Events up to this number have been taken. */
  Schema.Struct({ type: Schema.Literal("ack"), ...request, id: Schema.Int }),
  /** Ends the answer itself, for all of its readers. */
  Schema.Struct({ type: Schema.Literal("stop"), ...request }),
  /** Stops reading, as closing the socket would. */
  Schema.Struct({ type: Schema.Literal("leave"), ...request }),
  Schema.Struct({ type: Schema.Literal("pong") }),
])

/**
 * A frame that the server sends over a WebSocket, as JSON text.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ServerFrame = Schema.Union([
  Schema.Struct({ type: Schema.Literal("event"), ...request, id: Schema.Int, event: Event }),
  /** The exchange has failed, or a frame was not understood; `request` is absent where it could not be read. */
  Schema.Struct({
    type: Schema.Literal("refused"),
    request: Schema.optionalKey(Schema.String),
    error: WireError,
  }),
  /** There is nothing after the place that was asked for, and never will be. The exchange is over. */
  Schema.Struct({ type: Schema.Literal("over"), ...request }),
  /** A sign of life while nothing else comes. */
  Schema.Struct({ type: Schema.Literal("ping") }),
])
