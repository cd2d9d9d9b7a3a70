/** Servers on a loopback port: one of ours, and one that says just what a test wants. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type AddressInfo, type Socket } from "node:net"

import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"

interface Served {
  readonly url: string
  readonly port: number
  /** Cuts all connections, as a proxy or a network would. */
  readonly cut: Effect.Effect<void>
}

const keeping = (node: ReturnType<typeof createServer>) => {
  const sockets = new Set<Socket>()
  node.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  return Effect.sync(() => {
    for (const socket of sockets) socket.destroy()
  })
}

/** Serves routes until the scope ends, at any free port if none is given. */
export const serve = <E, R>(routes: Layer.Layer<never, E, R>, port = 0) =>
  Effect.gen(function* () {
    const node = createServer()
    const cut = keeping(node)
    const context = yield* Layer.build(
      HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provideMerge(
          NodeHttpServer.layer(() => node, { port, host: "127.0.0.1", disablePreemptiveShutdown: true }),
        ),
      ),
    )
    // Added last, so that it comes first: a connection that stalls would hold up the rest.
    yield* Effect.addFinalizer(() => cut)
    const { address } = Context.get(context, HttpServer.HttpServer) as unknown as { readonly address: AddressInfo }
    return { url: `http://127.0.0.1:${address.port}`, port: address.port, cut } satisfies Served
  })

interface Heard {
  readonly method: string
  readonly path: string
  readonly after: string | undefined
  readonly body: string
  readonly headers: IncomingMessage["headers"]
}

/** What a server does with one request. */
export type Reply = (response: ServerResponse, heard: Heard) => void

/** Answers the first request by the first reply, and so on; the last one answers all that follow. */
export const wire = (...replies: ReadonlyArray<Reply>) =>
  Effect.gen(function* () {
    const heard: Array<Heard> = []
    const node = createServer((request, response) => {
      let body = ""
      request.on("data", (piece) => (body += String(piece)))
      request.on("end", () => {
        const after = request.headers["last-event-id"] as string | undefined
        const each = { method: request.method ?? "", path: request.url ?? "", after, body, headers: request.headers }
        heard.push(each)
        const reply = replies[Math.min(heard.length, replies.length) - 1]
        reply?.(response, each)
      })
    })
    const cut = keeping(node)
    yield* Effect.promise(() => new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve)))
    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        cut,
        Effect.sync(() => void node.close()),
      ),
    )
    return { url: `http://127.0.0.1:${(node.address() as AddressInfo).port}/chat`, heard, cut }
  })

export const frame = (id: number, event: object): string => `id: ${id}\nevent: x\ndata: ${JSON.stringify(event)}\n\n`

export const done = { type: "done", reason: "stop", latency: 1, attempts: 1 }

export const token = (text: string) => ({ type: "token", text })

/** Says events from a number on, with a pause of no time between connections, and then ends or breaks. */
export const says =
  (first: number, events: ReadonlyArray<object>, end: "end" | "cut" | "open" = "end"): Reply =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" })
    const text = events.map((event, index) => frame(first + index, event)).join("")
    response.write(`retry: 1\n: open\n\n${text}`, () => {
      if (end === "end") response.end()
      if (end === "cut") response.destroy()
    })
  }

export const refuses =
  (status: number, body: string | object, headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(status, headers)
    response.end(typeof body === "string" ? body : JSON.stringify(body))
  }
