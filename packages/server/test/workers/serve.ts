/** One process of several that share their answers: `node serve.ts <prefix> <lease>`. It says at which port it listens. */
import { createServer } from "node:http"

import { NodeHttpServer, NodeRedis } from "@effect/platform-node"
import { AnswerLog, ChatServer } from "@holdfast/server"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"

import { answer } from "../support/resumes.ts"

const [prefix = "", lease = "15000"] = process.argv.slice(2)

const Shared = AnswerLog.layerRedis({ prefix, lease: Number(lease) }).pipe(
  Layer.provide(NodeRedis.layer({ url: process.env["REDIS_URL"] ?? "" })),
)

const Routes = Layer.mergeAll(ChatServer.sse(), ChatServer.longPoll(), ChatServer.webSocket()).pipe(
  Layer.provide(ChatServer.layer(answer(), { resume: {} })),
  Layer.provide(Shared),
)

const Server = HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
)

const program = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  process.stdout.write(`${(address as unknown as { readonly port: number }).port}\n`)
  return yield* Effect.never
})

await Effect.runPromise(Effect.provide(program, Server))
