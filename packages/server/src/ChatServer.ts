/**
 * Chat over HTTP: layers for an application's own `HttpRouter`.
 *
 * `ChatServer.layer` holds the program that answers. Each transport is one more layer on it: `sse`, and those that follow the
 * same answers otherwise. All of them read one log per answer, so that a reader which lost one connection goes on over any.
 *
 * @since 0.1.0
 */
import { type Http2ServerRequest, type Http2ServerResponse } from "node:http2"

import { type DurationInput } from "@holdfast/core/DurationInput"
import { Context, Effect, Exit, Layer, Scope, type Stream } from "effect"
import { LanguageModel, Prompt } from "effect/ai"
import { type HttpRouter, type HttpServerError } from "effect/http"

import { AnswerLog } from "./AnswerLog.ts"
import { type ChatRequest } from "./ChatProtocol.ts"
import { type Part } from "./internal/answer/events.ts"
import { Registry } from "./internal/answer/registry.ts"
import { alone } from "./internal/answer/store.ts"
import { type Authenticate } from "./internal/grpc/authenticate.ts"
import { modules } from "./internal/grpc/modules.ts"
import { type PackageMissing } from "./internal/grpc/packageMissing.ts"
import { listen, type Tls } from "./internal/grpc/server.ts"
import { serviceRoutes } from "./internal/grpc/service.ts"
import { isPlain, serve } from "./internal/grpc/stream.ts"
import { chatRoutes } from "./internal/http/chatRoutes.ts"
import { heartbeatsOf } from "./internal/http/heartbeats.ts"
import { type Cors, routes } from "./internal/http/routes.ts"
import { longPollRoutes } from "./internal/longPoll/routes.ts"
import { ChatServer } from "./internal/server/chat.ts"
import { type Options, settingsOf, time } from "./internal/server/options.ts"
import { uiRoutes } from "./internal/uiMessageStream/routes.ts"
import { socketRoutes } from "./internal/webSocket/socket.ts"

export { ChatServer } from "./internal/server/chat.ts"
export type { Limits, Options, Resume } from "./internal/server/options.ts"
export { PackageMissing } from "./internal/grpc/packageMissing.ts"
export type { Tls } from "./internal/grpc/server.ts"
export type { Authenticate } from "./internal/grpc/authenticate.ts"
export type { Cors } from "./internal/http/routes.ts"
export type { Part } from "./internal/answer/events.ts"

/**
 * A program that answers a request with the parts of a model's answer.
 *
 * **Details**
 *
 * The context of the request is its own: `RequestContext`, the sink of events and all else that a middleware of the application
 * has set. It goes on after the request where answers may be resumed.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer<E, R> = (request: ChatRequest) => Stream.Stream<Part, E, R>

/**
 * Answers requests by a program of the application.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(answer: Answer<E, R>, options: Options = {}): Layer.Layer<ChatServer, never, R> =>
  Layer.effect(
    ChatServer,
    Effect.gen(function* () {
      const settings = settingsOf(options)
      const services = yield* Effect.context<R>()
      const store = yield* AnswerLog
      const generations = yield* Scope.make()
      const registry = new Registry(generations, { ...settings, store })
      // Connections are gone by now. What goes on is of use only where another process can be asked for it.
      const finish = (what: Effect.Effect<void>) =>
        store === alone ? Effect.void : Effect.timeoutOption(what, settings.drainTimeout)
      yield* Effect.addFinalizer(() =>
        finish(registry.drain).pipe(
          Effect.andThen(Scope.close(generations, Exit.void)),
          Effect.andThen(finish(registry.published)),
        ),
      )
      return {
        settings,
        registry,
        ask: (request, ask) => registry.ask(request, answer(request), { services, patience: ask?.patience }),
      }
    }),
  )

/**
 * How a model is asked for a chat.
 *
 * @since 0.1.0
 * @category options
 */
export interface ModelOptions extends Options {
  /** The instructions of the application, before what the client says. */
  readonly system?: string | undefined
}

