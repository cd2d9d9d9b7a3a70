import { bounded, isEventStream } from "@holdfast/core/provider/BoundedBody"
import { type Answer } from "@holdfast/core/provider/SdkEndpoint"
import { headersOf } from "@holdfast/core/provider/SdkStream"
import { untimedFetch } from "@holdfast/core/provider/UntimedFetch"

import { plainEvents } from "./eventStream.ts"

/** What a client adds to every request. */
export interface Wire {
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly fetch: typeof globalThis.fetch | undefined
}

/**
 * One HTTP exchange. The SDK's errors know no headers, and its answers leave out what it does not know, so each call gets
 * a `fetch` of its own that remembers them: calls that run at the same time cannot be mixed up.
 */
export class Exchange {
  /** Whether the request was handed to `fetch`. Before that only the SDK can have refused it. */
  sent = false
  status: number | undefined
  headers: Readonly<Record<string, string>> = {}
  private response: Answer<unknown>["response"] = { headers: undefined }
  /** The body of an answer that was read as a whole. */
  body: unknown
  readonly fetch: typeof globalThis.fetch

  constructor(wire: Wire) {
    const send = fetchOf(wire)
    this.fetch = (input, init) => {
      this.sent = true
      return send(input, init).then((response) => {
        this.status = response.status
        this.headers = headersOf(response.headers)
        this.response = response
        return isEvents(response) ? readable(response) : this.watched(bounded(response))
      })
    }
  }

  /** What the SDK made of the response. */
  answer<Data>(data: Data): Answer<Data> {
    return { data, response: this.response }
  }

  private watched(response: Response): Response {
    const read = response.json.bind(response)
    const json = () =>
      read().then((body: unknown) => {
        this.body = body
        return body
      })
    return Object.defineProperty(response, "json", { value: json })
  }
}

const isEvents = (response: Response): boolean => response.ok && isEventStream(response.headers)

const readable = ({ body, headers, status, statusText }: Response): Response =>
  new Response(body && plainEvents(body), { headers, status, statusText })

/**
 * The `fetch` of a client.
 *
 * Redirects are not followed: `fetch` takes only `authorization` off a request to another host, and the key is in a
 * header that it does not know.
 */
export const fetchOf = ({ fetch, headers }: Wire): typeof globalThis.fetch => {
  const send = untimedFetch(fetch)
  return (input, init) => {
    const merged = new Headers(init?.headers)
    for (const [name, value] of Object.entries(headers ?? {})) merged.set(name, value)
    return send(input, { ...init, headers: merged, redirect: "manual" })
  }
}
