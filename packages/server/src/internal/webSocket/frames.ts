/** What a client says on a socket, in our own protocol or in Vercel's, as what is to be done. */
import { Effect, Predicate, Schema } from "effect"

import { type ChatError, toWire } from "../../ChatError.ts"
import { type ChatRequest, ClientFrame } from "../../ChatProtocol.ts"
import { chatRequestOf, decoded, parseJson, type RequestLimits } from "../http/body.ts"
import { ChunkWriter } from "../uiMessageStream/chunks.ts"
import { uiRequestOf } from "../uiMessageStream/request.ts"
import { type Voice } from "./exchange.ts"

export type Order =
  | {
      readonly _tag: "Ask"
      readonly name: string
      readonly request: ChatRequest
      readonly window: number | undefined
      readonly voice: Voice
    }
  | {
      readonly _tag: "Follow"
      readonly name: string
      readonly answerId: string
      readonly after: number
      readonly window: number | undefined
      readonly voice: Voice
    }
  | {
      readonly _tag: "Resume"
      readonly name: string
      readonly chatId: string
      readonly none: string
      readonly voice: Voice
    }
  | { readonly _tag: "Acknowledge"; readonly name: string; readonly id: number }
  | { readonly _tag: "Stop"; readonly name: string }
  | { readonly _tag: "Leave"; readonly name: string }
  | { readonly _tag: "Alive" }

/** A frame that was not understood, and what its client is told. */
export class Misunderstood {
  readonly answer: string
  constructor(answer: string) {
    this.answer = answer
  }
}

export const orderOf = (text: string, limits: RequestLimits): Effect.Effect<Order, Misunderstood> =>
  Effect.flatMap(
    Effect.mapError(parseJson(text), (error) => new Misunderstood(refusal(undefined, error))),
    (frame) => {
      const theirs = Predicate.hasProperty(frame, "requestId") && Predicate.isString(frame.requestId)
      const name = nameOf(frame)
      return theirs
        ? Effect.mapError(
            vercelOrder(frame, limits),
            (error) => new Misunderstood(vercelError(String(frame.requestId), error)),
          )
        : Effect.mapError(ownOrder(frame, limits), (error) => new Misunderstood(refusal(name, error)))
    },
  )

const nameOf = (frame: unknown): string | undefined =>
  Predicate.hasProperty(frame, "request") && Predicate.isString(frame.request) ? frame.request.slice(0, 128) : undefined

const refusal = (request: string | undefined, error: ChatError): string =>
  JSON.stringify({ type: "refused", ...(request !== undefined && { request }), error: toWire(error) })

// The body is checked as those of HTTP are, limits and all.
const Frame = Schema.Union(
  ClientFrame.members.map((member) =>
    "body" in member.fields ? Schema.Struct({ ...member.fields, body: Schema.Unknown }) : member,
  ),
)
const decodeFrame = Schema.decodeUnknownResult(Schema.toCodecJson(Frame))

const ownOrder = (json: unknown, limits: RequestLimits): Effect.Effect<Order, ChatError> =>
  Effect.flatMap(decoded(decodeFrame(json)), (frame): Effect.Effect<Order, ChatError> => {
    switch (frame.type) {
      case "ask":
        return Effect.map(chatRequestOf(frame.body, limits), (request) => ({
          _tag: "Ask",
          name: frame.request,
          request,
          window: frame.window,
          voice: ownVoice(frame.request),
        }))
      case "follow": {
        const { after, answerId, request: name, window } = frame
        return Effect.succeed({ _tag: "Follow", name, answerId, after, window, voice: ownVoice(name) })
      }
      case "ack":
        return Effect.succeed({ _tag: "Acknowledge", name: frame.request, id: frame.id })
      case "stop":
        return Effect.succeed({ _tag: "Stop", name: frame.request })
      case "leave":
        return Effect.succeed({ _tag: "Leave", name: frame.request })
      case "pong":
        return Effect.succeed({ _tag: "Alive" })
    }
  })

const ownVoice = (name: string): Voice => {
  const head = `{"type":"event","request":${JSON.stringify(name)},"id":`
  return {
    opening: [],
    frames: ({ json }, number) => [`${head}${number},"event":${json}}`],
    closing: [],
    over: [JSON.stringify({ type: "over", request: name })],
    refused: (error) => refusal(name, error),
  }
}

const VercelFrame = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("send"),
    requestId: Schema.String,
    id: Schema.String,
    messages: Schema.Array(Schema.Unknown),
    body: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
  }),
  Schema.Struct({ type: Schema.Literal("resume"), requestId: Schema.String, id: Schema.String }),
  Schema.Struct({ type: Schema.Literal("abort"), requestId: Schema.String }),
])

const decodeVercelFrame = Schema.decodeUnknownResult(VercelFrame)

/** The protocol of `WebSocketChatTransport`. Here a stop is explicit, so an answer that may be resumed is not left running by it. */
const vercelOrder = (json: unknown, limits: RequestLimits): Effect.Effect<Order, ChatError> =>
  Effect.flatMap(decoded(decodeVercelFrame(json)), (frame): Effect.Effect<Order, ChatError> => {
    const name = frame.requestId
    switch (frame.type) {
      case "send":
        return Effect.map(
          uiRequestOf({ ...frame.body, id: frame.id, messages: frame.messages }, limits),
          (request): Order => ({ _tag: "Ask", name, request, window: undefined, voice: vercelVoice(name) }),
        )
      case "resume": {
        const none = JSON.stringify({ type: "no-active", requestId: name })
        return Effect.succeed({ _tag: "Resume", name, chatId: frame.id, none, voice: vercelVoice(name) })
      }
      case "abort":
        return Effect.succeed({ _tag: "Stop", name })
    }
  })

const vercelError = (requestId: string, { message }: ChatError): string =>
  JSON.stringify({ type: "error", requestId, errorText: message })

const vercelVoice = (requestId: string): Voice => {
  const writer = new ChunkWriter()
  let sequence = 0
  return {
    opening: [JSON.stringify({ type: "start", requestId })],
    frames: ({ event }) =>
      writer.chunks(event).map((chunk) => JSON.stringify({ type: "chunk", requestId, sequence: sequence++, chunk })),
    closing: [JSON.stringify({ type: "end", requestId })],
    over: [JSON.stringify({ type: "no-active", requestId })],
    refused: (error) => vercelError(requestId, error),
  }
}