/**
 * Answers requests by a model, once for each request.
 *
 * **Details**
 *
 * The model is a `ResilientModel`, or any layer that provides `effect/ai`'s `LanguageModel`. It is built with the server.
 *
 * **Example** (Serving a model)
 *
 * ```ts
 * import { ChatServer } from "@holdfast/server"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Layer } from "effect"
 *
 * const model = ScriptedModel.model(ScriptedModel.text("They displace water."))
 * const Chat = ChatServer.layerModel(model, { system: "You know ships.", resume: { abandonAfter: "1 minute" } })
 * const Routes = Layer.mergeAll(ChatServer.sse(), ChatServer.webSocket()).pipe(Layer.provide(Chat))
 *
 * Layer.isLayer(Routes) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerModel = <E, R>(
  model: Layer.Layer<LanguageModel.LanguageModel, E, R>,
  { system, ...options }: ModelOptions = {},
): Layer.Layer<ChatServer, E, R> =>
  Layer.provide(
    layer(({ messages }) => {
      const said = Prompt.fromMessages(messages)
      return LanguageModel.streamText({ prompt: system === undefined ? said : Prompt.setSystem(said, system) })
    }, options),
    model,
  )

/**
 * @since 0.1.0
 * @category options
 */
export interface SseOptions {
  /** `/chat` if left out, and `/api/chat` for `uiMessageStream`. */
  readonly path?: `/${string}` | undefined
  /** How long a stream may be silent before a sign of life. 15 seconds if left out: proxies cut after 30 to 60. */
  readonly heartbeat?: DurationInput | undefined
  readonly cors?: Cors | undefined
}

/**
 * Whole answers, and answers as server-sent events.
 *
 * **Details**
 *
 * `POST /chat` gives a whole answer, `POST /chat/stream` its events as they come. `GET /chat/{answerId}/stream` goes on after
 * `Last-Event-ID`, and `DELETE /chat/{answerId}` stops an answer.
 *
 * @since 0.1.0
 * @category layers
 */
export const sse = (options: SseOptions = {}): Layer.Layer<never, never, ChatServer | HttpRouter.HttpRouter> =>
  streaming(options, { path: "/chat", make: chatRoutes })

/**
 * The routes of `useChat` of `@ai-sdk/react`, which works against them unchanged: Vercel's UI message stream.
 *
 * **Details**
 *
 * `POST {path}` answers, `GET {path}/{chatId}/stream` goes on with the answer of a conversation that is being given, and
 * `DELETE {path}/{chatId}/stream` stops it. What an answer cost is `metadata.holdfast` of its message; an error is in
 * `onData` as `data-holdfast-error` too.
 *
 * **Gotchas**
 *
 * `stop()` of `useChat` only closes its connection. Where answers may be resumed, that looks like a reload, so stop the
 * answer itself with the `DELETE`.
 *
 * @since 0.1.0
 * @category layers
 */
export const uiMessageStream = (
  options: SseOptions = {},
): Layer.Layer<never, never, ChatServer | HttpRouter.HttpRouter> =>
  streaming(options, { path: "/api/chat", make: uiRoutes })

/**
 * @since 0.1.0
 * @category options
 */
export interface LongPollOptions {
  /** `/chat` if left out. */
  readonly path?: `/${string}` | undefined
  /** How long an answer waits for the next poll before it counts as left. 30 seconds if left out. */
  readonly keep?: DurationInput | undefined
  readonly cors?: Cors | undefined
}

/**
 * Answers by long polling, for networks that let nothing else through.
 *
 * **Details**
 *
 * `POST {path}/poll` begins an answer, `GET {path}/{answerId}/poll?after=n&wait=25` waits for events after the first `n`.
 *
 * @since 0.1.0
 * @category layers
 */
export const longPoll = (
  options: LongPollOptions = {},
): Layer.Layer<never, never, ChatServer | HttpRouter.HttpRouter> =>
  transport((chat) =>
    routes(
      longPollRoutes(chat, { path: options.path ?? "/chat", keep: time("keep", options.keep ?? "30 seconds") }),
      options.cors,
    ),
  )

/**
 * @since 0.1.0
 * @category options
 */
export interface WebSocketOptions {
  /** `/chat` if left out; the socket is at `{path}/socket`. */
  readonly path?: `/${string}` | undefined
  /** How long a socket may be silent before a sign of life. 15 seconds if left out. */
  readonly heartbeat?: DurationInput | undefined
  /** Origins of pages that may connect: `["https://app.example"]`, or `"*"` for all. Only those of the server itself if left out. */
  readonly origins?: ReadonlyArray<string> | "*" | undefined
  /** Conversations on one socket at a time. 64 if left out. */
  readonly maxConversations?: number | undefined
}

/**
 * Several conversations on one WebSocket, each with flow control of its own. Speaks the protocol of `WebSocketChatTransport` of
 * `ai` as well.
 *
 * **Gotchas**
 *
 * How large a frame may be that a client sends is an option of the server, because it is in memory before a handler sees it:
 * `NodeHttpServer.layer(createServer, { port, websocket: { maxPayload: 1_048_576 } })`.
 *
 * @since 0.1.0
 * @category layers
 */
