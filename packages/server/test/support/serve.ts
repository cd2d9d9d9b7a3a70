/** A chat server on a loopback port. */
import { createServer, type Server } from "node:http"
import { type Socket } from "node:net"

import { NodeHttpServer } from "@effect/platform-node"
import { ChatServer } from "@holdfast/server"
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"

interface Served {
  readonly url: string
  readonly port: number
  /** Node's own server, for its sockets. */
  readonly node: Server
  readonly sockets: ReadonlySet<Socket>
}

/** Serves routes until the scope ends. Connections that are open then are cut. */
export const serve = <E, R>(routes: Layer.Layer<never, E, R>, options: { readonly maxPayload?: number } = {}) =>
  Effect.gen(function* () {
    const node = createServer()
    const sockets = new Set<Socket>()
    node.on("connection", (socket: Socket) => {
      sockets.add(socket)
      socket.once("close", () => sockets.delete(socket))
    })
    const context = yield* Layer.build(
      HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provideMerge(
          NodeHttpServer.layer(() => node, {
            port: 0,
            host: "127.0.0.1",
            disablePreemptiveShutdown: true,
            ...(options.maxPayload !== undefined && { websocket: { maxPayload: options.maxPayload } }),
          }),
        ),
      ),
    )
    // Added last, so that it comes first: a connection that stalls would hold up the rest.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
      }),
    )
    const { address } = Context.get(context, HttpServer.HttpServer) as { readonly address: unknown }
    const { port } = address as { readonly port: number }
    return { url: `http://127.0.0.1:${port}`, port, node, sockets } satisfies Served
  })

/** All transports on one program that answers. */
export const sse = <E, R>(chat: Layer.Layer<ChatServer.ChatServer, E, R>, options?: ChatServer.SseOptions) =>
  serve(Layer.provide(ChatServer.sse(options), chat))
