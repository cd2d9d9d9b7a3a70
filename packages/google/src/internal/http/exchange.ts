import { bounded } from "@holdfast/core/provider/BoundedBody"
import { headersOf } from "@holdfast/core/provider/SdkStream"
import { untimedFetch } from "@holdfast/core/provider/UntimedFetch"

/** What a client adds to every request. */
export interface Wire {
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly fetch: typeof globalThis.fetch | undefined
}

/**
 * One HTTP exchange. The SDK's errors know no headers, and it loses what an answer says in a form that it does not know. So
 * each call has a `fetch` of its own that keeps the answer for us, and gives the SDK an empty one; errors it reads itself.
 */
export class Exchange {
  /** Whether the request was handed to `fetch`. Before that only the SDK can have refused it. */
  sent = false
  status: number | undefined
  headers: Readonly<Record<string, string>> = {}
  private answer: Response | undefined
  readonly fetch: typeof globalThis.fetch

  constructor(wire: Wire) {
    const send = fetchOf(wire)
    this.fetch = (input, init) => {
      this.sent = true
      return send(input, init).then((response) => {
        this.status = response.status
        this.headers = headersOf(response.headers)
        if (!response.ok) return bounded(response)
        this.answer = response
        return Response.json({})
      })
    }
  }

  /** The answer to the request that the SDK is sending. */
  response(sending: Promise<unknown>): Promise<Response> {
    return sending.then(() => this.answer ?? Promise.reject(new Error("the SDK sent no request")))
  }
}

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
    if (merged.has("authorization")) merged.delete("x-goog-api-key")
    return send(input, { ...init, headers: merged, redirect: "manual" })
  }
}
