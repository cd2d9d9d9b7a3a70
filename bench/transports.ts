/**
 * How late an event is over each transport: from a model that says it to a client that has read it, on loopback, in one process.
 */
/* oxlint-disable eslint/no-await-in-loop -- one after the other is the point */
import { ChatServer } from "@holdfast/server"
import { Context, Effect, Layer, Stream } from "effect"

import { grpcTransports } from "../packages/server/test/support/grpc.ts"
import { serve } from "../packages/server/test/support/serve.ts"
import { longPoll, sse, type Transport, webSocket } from "../packages/server/test/support/transports.ts"
import { median } from "./measure.ts"

const events = 200

const now = () => performance.now()

/** Says what time it is, every five milliseconds. */
const clock = ChatServer.layer(() =>
  Stream.range(1, events).pipe(
    Stream.rechunk(1),
    Stream.mapEffect(() => Effect.delay(Effect.sync(now), 5)),
    Stream.map((at): ChatServer.Part => ({ type: "text-delta", id: "0", delta: String(at) })),
  ),
)

const urlOf = (transport: Transport) =>
  transport.layer === undefined
    ? Effect.map(
        Layer.build(
          Layer.provide(ChatServer.grpc({ port: 0, protocol: transport.grpc ?? "http2", drainTimeout: 1 }), clock),
        ),
        (context) => `http://127.0.0.1:${Context.get(context, ChatServer.GrpcServer).port}`,
      )
    : Effect.map(serve(Layer.provide(transport.layer, clock)), ({ url }) => url)

const lateness = async (transport: Transport, url: string): Promise<ReadonlyArray<number>> => {
  const late: Array<number> = []
  for await (const { event } of transport.read(url, { body: { messages: [{ role: "user", content: "go" }] } })) {
    if (event.type === "token") late.push(now() - Number(event.text))
  }
  return late
}

/** Milliseconds, the median of all events of three answers. */
export const latencies = Effect.scoped(
  Effect.gen(function* () {
    const found: Record<string, number> = {}
    for (const transport of [sse, webSocket, longPoll, ...grpcTransports]) {
      const url = yield* urlOf(transport)
      yield* Effect.promise(() => lateness(transport, url))
      const rounds = yield* Effect.promise(async () => [
        ...(await lateness(transport, url)),
        ...(await lateness(transport, url)),
        ...(await lateness(transport, url)),
      ])
      found[transport.name] = median(rounds)
    }
    return found
  }),
)

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify(await Effect.runPromise(latencies), undefined, 2)}\n`)
  process.exit(0)
}
