/** The same messages by grpc-js alone. */
/* oxlint-disable eslint/no-await-in-loop -- one after the other is the point */
import { once } from "node:events"

import * as grpc from "@grpc/grpc-js"
import { loadSync } from "@grpc/proto-loader"

import { listening, tokens, turn } from "./events.ts"

const proto = new URL("../../packages/server/proto/holdfast/chat/v1/chat.proto", import.meta.url).pathname

interface Loaded {
  readonly holdfast: { readonly chat: { readonly v1: { readonly ChatService: grpc.ServiceClientConstructor } } }
}

const loaded = grpc.loadPackageDefinition(loadSync(proto)) as unknown as Loaded

const ask = async (call: grpc.ServerWritableStream<unknown, unknown>) => {
  let id = 1
  call.write({ id: id++, start: { answerId: "an-id" } })
  for (const text of tokens) {
    await turn()
    if (!call.write({ id: id++, token: { text } })) await once(call, "drain")
  }
  call.write({ id: id++, done: { reason: "stop" } })
  call.end()
}

const server = new grpc.Server()
server.addService(loaded.holdfast.chat.v1.ChatService.service, {
  ask: (call: grpc.ServerWritableStream<unknown, unknown>) => void ask(call),
})
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_, port) => listening(port))
