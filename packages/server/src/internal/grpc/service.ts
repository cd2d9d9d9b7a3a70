/** The methods of `chat.proto`. */
import { type ConnectRouter, type HandlerContext } from "@connectrpc/connect"
import { RequestContext } from "@holdfast/core"
import { type Context, Effect, type Scope } from "effect"

import { type AskRequest, type FollowRequest } from "../../chat_pb.ts"
import { ChatError, toWire } from "../../ChatError.ts"
import { type Following } from "../answer/registry.ts"
import { wholeAnswer } from "../answer/whole.ts"
import * as own from "../error/own.ts"
import { chatRequestOf } from "../http/body.ts"
import { type Chat } from "../server/chat.ts"
import { type Authenticate } from "./authenticate.ts"
import { EventIterator, type Running } from "./iterator.ts"
import { answerInit, bodyOf, errorInit } from "./messages.ts"
import { type Modules } from "./modules.ts"

export interface ServiceSettings {
  readonly chat: Chat
  readonly authenticate: Authenticate
  readonly modules: Modules
  /** Of the server. */
  readonly services: Context.Context<never>
}

export const serviceRoutes =
  (settings: ServiceSettings) =>
  (router: ConnectRouter): void => {
    const { chat } = settings
    const ask = (request: AskRequest) => followOf(settings, request)
    const authenticated = <A, E, R>(context: HandlerContext, effect: Effect.Effect<A, E, R>) =>
      Effect.flatMap(settings.authenticate(Object.fromEntries(context.requestHeader)), (fields) =>
        RequestContext.annotate(effect, fields),
      )
    const unary = <A>(context: HandlerContext, effect: Effect.Effect<A, ChatError>): Promise<A> => {
      const { refuse, run } = running(settings, context)
      return run(Effect.result(authenticated(context, effect))).then((result) =>
        result._tag === "Success" ? result.success : Promise.reject(refuse(result.failure)),
      )
    }
    router.service(settings.modules.service.ChatService, {
      ask: (request, context) => new EventIterator(authenticated(context, ask(request)), running(settings, context)),
      follow: (request, context) =>
        new EventIterator(authenticated(context, followOf(settings, request)), running(settings, context)),
      answer: (request, context) =>
        unary(context, Effect.map(Effect.scoped(Effect.flatMap(ask(request), wholeAnswer)), answerInit)),
      stop: ({ answerId }, context) =>
        unary(context, Effect.as(Effect.andThen(checked(answerId), chat.registry.stop(answerId)), {})),
    })
  }

/** What a call that streams reads. */
export const followOf = (
  { chat }: Pick<ServiceSettings, "chat">,
  request: AskRequest | FollowRequest,
): Effect.Effect<Following, ChatError, Scope.Scope> =>
  "after" in request
    ? Effect.andThen(checked(request.answerId), chat.registry.follow(request.answerId, request.after))
    : Effect.flatMap(chatRequestOf(bodyOf(request), chat.settings), (asked) => chat.ask(asked))

const checked = (answerId: string): Effect.Effect<void, ChatError> =>
  /^[A-Za-z0-9_-]{16,64}$/.test(answerId) ? Effect.void : Effect.fail(new ChatError(own.answerNotFound))

const running = ({ modules, services }: ServiceSettings, { signal }: HandlerContext): Running => ({
  signal,
  run: (effect) => Effect.runPromiseWith(services)(effect, { signal }),
  refuse: (error) => connectError(modules, error),
})

/** A status of gRPC, with our own error in its details, and the hint where clients look for it. */
const connectError = ({ connect, service }: Modules, error: ChatError): Error =>
  new connect.ConnectError(
    error.message,
    connect.Code[codeOf(error)],
    error.retryAfter === undefined ? undefined : { "retry-after": String(Math.ceil(error.retryAfter / 1000)) },
    [{ desc: service.ErrorSchema, value: errorInit(toWire(error)) }],
  )

type CodeName = keyof Modules["connect"]["Code"]

export const codeOf = ({ retryable, status }: ChatError): CodeName =>
  codes[status] ?? (retryable ? "Unavailable" : "Internal")

const codes: Readonly<Record<number, CodeName>> = {
  400: "InvalidArgument",
  401: "Unauthenticated",
  402: "ResourceExhausted",
  403: "PermissionDenied",
  404: "NotFound",
  408: "DeadlineExceeded",
  410: "Aborted",
  413: "InvalidArgument",
  422: "FailedPrecondition",
  429: "ResourceExhausted",
  503: "Unavailable",
  504: "DeadlineExceeded",
}
