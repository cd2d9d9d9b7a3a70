/**
 * A chat page: streaming, tools, stop, resume after a reload, a visible fallback, and the price of each answer.
 *
 * `node examples/chat.ts` runs against an emulator on this machine and needs no key and no network. Where the environment has
 * `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` or `GOOGLE_API_KEY`, the real providers answer. `PORT` is the port, 3000 if left out.
 */
import { createServer } from "node:http"

import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"

import { site } from "./chat/site.ts"

const program = Effect.gen(function* () {
  const port = yield* Config.Port("PORT").pipe(Config.withDefault(3000))
  const server = HttpRouter.serve(site, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(NodeHttpServer.layer(createServer, { port, host: "127.0.0.1", gracefulShutdownTimeout: "1 second" })),
  )
  yield* Layer.build(server)
  yield* Console.log(`The chat is at http://127.0.0.1:${port}`)
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.scoped(program))
