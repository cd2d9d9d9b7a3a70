/**
 * Uploads through the dispatcher that the program has set for `fetch`, so that they take the same proxy. It is `fetch` that keeps every
 * piece of a body, and not its dispatcher.
 *
 * The handler is of the form that undici takes since version 5; newer ones wrap it.
 */
import { type UploadBody } from "../../provider/UploadBody.ts"
import { type Dispatcher } from "../http/dispatcher.ts"
import { failed, responseOf, type UploadRequest } from "./request.ts"

export const onDispatcher = (
  dispatcher: Dispatcher,
  url: URL,
  init: UploadRequest,
  body: UploadBody,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const options = {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: init.method ?? "POST",
      headers: Object.fromEntries(init.headers),
      body: copies(body),
      // Deadlines are Holdfast's.
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    const handler = new Handler(init.signal ?? undefined, resolve, reject)
    dispatcher.dispatch(options, handler)
  })

/** Each piece by itself: who sends it may look at it after it has asked for the next one. */
async function* copies(body: UploadBody): AsyncGenerator<Uint8Array> {
  for await (const piece of body.open()) yield piece.slice()
}

type Bytes = Uint8Array<ArrayBuffer>

class Handler {
  private controller: ReadableStreamDefaultController<Bytes> | undefined
  private stop: ((reason: unknown) => void) | undefined
  private readonly signal: AbortSignal | undefined
  private readonly resolve: (response: Response) => void
  private readonly reject: (cause: unknown) => void

  constructor(
    signal: AbortSignal | undefined,
    resolve: (response: Response) => void,
    reject: (cause: unknown) => void,
  ) {
    this.signal = signal
    this.resolve = resolve
    this.reject = reject
  }

  private readonly aborted = (): void => this.stop?.(this.signal?.reason)

  onConnect(abort: (reason: unknown) => void): void {
    this.stop = abort
    if (this.signal?.aborted === true) return this.aborted()
    this.signal?.addEventListener("abort", this.aborted, { once: true })
  }

  onHeaders(status: number, raw: ReadonlyArray<Uint8Array>, resume: () => void): boolean {
    // Such as 100, before the answer.
    if (status < 200) return true
    const headers = new Headers()
    const text = new TextDecoder("latin1")
    for (let at = 0; at + 1 < raw.length; at += 2) headers.append(text.decode(raw[at]), text.decode(raw[at + 1]))
    const body = new ReadableStream<Bytes>(
      {
        start: (controller) => void (this.controller = controller),
        pull: () => resume(),
        cancel: (reason) => this.stop?.(reason),
      },
      { highWaterMark: 0 },
    )
    const response = responseOf(status, headers, body)
    this.resolve(response)
    // What has no body is read to its end all the same.
    return response.body === null
  }

  onData(piece: Bytes): boolean {
    this.controller?.enqueue(new Uint8Array(piece))
    return (this.controller?.desiredSize ?? 0) > 0
  }

  onComplete(): void {
    this.signal?.removeEventListener("abort", this.aborted)
    this.controller?.close()
  }

  onError(cause: unknown): void {
    this.signal?.removeEventListener("abort", this.aborted)
    this.controller?.error(failed(cause, this.signal))
    this.reject(failed(cause, this.signal))
  }
}
