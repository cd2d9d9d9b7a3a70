/**
 * How much of an answer is gathered, so that none can fill the memory.
 *
 * @since 0.1.0
 */
import { untimedFetch } from "./UntimedFetch.ts"

/**
 * The longest event, with room for a generated file. Characters.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestEvent = 64 * 1024 * 1024

/**
 * The longest answer that comes as a whole. Bytes.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestBody = 2 * longestEvent

/**
 * A `fetch` whose errors are bounded, which are all that an SDK reads; see `AnswerResponse`. `undefined` stands for the global
 * one, without its limits in time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const boundedFetch = (fetch: typeof globalThis.fetch | undefined): typeof globalThis.fetch => {
  const send = untimedFetch(fetch)
  return (input, init) => send(input, init).then((response) => (response.ok ? response : bounded(response)))
}

/**
 * The same answer with a body that fails with a `RangeError` when it is too long, unless its headers promise a length that is
 * allowed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bounded = (response: Response): Response => {
  const { body, headers } = response
  if (body === null || promisesLittle(headers)) return response
  const read = new Response(counted(body), { headers })
  // The answer stays what it is, with its URL and whatever status it has: one made anew takes neither.
  return Object.defineProperties(response, {
    body: { get: () => read.body, configurable: true },
    arrayBuffer: { value: () => read.arrayBuffer(), configurable: true },
    blob: { value: () => read.blob(), configurable: true },
    json: { value: () => read.json(), configurable: true },
    text: { value: () => read.text(), configurable: true },
  })
}

// What is packed may be far longer than it is announced to be.
const promisesLittle = (headers: Headers): boolean => {
  const length = headers.get("content-length")
  return length !== null && !headers.has("content-encoding") && Number(length) <= longestBody
}

type Body = ReadableStream<Uint8Array<ArrayBuffer>>

/** A body that is counted. It reads only when it is read: what a pipe holds in between is lost when the connection breaks. */
const counted = (body: Body): Body => {
  let size = 0
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined
  const cancel = (reason: unknown): Promise<void> => (reader ?? body).cancel(reason)
  const take = (piece: Uint8Array): void => {
    size += Math.max(piece.length, leastCost)
    if (size > longestBody) throw new RangeError(`the answer exceeds ${longestBody} bytes`)
  }
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> => {
    reader ??= body.getReader()
    const { done, value } = await reader.read()
    if (done) return controller.close()
    take(value)
    controller.enqueue(value)
  }
  const guarded: typeof pull = (controller) =>
    pull(controller).catch((cause: unknown) => {
      void cancel(cause).catch(() => undefined)
      throw cause
    })
  return new ReadableStream({ pull: guarded, cancel }, { highWaterMark: 0 })
}

// What a piece costs to keep, however short it is. Bytes.
const leastCost = 256
