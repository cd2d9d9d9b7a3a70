/** Server-sent events by `node:http` alone: the same frames, and it waits for a slow reader. */
/* oxlint-disable eslint/no-await-in-loop -- one after the other is the point */
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type AddressInfo } from "node:net"

import { listening, tokens, turn } from "./events.ts"

const answer = async (request: IncomingMessage, response: ServerResponse) => {
  let body = ""
  for await (const piece of request) body += String(piece)
  JSON.parse(body)
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" })
  response.write("retry: 1000\n: open\n\n")
  let id = 1
  const send = (event: { readonly type: string }) =>
    response.write(`id: ${id++}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  send({ type: "start" })
  for (const text of tokens) {
    await turn()
    const event = { type: "token", text }
    if (!send(event)) await once(response, "drain")
  }
  send({ type: "done" })
  response.end()
}

const server = createServer((request, response) => void answer(request, response))
server.listen(0, "127.0.0.1", () => listening((server.address() as AddressInfo).port))