export const webSocket = (
  options: WebSocketOptions = {},
): Layer.Layer<never, never, ChatServer | HttpRouter.HttpRouter> =>
  transport((chat) =>
    routes(
      socketRoutes(chat, {
        path: options.path ?? "/chat",
        heartbeat: time("heartbeat", options.heartbeat ?? "15 seconds"),
        origins: options.origins ?? [],
        maxExchanges: options.maxConversations ?? 64,
      }),
      undefined,
    ),
  )

/**
 * @since 0.1.0
 * @category options
 */
export interface GrpcOptions {
  /** A port of its own; any free one with 0. */
  readonly port: number
  /** `127.0.0.1` if left out. */
  readonly host?: string | undefined
  /**
   * What is spoken without TLS. `http2` if left out: gRPC, gRPC-Web and Connect for programs. `http1` is gRPC-Web and Connect for
   * browsers behind a proxy that speaks HTTP/1.1 to its servers.
   */
  readonly protocol?: "http2" | "http1" | undefined
  /** With TLS one port speaks all of it over both. */
  readonly tls?: Tls | undefined
  /** Who calls, by the headers of a call, in lower case. A failure refuses it. Nobody in particular if left out. */
  readonly authenticate?: Authenticate | undefined
  /** How long calls may go on when the server stops. 5 seconds if left out. */
  readonly drainTimeout?: DurationInput | undefined
}

/**
 * Where gRPC is served.
 *
 * @since 0.1.0
 * @category services
 */
export class GrpcServer extends Context.Service<GrpcServer, { readonly port: number }>()(
  "@holdfast/server/GrpcServer",
) {}

/**
 * gRPC, gRPC-Web and Connect, from one definition: `holdfast.chat.v1.ChatService` in `proto/holdfast/chat/v1/chat.proto`.
 *
 * **Details**
 *
 * An error is the status of a call, with the typed error in its details. It needs `@connectrpc/connect`,
 * `@connectrpc/connect-node` and `@bufbuild/protobuf`, which are loaded when the layer is built.
 *
 * **Gotchas**
 *
 * It does not stand behind the middleware of the application's router, so it has `authenticate` of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const grpc = (
  options: GrpcOptions,
): Layer.Layer<GrpcServer, PackageMissing | HttpServerError.ServeError, ChatServer> =>
  Layer.effect(
    GrpcServer,
    Effect.gen(function* () {
      const chat = yield* ChatServer
      const loaded = yield* modules
      const services = yield* Effect.context()
      const authenticate = options.authenticate ?? (() => Effect.succeed({}))
      const settings = { chat, authenticate, modules: loaded, services }
      const connect = loaded.node.connectNodeAdapter({
        routes: serviceRoutes(settings),
        readMaxBytes: chat.settings.maxBody,
      })
      const handler = (request: Http2ServerRequest, response: Http2ServerResponse) =>
        isPlain(request) ? serve(settings, { request, response }) : connect(request, response)
      const port = yield* listen(handler, {
        port: options.port,
        host: options.host ?? "127.0.0.1",
        protocol: options.protocol ?? "http2",
        tls: options.tls,
        drain: time("drainTimeout", options.drainTimeout ?? "5 seconds"),
      })
      return { port }
    }),
  )

interface Dialect {
  readonly path: `/${string}`
  readonly make: typeof chatRoutes
}

const streaming = (
  { cors, heartbeat: silence, path }: SseOptions,
  dialect: Dialect,
): Layer.Layer<never, never, ChatServer | HttpRouter.HttpRouter> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const chat = yield* ChatServer
      const heartbeat = time("heartbeat", silence ?? "15 seconds")
      const heartbeats = yield* heartbeatsOf(heartbeat)
      return routes(dialect.make(chat, { path: path ?? dialect.path, heartbeat, heartbeats }), cors)
    }),
  )

const transport = (
  make: (chat: ChatServer["Service"]) => Layer.Layer<never, never, HttpRouter.HttpRouter>,
): Layer.Layer<never, never, ChatServer | HttpRouter.HttpRouter> => Layer.unwrap(Effect.map(ChatServer, make))

/**
 * Takes no new requests and completes when no answer is being given any more.
 *
 * **When to use**
 *
 * Use before the server is closed, when the process has been asked to stop: answer a load balancer's question whether this
 * process is ready with 503, run this with a timeout, and then close the scope.
 *
 * @since 0.1.0
 * @category combinators
 */
export const drain: Effect.Effect<void, never, ChatServer> = Effect.flatMap(
  ChatServer,
  ({ registry }) => registry.drain,
)
