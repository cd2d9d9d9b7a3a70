/** A server of its own, because gRPC wants HTTP/2, which without TLS cannot share a port with HTTP/1.1. */
import * as http from "node:http"
import * as http2 from "node:http2"
import { type AddressInfo, type Socket } from "node:net"

import { Effect, type Scope } from "effect"
import { HttpServerError } from "effect/http"

type Handler = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void

/** Certificate and key of the server, as Node.js takes them. */
export interface Tls {
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
}

export interface ListenSettings {
  readonly port: number
  readonly host: string
  readonly protocol: "http2" | "http1"
  readonly tls: Tls | undefined
  /** Milliseconds that calls may go on when the server stops. */
  readonly drain: number
}

export const listen = (
  handler: Handler,
  { drain, host, port, protocol, tls }: ListenSettings,
): Effect.Effect<number, HttpServerError.ServeError, Scope.Scope> =>
  Effect.gen(function* () {
    const server = make(handler as never, { protocol, tls })
    const sockets = new Set<Socket>()
    server.on("connection", (socket: Socket) => {
      sockets.add(socket)
      socket.once("close", () => sockets.delete(socket))
    })
    yield* Effect.acquireRelease(
      Effect.callback<void, HttpServerError.ServeError>((resume) => {
        server.once("error", (cause) => resume(Effect.fail(new HttpServerError.ServeError({ cause }))))
        server.listen(port, host, () => resume(Effect.void))
      }),
      () => Effect.andThen(Effect.timeoutOption(closed(server), drain), cut(sockets)),
    )
    return (server.address() as AddressInfo).port
  })

type Server = http.Server | http2.Http2Server | http2.Http2SecureServer

const make = (handler: never, { protocol, tls }: Pick<ListenSettings, "protocol" | "tls">): Server => {
  // With TLS the client chooses, so one port speaks both.
  if (tls !== undefined)
    return http2.createSecureServer({ ...tls, allowHTTP1: true } as http2.SecureServerOptions, handler)
  return protocol === "http2" ? http2.createServer(handler) : http.createServer(handler)
}

const closed = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
  })

const cut = (sockets: ReadonlySet<Socket>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const socket of sockets) socket.destroy()
  })
