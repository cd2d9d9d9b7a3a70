/** The same answer by `ChatServer.sse`. */
import { createServer } from "node:http"

import { NodeHttpServer } from "@effect/platform-node"
import { ChatServer } from "@holdfast/server"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"

import { listening, parts } from "./events.ts"

const Chat = ChatServer.layer(() => parts)

const Server = HttpRouter.serve(Layer.provide(ChatServer.sse(), Chat), {
  disableLogger: true,
  disableListenLog: true,
}).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))

const program = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  listening((address as unknown as { readonly port: number }).port)
  return yield* Effect.never
})

await Effect.runPromise(Effect.provide(program, Server))
