/** A chat server on the provider that is named in the environment. */
import { createServer } from "node:http"

import { NodeHttpServer } from "@effect/platform-node"
import { OpenAiCompatible } from "@holdfast/openai"
import { ChatServer } from "@holdfast/server"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"

const Chat = Layer.provide(
  ChatServer.layerModel(OpenAiCompatible.model(OpenAiCompatible.vllm, "m"), { limits: { maxAnswerSize: 1e9 } }),
  OpenAiCompatible.layer(OpenAiCompatible.vllm, { apiUrl: process.env["UPSTREAM"] }),
)

const Server = HttpRouter.serve(Layer.provide(ChatServer.sse(), Chat), {
  disableLogger: true,
  disableListenLog: true,
}).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))

process.on("message", () => {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  process.send?.({ heapUsed, rss })
})

const program = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  process.send?.({ port: (address as unknown as { readonly port: number }).port })
  return yield* Effect.never
})

await Effect.runPromise(Effect.provide(program, Server))
