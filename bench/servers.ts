/**
 * Servers side by side: each in a process of its own, measured by the time of the processor that it takes for an event.
 */
/* oxlint-disable eslint/no-await-in-loop -- one after the other is the point */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"

import * as grpc from "@grpc/grpc-js"
import { loadSync } from "@grpc/proto-loader"

import { median } from "./measure.ts"
import { perAnswer } from "./servers/events.ts"

interface Server {
  readonly port: number
  readonly child: ChildProcess
}

const start = async (file: URL): Promise<Server> => {
  const child = fork(file.pathname)
  process.once("exit", () => child.kill())
  const [{ port }] = (await once(child, "message")) as [{ readonly port: number }]
  return { child, port }
}

const cpu = async ({ child }: Server): Promise<number> => {
  child.send("cpu")
  const [message] = (await once(child, "message")) as [{ readonly cpu: number }]
  return message.cpu
}

/** So many answers at the same time, so many times. */
const atOnce = 8
const times = 6

const body = JSON.stringify({ messages: [{ role: "user", content: "go" }] })

const overSse = async ({ port }: Server): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${port}/chat/stream`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  })
  const text = await response.text()
  if (!text.includes(`token ${perAnswer - 1} `)) throw new Error(`an answer is not complete: ${text.slice(0, 200)}`)
}

const proto = new URL("../packages/server/proto/holdfast/chat/v1/chat.proto", import.meta.url).pathname

type Ask = (request: object) => grpc.ClientReadableStream<unknown>

const clients = new Map<number, grpc.Client & { readonly ask: Ask }>()

const clientOf = (port: number) => {
  const { holdfast } = grpc.loadPackageDefinition(loadSync(proto)) as unknown as {
    readonly holdfast: { readonly chat: { readonly v1: { readonly ChatService: grpc.ServiceClientConstructor } } }
  }
  const client = new holdfast.chat.v1.ChatService(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
  clients.set(port, client as never)
  return client as unknown as grpc.Client & { readonly ask: Ask }
}

const overGrpc = ({ port }: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    let messages = 0
    const stream = (clients.get(port) ?? clientOf(port)).ask({ messages: [{ role: "user", text: "go" }] })
    stream.on("data", () => void messages++)
    stream.on("error", reject)
    stream.on("end", () => (messages === perAnswer + 2 ? resolve() : reject(new Error(`${messages} messages`))))
  })

/** Microseconds for each event of one round: of the server, and of the server and its client. */
const round = async (server: Server, ask: (server: Server) => Promise<void>): Promise<Round> => {
  const before = { server: await cpu(server), client: process.cpuUsage() }
  for (let time = 0; time < times; time++) await Promise.all(Array.from({ length: atOnce }, () => ask(server)))
  const { system, user } = process.cpuUsage(before.client)
  const alone = (await cpu(server)) - before.server
  const events = times * atOnce * perAnswer
  return { server: alone / events, both: (alone + system + user) / events }
}

interface Round {
  readonly server: number
  readonly both: number
}

interface Compared {
  /** Events that ours sends in the time in which the other one sends one, by the time that servers take. */
  readonly ratio: number
  /** The same by the time that servers and their clients take together. */
  readonly withClient: number
  readonly ours: number
  readonly theirs: number
}

const compared = async (
  files: readonly [ours: URL, theirs: URL],
  ask: (server: Server) => Promise<void>,
): Promise<Compared> => {
  const [ours, theirs] = [await start(files[0]), await start(files[1])]
  const rounds: Array<readonly [ours: Round, theirs: Round]> = []
  for (let index = -3; index < 15; index++) {
    const first = index % 2 === 0 ? await round(ours, ask) : undefined
    const second = await round(theirs, ask)
    const pair = [first ?? (await round(ours, ask)), second] as const
    if (index >= 0) rounds.push(pair)
  }
  for (const { child, port } of [ours, theirs]) {
    clients.get(port)?.close()
    child.kill()
  }
  return {
    ratio: median(rounds.map(([own, other]) => other.server / own.server)),
    withClient: median(rounds.map(([own, other]) => other.both / own.both)),
    ours: median(rounds.map(([own]) => own.server)),
    theirs: median(rounds.map(([, other]) => other.server)),
  }
}

export const sse = () =>
  compared(
    [new URL("./servers/sse-holdfast.ts", import.meta.url), new URL("./servers/sse-node.ts", import.meta.url)],
    overSse,
  )

export const grpcMessages = () =>
  compared(
    [new URL("./servers/grpc-holdfast.ts", import.meta.url), new URL("./servers/grpc-node.ts", import.meta.url)],
    overGrpc,
  )

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify({ sse: await sse(), grpc: await grpcMessages() }, undefined, 2)}\n`)
  process.exit(0)
}
