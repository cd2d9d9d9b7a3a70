/**
 * A `fetch` that sends an `UploadBody` as it is read.
 *
 * The `fetch` of Node.js 24 keeps every piece of a streamed body until the answer is there (nodejs/undici#4058), so an upload takes
 * as much memory as its file. `node:http` keeps none. It is asked for at run time and not imported, so that browsers and workers
 * can load this module; there, bodies are gathered into a `Blob`, which a browser may keep on its disk.
 *
 * @since 0.1.0
 */
import type * as Http from "node:http"
import type * as Https from "node:https"

import { untimedFetch } from "./UntimedFetch.ts"
import { UploadBody } from "./UploadBody.ts"

type Fetch = typeof globalThis.fetch

/**
 * What an SDK's own `fetch` gets, and beside that requests whose body is an `UploadBody`. `undefined` stands for the global `fetch`, and for
 * uploads for `node:http` where there is one. A `fetch` that is given is used for both, with the memory that it takes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const uploadFetch = (fetch: Fetch | undefined): Fetch => {
  const send = untimedFetch(fetch)
  return (input, init) => {
    const body: unknown = init?.body
    if (!(body instanceof UploadBody)) return send(input, init)
    const headers = new Headers(init?.headers)
    if (body.length !== undefined) headers.set("content-length", String(body.length))
    const request = { ...init, headers }
    const node = fetch === undefined ? builtIn() : undefined
    if (node !== undefined) return onNode(node, new URL(input instanceof Request ? input.url : input), request, body)
    return fetch === undefined ? gathered(send, input, request, body) : streamed(send, input, request, body)
  }
}

/**
 * A `fetch` that sends this body with every request, for SDKs that know no such bodies.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withBody =
  (fetch: Fetch, body: UploadBody): Fetch =>
  (input, init) =>
    fetch(input, { ...init, body: body as unknown as BodyInit })

/**
 * A module of Node.js, or `undefined` where there is none.
 *
 * @since 0.1.0
 * @category getters
 */
export const nodeModule = (name: string): unknown => {
  const host = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } }
  return host.process?.getBuiltinModule?.(name)
}

interface Node {
  readonly http: typeof Http
  readonly https: typeof Https
}

const builtIn = (): Node | undefined => {
  const http = nodeModule("node:http") as typeof Http | undefined
  const https = nodeModule("node:https") as typeof Https | undefined
  return http === undefined || https === undefined ? undefined : { http, https }
}

interface UploadRequest extends RequestInit {
  readonly headers: Headers
}

const onNode = ({ http, https }: Node, url: URL, init: UploadRequest, body: UploadBody): Promise<Response> =>
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
      resolve(responseOf(response))
    })
    request.once("error", (cause) => reject(failed(cause, init.signal)))
    pump(request, body)
      .then(() => (sending.over = true))
      .catch((cause: unknown) => {
        request.destroy()
        reject(failed(cause, init.signal))
      })
  })

// As `fetch` fails, so that what reads the errors of `fetch` knows it for a connection that broke.
const failed = (cause: unknown, signal: AbortSignal | null | undefined): unknown =>
  signal?.aborted === true ? signal.reason : new TypeError("fetch failed", { cause })

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
    await written(request, next.value, sending)
  }
  /* oxlint-enable eslint/no-await-in-loop */
}

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

const withoutBody = new Set([204, 205, 304])

const responseOf = (response: Http.IncomingMessage): Response => {
  const status = response.statusCode ?? 500
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, one)
  }
  if (withoutBody.has(status)) response.resume()
  return new Response(withoutBody.has(status) ? null : readable(response), { status, headers })
}

/** Reads no faster than it is read. */
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

const webStream = (pieces: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream(
    {
      pull: (controller) =>
        pieces
          .next()
          .then(({ done, value }) => (done === true ? controller.close() : controller.enqueue(new Uint8Array(value)))),
      cancel: () => void pieces.return?.(),
    },
    { highWaterMark: 0 },
  )

const gathered = async (send: Fetch, input: Parameters<Fetch>[0], init: UploadRequest, body: UploadBody) => {
  const pieces: Array<Uint8Array<ArrayBuffer>> = []
  for await (const piece of body.open()) pieces.push(new Uint8Array(piece))
  init.headers.delete("content-length")
  return send(input, { ...init, body: new Blob(pieces) })
}

const streamed = (send: Fetch, input: Parameters<Fetch>[0], init: UploadRequest, body: UploadBody) => {
  const duplex: RequestInit & { readonly duplex: "half" } = {
    ...init,
    body: webStream(body.open()[Symbol.asyncIterator]()),
    duplex: "half",
  }
  return send(input, duplex)
}
