/** The same answer by `ChatServer.grpc`. */
import { ChatServer } from "@holdfast/server"
import { Effect, Layer } from "effect"

import { listening, parts } from "./events.ts"

const Chat = ChatServer.layer(() => parts)

const program = Effect.gen(function* () {
  const { port } = yield* ChatServer.GrpcServer
  listening(port)
  return yield* Effect.never
})

await Effect.runPromise(Effect.provide(program, Layer.provide(ChatServer.grpc({ port: 0 }), Chat)))
