/** Clients of every transport that speak the protocol as `docs/chat-protocol.md` has it, and nothing else. */
/* oxlint-disable eslint/no-await-in-loop -- one after the other is the point */
import net from "node:net"

import { ChatServer, type ChatProtocol, type ChatError } from "@holdfast/server"
import { Layer } from "effect"

export interface Numbered {
  readonly id: number
  readonly event: ChatProtocol.Event
}

export type Ask = { readonly body: object } | { readonly answerId: string; readonly after: number }

/** What a request was refused with, before its answer began. */
export class Refused extends Error {
  readonly error: ChatError.WireError
  readonly status: number | undefined
  readonly retryAfter: string | null
  constructor(error: ChatError.WireError, response?: Response) {
    super(error.message)
    this.error = error
    this.status = response?.status
    this.retryAfter = response?.headers.get("retry-after") ?? null
  }
}

export interface Transport {
  readonly name: string
  /** Routes of the application's server. */
  readonly layer?: ReturnType<typeof ChatServer.sse>
  /** Or a server of its own. */
  readonly grpc?: "http1" | "http2"
  /** Ends with the answer. Returning early leaves it. */
  readonly read: (url: string, ask: Ask) => AsyncGenerator<Numbered, void, undefined>
  /** Asks, and never reads what comes. Gives the way to let go. */
  readonly stall: (url: string, body: object) => Promise<() => void>
  readonly stop: (url: string, answerId: string) => Promise<void>
}

const json = { "content-type": "application/json" }

const refused = async (response: Response) =>
  new Refused(((await response.json()) as { readonly error: ChatError.WireError }).error, response)

const del = async (url: string, answerId: string) => {
  const response = await fetch(`${url}/chat/${answerId}`, { method: "DELETE" })
  if (!response.ok) throw await refused(response)
}

async function* sseEvents(url: string, ask: Ask): AsyncGenerator<Numbered, void, undefined> {
  const controller = new AbortController()
  try {
    const { signal } = controller
    const response =
      "body" in ask
        ? await fetch(`${url}/chat/stream`, { method: "POST", headers: json, body: JSON.stringify(ask.body), signal })
        : await fetch(`${url}/chat/${ask.answerId}/stream`, { headers: { "last-event-id": String(ask.after) }, signal })
    if (!response.ok) throw await refused(response)
    if (response.status === 204) return
    let text = ""
    for await (const piece of response.body!.pipeThrough(
      new TextDecoderStream() as never,
    ) as unknown as AsyncIterable<string>) {
      text += piece
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const frame = text.slice(0, end)
        text = text.slice(end + 2)
        const data = /^data: (.*)$/m.exec(frame)?.[1]
        if (data !== undefined)
          yield { id: Number(/^id: (\d+)$/m.exec(frame)?.[1]), event: JSON.parse(data) as ChatProtocol.Event }
      }
    }
  } finally {
    controller.abort()
  }
}

/** Opens a connection and sends a request on it, and then does nothing. */
const silent = (url: string, request: string): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = net.connect(Number(port), hostname, () => {
      socket.pause()
      socket.write(request, () => resolve(socket))
    })
    socket.on("error", reject)
  })

export const sse: Transport = {
  name: "SSE",
  layer: ChatServer.sse(),
  read: sseEvents,
  stop: del,
  stall: async (url, body) => {
    const text = JSON.stringify(body)
    const head = `POST /chat/stream HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`
    const socket = await silent(url, head + text)
    return () => socket.destroy()
  },
}

async function* pollEvents(url: string, ask: Ask): AsyncGenerator<Numbered, void, undefined> {
  let response =
    "body" in ask
      ? await fetch(`${url}/chat/poll`, { method: "POST", headers: json, body: JSON.stringify(ask.body) })
      : await fetch(`${url}/chat/${ask.answerId}/poll?after=${ask.after}`)
  let after = "body" in ask ? 0 : ask.after
  for (;;) {
    if (!response.ok) throw await refused(response)
    const { answerId, done, events, next } = (await response.json()) as typeof ChatProtocol.Page.Type
    for (const event of events) yield { id: ++after, event }
    if (done) return
    if (next !== after) throw new Error(`next is ${next} after ${after}`)
    response = await fetch(`${url}/chat/${answerId}/poll?after=${after}&wait=20`)
  }
}

export const longPoll: Transport = {
  name: "long polling",
  layer: Layer.merge(ChatServer.longPoll(), ChatServer.sse()),
  read: pollEvents,
  stop: del,
  stall: async (url, body) => {
    await fetch(`${url}/chat/poll`, { method: "POST", headers: json, body: JSON.stringify(body) })
    return () => undefined
  },
}

/** A WebSocket and what came over it, in order. */
export interface OpenSocket {
  readonly socket: WebSocket
  readonly next: () => Promise<unknown>
  readonly send: (frame: object) => void
}

export const openSocket = async (url: string, path = "/chat/socket"): Promise<OpenSocket> => {
  const socket = new WebSocket(url.replace("http", "ws") + path)
  const frames: Array<unknown> = []
  let wake = () => undefined as void
  const tell = () => wake()
  socket.addEventListener("message", ({ data }) => {
    frames.push(JSON.parse(String(data)))
    tell()
  })
  socket.addEventListener("close", tell)
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true })
    socket.addEventListener("error", () => reject(new Error("the socket did not open")), { once: true })
  })
  const next = async (): Promise<unknown> => {
    // oxlint-disable-next-line eslint/no-await-in-loop -- one frame after the other
    while (frames.length === 0 && socket.readyState === WebSocket.OPEN)
      await new Promise<void>((resolve) => (wake = resolve))
    return frames.shift()
  }
  return { socket, next, send: (frame: object) => socket.send(JSON.stringify(frame)) }
}

async function* socketEvents(url: string, ask: Ask): AsyncGenerator<Numbered, void, undefined> {
  const { next, send, socket } = await openSocket(url)
  try {
    // A small window, acknowledged as events are taken.
    send({ type: "body" in ask ? "ask" : "follow", request: "r1", window: 8, ...ask })
    for (;;) {
      const frame = (await next()) as
        | { readonly type: "event"; readonly id: number; readonly event: ChatProtocol.Event }
        | { readonly type: "refused"; readonly error: ChatError.WireError }
        | { readonly type: "over" }
        | undefined
      if (frame === undefined || frame.type === "over") return
      if (frame.type === "refused") throw new Refused(frame.error)
      yield { id: frame.id, event: frame.event }
      if (frame.event.type === "done" || frame.event.type === "error") return
      send({ type: "ack", request: "r1", id: frame.id })
    }
  } finally {
    socket.close()
  }
}

/** A text frame of a client, without a mask that would change anything. */
const textFrame = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  const length = bytes.length < 126 ? [0x80 | bytes.length] : [0x80 | 126, bytes.length >> 8, bytes.length & 255]
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), bytes])
}

export const webSocket: Transport = {
  name: "WebSocket",
  layer: Layer.merge(ChatServer.webSocket(), ChatServer.sse()),
  read: socketEvents,
  stop: del,
  stall: async (url, body) => {
    const socket = await silent(
      url,
      "GET /chat/socket HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    // Without a window: what holds the model back is the socket alone.
    socket.write(textFrame(JSON.stringify({ type: "ask", request: "r1", body })))
    return () => socket.destroy()
  },
}
