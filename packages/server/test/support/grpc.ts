/** Clients of gRPC: Connect's own over each protocol, and grpc-js. */
import { type Transport as Wire, Code, ConnectError, createClient, type CallOptions } from "@connectrpc/connect"
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node"
import * as grpc from "@grpc/grpc-js"
import { loadSync } from "@grpc/proto-loader"
import { type ChatError, type ChatProtocol } from "@holdfast/server"
import { type ChatEvent, ChatService, ErrorSchema } from "@holdfast/server/chat_pb"

import { type Ask, type Numbered, Refused, type Transport } from "./transports.ts"

const requestOf = (body: object) => {
  const {
    data,
    messages = [],
    ...rest
  } = body as { messages?: ReadonlyArray<{ role: string; content: unknown }>; data?: unknown }
  return {
    ...rest,
    ...(data !== undefined && { dataJson: JSON.stringify(data) }),
    messages: messages.map(({ content, role }) => ({
      role,
      content:
        typeof content === "string"
          ? { case: "text" as const, value: content }
          : { case: "partsJson" as const, value: JSON.stringify(content) },
    })),
  }
}

/** A message as the event that the other transports send. */
const eventOf = ({ event }: ChatEvent): ChatProtocol.Event => {
  const { $typeName: _, ...value } = event.value as unknown as Record<string, unknown>
  switch (event.case) {
    case "token":
    case "reasoning": {
      const { block, text } = value
      return { type: event.case, text, ...(block !== 0 && { block }) } as never
    }
    case "toolInputStart":
      return { type: "tool-input-start", ...value } as never
    case "toolInputDelta":
      return { type: "tool-input-delta", ...value } as never
    case "toolCall":
      return {
        type: "tool-call",
        id: value["id"],
        name: value["name"],
        input: JSON.parse(String(value["inputJson"])),
      } as never
    case "toolResult": {
      const { failed, id, name, outputJson } = value
      return { type: "tool-result", id, name, output: JSON.parse(String(outputJson)), failed } as never
    }
    case "file":
      return {
        type: "file",
        mediaType: value["mediaType"],
        data: Buffer.from(value["data"] as Uint8Array).toString("base64"),
      } as never
    case "data": {
      const { dataJson, name, transient } = value
      return {
        type: "data",
        name,
        data: JSON.parse(String(dataJson)),
        ...(transient === true && { transient }),
      } as never
    }
    case "done": {
      const { usage, ...rest } = value
      return {
        type: "done",
        ...rest,
        ...(usage !== undefined && { usage: { inputTokens: {}, outputTokens: {} } }),
      } as never
    }
    default:
      return { type: event.case, ...value } as never
  }
}

const wireErrorOf = (error: ConnectError): ChatError.WireError => {
  const [detail] = error.findDetails(ErrorSchema)
  if (detail === undefined) throw error
  const { $typeName: _, $unknown: __, policyJson, ...rest } = detail
  return {
    ...rest,
    ...(policyJson !== undefined && { policy: JSON.parse(policyJson) as Record<string, never> }),
  } as ChatError.WireError
}

/** Before an answer has begun an error refuses it, and after that it is its last event. */
async function* events(stream: AsyncIterable<ChatEvent>, after: number): AsyncGenerator<Numbered, void, undefined> {
  let last = after
  let begun = false
  try {
    for await (const message of stream) {
      begun = true
      last = message.id
      yield { id: message.id, event: eventOf(message) }
    }
  } catch (cause) {
    const error = ConnectError.from(cause)
    if (error.code === Code.Canceled) return
    if (!begun) throw new Refused(wireErrorOf(error))
    yield { id: last + 1, event: { type: "error", error: wireErrorOf(error) } }
  }
}

async function* read(wire: Wire, ask: Ask): AsyncGenerator<Numbered, void, undefined> {
  const client = createClient(ChatService, wire)
  const controller = new AbortController()
  const options: CallOptions = { signal: controller.signal }
  try {
    yield* "body" in ask
      ? events(client.ask(requestOf(ask.body), options), 0)
      : events(client.follow({ answerId: ask.answerId, after: ask.after }, options), ask.after)
  } finally {
    controller.abort()
  }
}

const over = (name: string, protocol: "http1" | "http2", wireTo: (baseUrl: string) => Wire): Transport => ({
  name,
  grpc: protocol,
  read: (url, ask) => read(wireTo(url), ask),
  stop: async (url, answerId) => {
    await createClient(ChatService, wireTo(url)).stop({ answerId })
  },
  stall: async (url, body) => {
    const controller = new AbortController()
    const stream = createClient(ChatService, wireTo(url)).ask(requestOf(body), { signal: controller.signal })
    // One message, and then it asks for no more.
    await stream[Symbol.asyncIterator]().next()
    return () => controller.abort()
  },
})

export const grpcTransports: ReadonlyArray<Transport> = [
  over("gRPC", "http2", (baseUrl) => createGrpcTransport({ baseUrl })),
  over("gRPC-Web", "http1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })),
  over("Connect as JSON", "http1", (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  ),
]

const proto = new URL("../../proto/holdfast/chat/v1/chat.proto", import.meta.url).pathname

type Method = (
  request: object,
  metadata?: grpc.Metadata,
  options?: grpc.CallOptions,
) => grpc.ClientReadableStream<Record<string, unknown>>

/** What people who do not use Connect have. */
/** Metadata of a call. */
export const metadata = (fields: Readonly<Record<string, string>>): grpc.Metadata => {
  const all = new grpc.Metadata()
  for (const [name, value] of Object.entries(fields)) all.set(name, value)
  return all
}

export const grpcJs = (port: number) => {
  const loaded = grpc.loadPackageDefinition(
    loadSync(proto, { keepCase: false, oneofs: true, defaults: true }),
  ) as unknown as {
    readonly holdfast: { readonly chat: { readonly v1: { readonly ChatService: grpc.ServiceClientConstructor } } }
  }
  const client = new loaded.holdfast.chat.v1.ChatService(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
  return client as unknown as grpc.Client & { readonly ask: Method; readonly follow: Method }
}
