import { connect, type Socket } from "node:net"

import { Effect, Fiber } from "effect"

import { type ChatDialect as Dialect } from "../src/Emulator.ts"
import * as Emulator from "../src/Emulator.ts"

/** What came back over a socket, byte for byte. */
export interface Received {
  /** `undefined` if no status line came. */
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>
  /** The body without its chunks' lengths. */
  readonly body: string
  /** What each read of the socket brought, with its time in milliseconds since the request. */
  readonly reads: ReadonlyArray<{ readonly at: number; readonly text: string }>
  /** Whether the body was ended as the protocol says it is. */
  readonly complete: boolean
  /** How the connection was left by the server. */
  readonly ending: "fin" | "rst"
}

export interface Sent {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly method?: string
}

const key = "sk-wire-test-key"

const paths: Readonly<Record<Dialect, (stream: boolean) => Sent>> = {
  "openai-responses": (stream) => ({
    path: "/openai/v1/responses",
    headers: { authorization: `Bearer ${key}` },
    body: { model: "m-1", input: "hi", stream },
  }),
  "openai-chat": (stream) => ({
    path: "/openai/v1/chat/completions",
    headers: { authorization: `Bearer ${key}` },
    body: {
      model: "m-1",
      messages: [{ role: "user", content: "hi" }],
      stream,
      stream_options: { include_usage: true },
    },
  }),
  anthropic: (stream) => ({
    path: "/anthropic/v1/messages",
    headers: { "x-api-key": key, "anthropic-version": "2023-06-01" },
    body: { model: "m-1", max_tokens: 100, messages: [{ role: "user", content: "hi" }], stream },
  }),
  google: (stream) => ({
    path: `/google/v1/models/m-1:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    headers: { "x-goog-api-key": key },
    body: { contents: [{ role: "user", parts: [{ text: "hi" }] }] },
  }),
}

/** A request that the provider would accept. */
export const request = (dialect: Dialect, stream = true): Sent => paths[dialect](stream)

export const dialects: ReadonlyArray<Dialect> = ["openai-responses", "openai-chat", "anthropic", "google"]

const head = (sent: Sent, body: string): string =>
  [
    `${sent.method ?? "POST"} ${sent.path} HTTP/1.1`,
    "host: 127.0.0.1",
    "connection: close",
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(sent.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ].join("\r\n")

const unchunk = (bytes: Buffer): { readonly body: Buffer; readonly complete: boolean } => {
  const pieces: Array<Buffer> = []
  let rest = bytes
  for (;;) {
    const line = rest.indexOf("\r\n")
    if (line === -1) return { body: Buffer.concat(pieces), complete: false }
    const size = Number.parseInt(rest.subarray(0, line).toString(), 16)
    if (size === 0) return { body: Buffer.concat(pieces), complete: rest.subarray(line).toString() === "\r\n\r\n" }
    pieces.push(rest.subarray(line + 2, line + 2 + size))
    rest = rest.subarray(line + 4 + size)
  }
}

const parse = (bytes: Buffer): Pick<Received, "status" | "headers" | "body" | "complete"> => {
  const end = bytes.indexOf("\r\n\r\n")
  if (end === -1) return { status: undefined, headers: {}, body: "", complete: false }
  const [first = "", ...lines] = bytes.subarray(0, end).toString().split("\r\n")
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  )
  const rest = bytes.subarray(end + 4)
  const isChunked = headers["transfer-encoding"] === "chunked"
  const { body, complete } = isChunked
    ? unchunk(rest)
    : { body: rest, complete: rest.length === Number(headers["content-length"]) }
  return { status: Number(first.split(" ")[1]), headers, body: body.toString(), complete }
}

/** Opens a socket and sends a request; `done` gets what came back, once the server has closed the connection. */
const exchange = (port: number, sent: Sent, done: (received: Received) => void): Socket => {
  const body = typeof sent.body === "string" ? sent.body : JSON.stringify(sent.body ?? {})
  const chunks: Array<Buffer> = []
  const reads: Array<{ readonly at: number; readonly text: string }> = []
  let ending: Received["ending"] = "fin"
  const start = performance.now()
  const socket = connect(port, "127.0.0.1")
  socket.on("data", (chunk) => {
    chunks.push(chunk)
    reads.push({ at: performance.now() - start, text: chunk.toString() })
  })
  socket.on("error", () => {
    ending = "rst"
  })
  socket.on("close", () => done({ ...parse(Buffer.concat(chunks)), reads, ending }))
  socket.write(head(sent, body) + body)
  return socket
}

/** Sends a request to the emulator of the context and waits for the end of the connection. */
export const send = (sent: Sent): Effect.Effect<Received, never, Emulator.Emulator> =>
  Effect.flatMap(Emulator.Emulator, ({ port }) =>
    Effect.callback<Received>((resume) => {
      const socket = exchange(port, sent, (received) => resume(Effect.succeed(received)))
      return Effect.sync(() => socket.destroy())
    }),
  )

/** Scripts a reply and asks for it. */
export const receive = Effect.fnUntraced(function* (
  dialect: Dialect,
  reply: Parameters<Emulator.Emulator["Service"]["script"]>[1],
  options: { readonly stream?: boolean } = {},
) {
  const emulator = yield* Emulator.Emulator
  if (reply !== undefined) yield* emulator.script(dialect, reply)
  return yield* send(request(dialect, options.stream ?? true))
})

/** Sends a request and hangs up as soon as the emulator has it and some time has passed. */
export const giveUp = Effect.fnUntraced(function* (sent: Sent, after: number) {
  const emulator = yield* Emulator.Emulator
  const fiber = yield* Effect.forkChild(send(sent), { startImmediately: true })
  yield* emulator.nextRequest
  yield* Effect.sleep(after)
  yield* Fiber.interrupt(fiber)
})

/** The `data:` lines of a stream. */
export const dataOf = (body: string): ReadonlyArray<string> =>
  body
    .split(/\r?\n\r?\n/)
    .flatMap((event) => event.split(/\r?\n/))
    .flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []))

export const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
