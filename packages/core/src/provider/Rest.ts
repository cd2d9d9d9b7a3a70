/**
 * Requests to a vendor's API that have no endpoint of their own here, such as those of batches and files: through the same
 * client, with the same key, and with the same reading of errors.
 *
 * @since 0.1.0
 */
import { Effect, Option, Result, Stream } from "effect"
import { type AiError } from "effect/ai"

import { facts } from "../Failure.ts"
import { type ErrorAnswer } from "./AnswerResponse.ts"
import { bounded } from "./BoundedBody.ts"
import { field, text } from "./Json.ts"
import { malformed, type Origin } from "./ProviderError.ts"
import * as SdkStream from "./SdkStream.ts"

/**
 * One request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE"
  /** Below the API's URL, with its query. */
  readonly path: string
  /** Sent as JSON, unless it is a form or an `UploadBody`. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
 * An answer that came as a whole.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exchange {
  readonly headers: Readonly<Record<string, string>>
  readonly answer: unknown
}

/**
 * An API by its paths.
 *
 * **Details**
 *
 * Every call is one request, and is aborted when it is interrupted. What is JSON is bounded in size and is not trusted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rest {
  readonly origin: (path: string) => Origin
  /** Gives the body as JSON, whatever it says; nothing if it is empty. */
  readonly json: (request: Request) => Effect.Effect<unknown, AiError.AiError>
  /** The same, with the headers of the answer in lower case. */
  readonly exchange: (request: Request) => Effect.Effect<Exchange, AiError.AiError>
  /** Gives the body as it comes. It may be of any length. */
  readonly bytes: (path: string) => Stream.Stream<Uint8Array, AiError.AiError>
  /** The error that a body of status 200 reports. */
  readonly reported: (path: string, answer: ErrorAnswer) => AiError.AiError
}

/**
 * How requests are sent and errors are read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly origin: (path: string) => Origin
  /** Sends a request, and fails where the status is that of an error. */
  readonly send: (request: Request, signal: AbortSignal) => Promise<Response>
  readonly fromThrown: (origin: Origin) => (cause: unknown) => AiError.AiError
  readonly fromErrorAnswer: (origin: Origin) => (answer: ErrorAnswer) => AiError.AiError
}

/**
 * Puts the API together.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ fromErrorAnswer, fromThrown, send, ...options }: Options): Rest => {
  const origin = (path: string): Origin => options.origin(path.split("?", 1)[0] ?? path)
  const exchange = (request: Request): Effect.Effect<Exchange, AiError.AiError> => {
    const from = origin(request.path)
    const asking = SdkStream.once({
      request: (signal) =>
        send(request, signal).then((response) =>
          bounded(response)
            .text()
            .then((body) => ({ headers: SdkStream.headersOf(response.headers), body })),
        ),
      catch: fromThrown(from),
    })
    return Effect.flatMap(asking, ({ body, headers }) =>
      Effect.map(parsed(from, body), (answer) => ({ headers, answer })),
    )
  }
  return {
    origin,
    exchange,
    json: (request) => Effect.map(exchange(request), ({ answer }) => answer),
    bytes: (path) =>
      Stream.unwrap(
        Effect.map(
          SdkStream.open({
            request: (signal) =>
              send({ method: "GET", path }, signal).then(({ body }) => ({ head: undefined, events: piecesOf(body) })),
            catch: fromThrown(origin(path)),
          }),
          ({ events }) => events,
        ),
      ),
    reported: (path, answer) => fromErrorAnswer(origin(path))(answer),
  }
}

const parsed = (origin: Origin, body: string): Effect.Effect<unknown, AiError.AiError> => {
  if (body.trim() === "") return Effect.succeed(undefined)
  const value = Result.try((): unknown => JSON.parse(body))
  return Result.isSuccess(value)
    ? Effect.succeed(value.success)
    : Effect.fail(malformed(origin, "the answer is not JSON", false))
}

type Bytes = Uint8Array<ArrayBuffer>

const piecesOf = (body: ReadableStream<Bytes> | null): AsyncIterable<Bytes> => ({
  [Symbol.asyncIterator]: () => {
    const reader = body?.getReader()
    return {
      next: (): Promise<IteratorResult<Bytes, undefined>> =>
        reader === undefined
          ? Promise.resolve({ done: true, value: undefined })
          : reader.read().then(({ done, value }) => (done ? { done, value: undefined } : { done, value })),
    }
  },
})

/**
 * The text in a field of an answer, or the error that the answer is instead.
 *
 * @since 0.1.0
 * @category getters
 */
export const required = (
  rest: Rest,
  path: string,
  { answer, key }: { readonly answer: unknown; readonly key: string },
): Effect.Effect<string, AiError.AiError> => {
  const found = text(answer, key)
  if (found !== undefined) return Effect.succeed(found)
  const error = field(answer, "error")
  return Effect.fail(
    error === undefined || error === null
      ? malformed(rest.origin(path), `an answer without "${key}"`, false)
      : rest.reported(path, { body: answer, plain: undefined, headers: {}, inStream: false }),
  )
}

/**
 * Takes errors of some statuses for success: what is to be removed has gone, what is to be stopped is over.
 *
 * @since 0.1.0
 * @category combinators
 */
export const ignoring = (
  statuses: ReadonlyArray<number>,
  self: Effect.Effect<unknown, AiError.AiError>,
): Effect.Effect<void, AiError.AiError> =>
  Effect.catchIf(
    Effect.asVoid(self),
    (error) => Option.exists(facts(error), ({ status }) => status !== undefined && statuses.includes(status)),
    () => Effect.void,
  )
