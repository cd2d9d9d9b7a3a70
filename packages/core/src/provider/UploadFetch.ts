/**
 * A `fetch` that sends an `UploadBody` as it is read.
 *
 * The `fetch` of Node.js 24 keeps every piece of a streamed body until the answer is there (nodejs/undici#4058), so an upload takes
 * as much memory as its file. `node:http` keeps none. It is asked for at run time and not imported, so that browsers and workers
 * can load this module; there, bodies are gathered into a `Blob`, which a browser may keep on its disk. Where the program has set a
 * dispatcher for `fetch`, such as that of a proxy, uploads go through it as well.
 *
 * @since 0.1.0
 */
import type * as Http from "node:http"
import type * as Https from "node:https"

import { specialDispatcher } from "../internal/http/dispatcher.ts"
import { onDispatcher } from "../internal/upload/dispatched.ts"
import { type Node, onNode } from "../internal/upload/node.ts"
import { type UploadRequest } from "../internal/upload/request.ts"
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
    if (fetch !== undefined) return streamed(send, input, request, body)
    const url = new URL(input instanceof Request ? input.url : input)
    const dispatcher = specialDispatcher()
    if (dispatcher !== undefined) return onDispatcher(dispatcher, url, request, body)
    const node = builtIn()
    return node === undefined ? gathered(send, input, request, body) : onNode(node, url, request, body)
  }
}

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

const builtIn = (): Node | undefined => {
  const http = nodeModule("node:http") as typeof Http | undefined
  const https = nodeModule("node:https") as typeof Https | undefined
  return http === undefined || https === undefined ? undefined : { http, https }
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
