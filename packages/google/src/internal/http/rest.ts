/**
 * Requests that the SDK has no form for, or one that holds a whole file: uploads, caches, counts of tokens.
 */
import { bounded } from "@holdfast/core/provider/BoundedBody"
import * as KeyedFetch from "@holdfast/core/provider/KeyedFetch"
import { type Origin } from "@holdfast/core/provider/ProviderError"
import * as Rest from "@holdfast/core/provider/Rest"
import { headersOf } from "@holdfast/core/provider/SdkStream"
import { UploadBody } from "@holdfast/core/provider/UploadBody"

import { fromErrorAnswer, fromStatus, fromThrown, type SdkErrors } from "../failure.ts"
import { fetchOf, type Wire } from "./exchange.ts"

/** What is needed to send requests by their paths. */
export interface RestOptions {
  readonly sdk: SdkErrors
  readonly wire: Wire
  /** Where a path is. */
  readonly url: (path: string) => string
  readonly origin: (path: string) => Origin
}

/** Paths are those below the version of the API, and at Vertex AI below the project. */
export const rest = ({ origin, sdk, url, wire }: RestOptions): Rest.Rest => {
  const fetch = fetchOf(wire)
  return Rest.make({
    origin,
    send: (request, signal) =>
      fetch(url(request.path), { ...initOf(request), signal }).then(async (response) => {
        if (response.ok) return response
        throw new StatusError(response.status, headersOf(response.headers), await bounded(response).text())
      }),
    fromThrown: (from) => (cause) =>
      cause instanceof StatusError ? fromStatus(from, cause) : fromThrown(sdk, from, undefined, false)(cause),
    fromErrorAnswer,
  })
}

/** An answer that is an error. */
export class StatusError extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string

  constructor(status: number, headers: Readonly<Record<string, string>>, body: string) {
    super(`status ${status}`)
    this.status = status
    this.headers = headers
    this.body = body
  }
}

const initOf = ({ body, headers, method }: Rest.Request): RequestInit => {
  const keyed = { "x-goog-api-key": KeyedFetch.placeholder, ...headers }
  if (body === undefined) return { method, headers: keyed }
  if (body instanceof UploadBody) return { method, headers: keyed, body: body as unknown as BodyInit }
  return { method, headers: { "content-type": "application/json", ...keyed }, body: JSON.stringify(body) }
}
