/** A provider that says much, and counts what it could send. It speaks Chat Completions. */
/* oxlint-disable eslint/no-await-in-loop -- one after the other is the point */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** By what the prompt says: how many bytes each answer has sent, and whether it is done. */
const sent = new Map<string, { bytes: number; done: boolean; closed: boolean }>()

const chunk = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: finish }],
  })}\n\n`

/** A response that is closed has all the room. */
const room = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      response.off("drain", go)
      response.off("close", go)
      resolve()
    }
    response.on("drain", go)
    response.on("close", go)
  })

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  let body = ""
  for await (const piece of request) body += String(piece)
  const [name, kind, number] = /(flood|calm) (\d+)/.exec(body) ?? ["unknown", "calm", "0"]
  const record = { bytes: 0, done: false, closed: false }
  sent.set(name, record)
  response.once("close", () => (record.closed = true))
  response.writeHead(200, { "content-type": "text/event-stream" })
  const write = async (text: string) => {
    record.bytes += Buffer.byteLength(text)
    if (!response.write(text) && !response.destroyed) await room(response)
  }
  const pieces = kind === "flood" ? 600 : 40
  const text = kind === "flood" ? "x".repeat(60_000) : `token of ${number} `
  for (let index = 0; index < pieces && !response.destroyed; index++) {
    await write(chunk(text))
    if (kind === "calm") await sleep(25)
  }
  if (response.destroyed) return
  await write(chunk("", "stop"))
  await write("data: [DONE]\n\n")
  record.done = true
  response.end()
}

const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on("message", () => process.send?.([...sent]))
