/**
 * The streams of gRPC on HTTP/2, from the log to the socket.
 *
 * Connect serves all of its protocols, but takes each message through a chain of promises. What nearly all messages are, events
 * of `Ask` and `Follow` over plain gRPC, goes this way instead; the rest is Connect's.
 */
import { type Http2ServerRequest, type Http2ServerResponse } from "node:http2"

import { RequestContext } from "@holdfast/core"
import { Effect, Exit, Option, Result, type Scope } from "effect"

import { ChatError, toWire } from "../../ChatError.ts"
import { type Event } from "../../ChatProtocol.ts"
import { type Reader } from "../answer/log.ts"
import { type Following } from "../answer/registry.ts"
import * as own from "../error/own.ts"
import { framesOf, messageOf, type Status, timeoutOf, trailersOf } from "./frames.ts"
import { errorInit, eventInit } from "./messages.ts"
import { type Modules } from "./modules.ts"
import { codeOf, followOf, type ServiceSettings } from "./service.ts"

const methods = /\/holdfast\.chat\.v1\.ChatService\/(Ask|Follow)$/

/** Whether a call is one of those that go this way. */
export const isPlain = ({ headers, httpVersionMajor, method, url }: Http2ServerRequest): boolean =>
  httpVersionMajor === 2 &&
  method === "POST" &&
  methods.test(url) &&
  /^application\/grpc(?:\+proto)?$/.test(headers["content-type"] ?? "") &&
  (headers["grpc-encoding"] ?? "identity") === "identity"

interface Call {
  readonly request: Http2ServerRequest
  readonly response: Http2ServerResponse
}

export const serve = (settings: ServiceSettings, call: Call): void => {
  const { request, response } = call
  const controller = new AbortController()
  response.once("close", () => controller.abort())
  const timeout = timeoutOf(request.headers["grpc-timeout"] as string | undefined)
  const answered = Effect.scoped(
    Effect.flatMap(followed(settings, request), ({ reader }) => written(settings, reader, call)),
  )
  const limited =
    timeout === undefined
      ? answered
      : Effect.timeoutOrElse(answered, {
          duration: timeout,
          orElse: () => Effect.fail(new ChatError(own.answerTooSlow)),
        })
  void Effect.runPromiseExitWith(settings.services)(limited, { signal: controller.signal }).then((exit) =>
    finish(settings, call, exit),
  )
}

const finish = ({ modules }: ServiceSettings, { response }: Call, exit: Exit.Exit<void, ChatError>): void => {
  if (response.stream.destroyed || response.writableEnded) return
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  const failed = error ?? (Exit.isFailure(exit) ? new ChatError(own.serverStopping) : undefined)
  head(response)
  const status: Status =
    failed === undefined
      ? { code: 0, message: "" }
      : {
          code: modules.connect.Code[codeOf(failed)],
          message: failed.message,
          details: [
            modules.service.ErrorSchema.typeName,
            modules.protobuf.toBinary(
              modules.service.ErrorSchema,
              modules.protobuf.create(modules.service.ErrorSchema, errorInit(toWire(failed))),
            ),
          ],
          retryAfter: failed.retryAfter === undefined ? undefined : String(Math.ceil(failed.retryAfter / 1000)),
        }
  response.addTrailers(trailersOf(modules, status))
  response.end()
}

const head = (response: Http2ServerResponse): void => {
  if (!response.headersSent) response.writeHead(200, { "content-type": "application/grpc+proto" })
}

const followed = (
  settings: ServiceSettings,
  request: Http2ServerRequest,
): Effect.Effect<Following, ChatError, Scope.Scope> =>
  Effect.flatMap(
    inTime(bodyOf(request, settings.chat.settings.maxBody), settings.chat.settings.bodyTimeout),
    (body) => {
      const message = messageOf(body)
      const { service } = settings.modules
      const schema = request.url.endsWith("Ask") ? service.AskRequestSchema : service.FollowRequestSchema
      const decoded =
        message === undefined ? undefined : Result.try(() => settings.modules.protobuf.fromBinary(schema, message))
      if (decoded === undefined || Result.isFailure(decoded)) {
        return Effect.fail(new ChatError(own.invalidRequest("The message is not one of this method.")))
      }
      return Effect.flatMap(settings.authenticate(headersOf(request)), (fields) =>
        RequestContext.annotate(followOf(settings, decoded.success), fields),
      )
    },
  )

const headersOf = ({ headers }: Http2ServerRequest): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith(":") || value === undefined ? [] : [[name, String(value)] as const],
    ),
  )

const inTime = <A>(body: Effect.Effect<A, ChatError>, duration: number): Effect.Effect<A, ChatError> =>
  Effect.timeoutOrElse(body, { duration, orElse: () => Effect.fail(new ChatError(own.bodyTooSlow)) })

const bodyOf = (request: Http2ServerRequest, most: number): Effect.Effect<Uint8Array, ChatError> =>
  Effect.callback<Uint8Array, ChatError>((resume) => {
    const pieces: Array<Uint8Array> = []
    let size = 0
    request.on("data", (piece: Uint8Array) => {
      size += piece.length
      if (size > most) resume(Effect.fail(new ChatError(own.bodyTooLarge)))
      else pieces.push(piece)
    })
    request.once("end", () => resume(Effect.succeed(Buffer.concat(pieces))))
    request.once("error", () => resume(Effect.fail(new ChatError(own.invalidRequest("The request broke off.")))))
  })

/** Tokens are nearly all there is, and their message is two fields in one. */
const encode = (
  { protobuf, service, wire }: Modules,
  event: Exclude<Event, { type: "error" }>,
  id: number,
): Uint8Array => {
  if (event.type !== "token") {
    return protobuf.toBinary(service.ChatEventSchema, protobuf.create(service.ChatEventSchema, eventInit(event, id)))
  }
  const token = new wire.BinaryWriter().uint32(8).uint32(id).uint32(26).fork().uint32(10).string(event.text)
  return (event.block === undefined ? token : token.uint32(16).uint32(event.block)).join().finish()
}

/** Characters that are taken from a log at once. */
const mostPerWrite = 32_768

/** Writes events as they come and as the client takes them, until the last one. */
const written = ({ modules }: ServiceSettings, reader: Reader, { response }: Call): Effect.Effect<void, ChatError> =>
  Effect.callback<void, ChatError>((resume) => {
    let room = true
    const flow = () => {
      while (room) {
        let number = reader.position
        const entries = reader.take(mostPerWrite)
        if (entries.length === 0) {
          if (reader.done) resume(Effect.void)
          return
        }
        const messages: Array<Uint8Array> = []
        let failure: ChatError | undefined
        for (const { event } of entries) {
          if (event.type === "error") failure = new ChatError(event.error)
          else messages.push(encode(modules, event, ++number))
        }
        if (messages.length > 0) room = response.write(framesOf(messages))
        if (failure !== undefined) return resume(Effect.fail(failure))
      }
    }
    const drained = () => {
      room = true
      flow()
    }
    const unwatch = reader.log.watch(flow)
    response.on("drain", drained)
    // So that a client knows at once that it was heard.
    head(response)
    flow()
    return Effect.sync(() => {
      unwatch()
      response.off("drain", drained)
    })
  })
