import { createServer } from "node:http"
import { type AddressInfo } from "node:net"

import { type Case } from "@holdfast/core/provider/ErrorRule"
import { Effect } from "effect"

/** A server on a socket that answers every request with the case that is set. */
export interface ErrorServer {
  readonly url: string
  readonly answer: (example: Case) => void
  /** What it was sent, newest last. */
  readonly requests: Array<{ readonly headers: Readonly<Record<string, unknown>>; readonly body: string }>
}

export const errorServer = Effect.acquireRelease(
  Effect.callback<ErrorServer & { readonly close: () => void }>((resume) => {
    let current: Case = { status: 500, body: "" }
    const requests: ErrorServer["requests"] = []
    const server = createServer((incoming, response) => {
      let body = ""
      incoming.on("data", (piece: Buffer) => (body += piece.toString()))
      incoming.on("end", () => {
        requests.push({ headers: incoming.headers, body })
        const { body: answer, headers, status = 200 } = current
        const isText = typeof answer === "string"
        const type = !isText ? "application/json" : answer.startsWith("<") ? "text/html" : "text/plain"
        response.writeHead(status, { "content-type": type, ...headers })
        response.end(isText ? answer : JSON.stringify(answer))
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(
        Effect.succeed({
          url: `http://127.0.0.1:${port}`,
          answer: (example) => (current = example),
          requests,
          close: () => {
            server.closeAllConnections()
            server.close()
          },
        }),
      )
    })
  }),
  ({ close }) => Effect.sync(close),
)
