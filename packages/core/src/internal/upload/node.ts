/**
 * Uploads on `node:http`, which keeps nothing of what it has sent.
 */
import type * as Http from "node:http"
import type * as Https from "node:https"

import { type UploadBody } from "../../provider/UploadBody.ts"
import { failed, responseOf, type UploadRequest } from "./request.ts"

export interface Node {
  readonly http: typeof Http
  readonly https: typeof Https
}

export const onNode = ({ http, https }: Node, url: URL, init: UploadRequest, body: UploadBody): Promise<Response> =>
  new Promise((resolve, reject) => {
    const { request: open } = url.protocol === "https:" ? https : http
    const options: Http.RequestOptions = {
      method: init.method ?? "POST",
      headers: Object.fromEntries(init.headers),
      ...(init.signal && { signal: init.signal }),
    }
    const sending = { over: false }
    const request = open(url, options, (response) => {
      // What was not sent yet is not wanted any more.
      response.once("close", () => (sending.over ? undefined : request.destroy()))
      resolve(answerOf(response))
    })
    request.once("error", (cause) => reject(failed(cause, init.signal)))
    pump(request, body)
      .then(() => (sending.over = true))
      .catch((cause: unknown) => {
        request.destroy()
        reject(failed(cause, init.signal))
      })
  })

/** Writes the body, until all of it is written or nobody wants the rest. */
const pump = async (request: Http.ClientRequest, body: UploadBody): Promise<void> => {
  const pieces = body.open()[Symbol.asyncIterator]()
  // No promise here lives as long as the request: it would hold all that was raced against it.
  const sending: Sending = { isOver: false, goOn: () => undefined }
  const stop = () => {
    if (sending.isOver) return
    sending.isOver = true
    void pieces.return?.()
    sending.goOn()
  }
  request.once("response", stop).once("close", stop)
  /* oxlint-disable eslint/no-await-in-loop -- one piece after the other is the point */
  for (;;) {
    const next = await pieces.next()
    if (sending.isOver) return
    if (next.done === true) return void request.end()
    for (let at = 0; at < next.value.byteLength; at += mostAtOnce) {
      await written(request, next.value.subarray(at, at + mostAtOnce), sending)
      if (sending.isOver) return
    }
  }
  /* oxlint-enable eslint/no-await-in-loop */
}

// Bytes. Over TLS whatever is written at once is in memory a second time, encrypted.
const mostAtOnce = 1024 * 1024

interface Sending {
  isOver: boolean
  goOn: () => void
}

/** Until the bytes have left this process: the next ones may stand in the same array. */
const written = (request: Http.ClientRequest, bytes: Uint8Array, sending: Sending): Promise<void> =>
  new Promise((resolve) => {
    sending.goOn = resolve
    request.write(bytes, () => resolve())
  })

const answerOf = (response: Http.IncomingMessage): Response => {
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, one)
  }
  const answer = responseOf(response.statusCode ?? 500, headers, readable(response))
  if (answer.body === null) response.resume()
  return answer
}

const readable = (response: Http.IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const pieces = response.iterator({ destroyOnReturn: true })
  return new ReadableStream(
    {
      pull: (controller) =>
        pieces.next().then(({ done, value }) => {
          if (done === true) return controller.close()
          controller.enqueue(new Uint8Array(value as Uint8Array<ArrayBuffer>))
        }),
      cancel: () => void response.destroy(),
    },
    { highWaterMark: 0 },
  )
}
