import { bounded, isEventStream } from "@holdfast/core/provider/BoundedBody"
import { headersOf } from "@holdfast/core/provider/SdkStream"

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
        return isEvents(response) ? readable(response) : this.watched(bounded(response))
      })
    }
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
  const send: typeof globalThis.fetch = fetch ?? ((input, init) => globalThis.fetch(input, patient(init)))
  return (input, init) => {
    const merged = new Headers(init?.headers)
    for (const [name, value] of Object.entries(headers ?? {})) merged.set(name, value)
    return send(input, { ...init, headers: merged, redirect: "manual" })
  }
}

interface Dispatcher {
  readonly dispatch: (options: object, handler: unknown) => boolean
}

const isDispatcher = (value: unknown): value is Dispatcher =>
  typeof value === "object" && value !== null && "dispatch" in value && typeof value.dispatch === "function"

// Node.js keeps the dispatcher of its `fetch` here, and sets it up with the first use of anything that belongs to `fetch`.
const globalDispatcher = (): Dispatcher | undefined => {
  const found: unknown = Reflect.get(globalThis, Symbol.for("undici.globalDispatcher.1"))
  return isDispatcher(found) ? found : undefined
}

// The `fetch` of Node.js gives up after five minutes of silence, which a model may well need. Deadlines are Holdfast's.
const patient = (init: RequestInit | undefined): RequestInit | undefined => {
  const dispatcher = globalDispatcher()
  if (dispatcher === undefined) return init
  const waiting: Dispatcher = {
    dispatch: (options, handler) => dispatcher.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler),
  }
  const options: RequestInit & { readonly dispatcher: Dispatcher } = { ...init, dispatcher: waiting }
  return options
}
