/** A request with a body that is sent as it is read. */
export interface UploadRequest extends RequestInit {
  readonly headers: Headers
}

/** As `fetch` fails, so that what reads the errors of `fetch` knows it for a connection that broke. */
export const failed = (cause: unknown, signal: AbortSignal | null | undefined): unknown =>
  signal?.aborted === true ? signal.reason : new TypeError("fetch failed", { cause })

const withoutBody = new Set([204, 205, 304])

/** A response whose body is read no faster than it is asked for. */
export const responseOf = (status: number, headers: Headers, body: ReadableStream<Uint8Array<ArrayBuffer>>): Response =>
  new Response(withoutBody.has(status) ? null : body, { status, headers })
