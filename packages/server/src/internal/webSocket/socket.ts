/** `GET {path}/socket`: several conversations on one WebSocket. */
import { Clock, Effect, Fiber, type Scope } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { Socket } from "effect/socket"

import { ChatError } from "../../ChatError.ts"
import * as own from "../error/own.ts"
import { type Route } from "../http/routes.ts"
import { type Chat } from "../server/chat.ts"
import { Exchange } from "./exchange.ts"
import { type Order, orderOf } from "./frames.ts"
import { cutAtEnd, type Wire, wireOf } from "./wire.ts"

export interface SocketSettings {
  readonly path: `/${string}`
  /** Milliseconds. */
  readonly heartbeat: number
  /** Origins of pages that may connect, beside that of the server itself. */
  readonly origins: ReadonlyArray<string> | "*"
  /** Conversations on one socket. */
  readonly maxExchanges: number
}

export const socketRoutes = (chat: Chat, settings: SocketSettings): ReadonlyArray<Route> => [
  { method: "GET", path: `${settings.path}/socket`, handler: Effect.scoped(connection(chat, settings)) },
]

const connection = Effect.fnUntraced(
  function* (chat: Chat, settings: SocketSettings) {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (!mayConnect(request, settings.origins)) {
      return yield* Effect.fail(new ChatError({ ...own.invalidRequest("This origin may not connect."), status: 403 }))
    }
    yield* cutAtEnd(request)
    const socket = yield* Effect.mapError(
      request.upgrade,
      () => new ChatError({ ...own.invalidRequest("This is a WebSocket."), status: 426 }),
    )
    const { write } = yield* socket.writer
    const wire = yield* wireOf(request, write)
    const exchanges = new Exchanges(chat, { wire, scope: yield* Effect.scope, most: settings.maxExchanges })
    const pull = yield* Socket.readerString(socket)
    yield* Effect.forkScoped(
      heartbeats(wire, { every: settings.heartbeat, close: write(new Socket.CloseEvent(4408, "silent")) }),
    )
    const clock = yield* Clock.Clock
    const heard = Effect.flatMap(pull, (texts) => {
      wire.heardAt = clock.currentTimeMillisUnsafe()
      return Effect.forEach(texts, (text) => exchanges.hear(text), { discard: true })
    })
    yield* Effect.ignore(Effect.forever(heard))
    return HttpServerResponse.empty()
  },
  Effect.catchIf(
    (error): error is Socket.SocketError => Socket.isSocketError(error),
    () => Effect.succeed(HttpServerResponse.empty()),
  ),
)

/** Browsers ask nobody before they open a WebSocket, so an origin that is not checked here is any page's. */
const mayConnect = ({ headers }: HttpServerRequest.HttpServerRequest, origins: SocketSettings["origins"]): boolean => {
  const { host, origin } = headers
  // Programs that are no browsers send none.
  if (origin === undefined || origins === "*" || origins.includes(origin)) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

interface Beats {
  readonly every: number
  readonly close: Effect.Effect<void, unknown>
}

/** A sign of life while nothing else is sent; a client that does not answer two of them is gone. */
const heartbeats = (wire: Wire, { close, every }: Beats): Effect.Effect<void> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    let asked: number | undefined
    const beat = Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe()
      if (asked !== undefined && wire.heardAt >= asked) asked = undefined
      if (asked !== undefined && now - asked >= 2 * every) return Effect.ignore(close)
      if (now - wire.sentAt < every) return Effect.void
      asked ??= now
      // What is already waiting for the client must not keep this from counting.
      return Effect.ignore(Effect.timeoutOption(wire.send(`{"type":"ping"}`), every))
    })
    return Effect.forever(Effect.andThen(Effect.sleep(every), beat))
  })

interface Surroundings {
  readonly wire: Wire
  readonly scope: Scope.Scope
  readonly most: number
}

interface Running {
  readonly exchange: Exchange
  readonly fiber: Fiber.Fiber<void>
}

class Exchanges {
  private readonly running = new Map<string, Running>()
  private readonly chat: Chat
  private readonly surroundings: Surroundings

  constructor(chat: Chat, surroundings: Surroundings) {
    this.chat = chat
    this.surroundings = surroundings
  }

  /** Does what a frame says. What is long goes on beside it. */
  hear(text: string): Effect.Effect<void> {
    const { settings } = this.chat
    const { wire } = this.surroundings
    if (text.length > settings.maxBody) {
      return wire.send(JSON.stringify({ type: "refused", error: own.bodyTooLarge }))
    }
    return Effect.matchEffect(orderOf(text, settings), {
      onFailure: ({ answer }) => wire.send(answer),
      onSuccess: (order) => this.obey(order),
    })
  }

  private obey(order: Order): Effect.Effect<void> {
    const { registry } = this.chat
    switch (order._tag) {
      case "Ask":
        return this.begin(order, this.chat.ask(order.request), order.window)
      case "Follow":
        return this.begin(order, registry.follow(order.answerId, order.after), order.window)
      case "Resume":
        return Effect.matchEffect(registry.newestOf(order.chatId), {
          onFailure: (error) => this.surroundings.wire.send(order.voice.refused(error)),
          onSuccess: (answerId) =>
            answerId === undefined
              ? this.surroundings.wire.send(order.none)
              : this.begin(order, registry.follow(answerId, 0), undefined),
        })
      case "Acknowledge":
        return Effect.sync(() => this.running.get(order.name)?.exchange.acknowledge(order.id))
      case "Stop": {
        const answerId = this.running.get(order.name)?.exchange.answerId
        return answerId === undefined ? Effect.void : Effect.ignore(registry.stop(answerId))
      }
      case "Leave": {
        const leaving = this.running.get(order.name)
        return leaving === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(leaving.fiber))
      }
      case "Alive":
        return Effect.void
    }
  }

  private begin(
    { name, voice }: Extract<Order, { readonly voice: unknown }>,
    follow: Parameters<Exchange["run"]>[0],
    window: number | undefined,
  ): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { most, scope, wire } = this.surroundings
      if (this.running.has(name))
        return wire.send(voice.refused(new ChatError(own.invalidRequest("This name is in use."))))
      if (this.running.size >= most) return wire.send(voice.refused(new ChatError(own.tooManyConversations(most))))
      const exchange = new Exchange(window)
      const run = Effect.ensuring(
        exchange.run(follow, { voice, wire }),
        Effect.sync(() => this.running.delete(name)),
      )
      return Effect.map(Effect.forkIn(run, scope), (fiber) => {
        if (fiber.pollUnsafe() === undefined) this.running.set(name, { exchange, fiber })
      })
    })
  }
}
