/**
 * Reading the response of an answer, event by event or as a whole.
 *
 * The SDKs send requests and read errors. Answers are read here, because the SDKs trust their content type, lose what
 * comes in another form, and quote what they cannot read.
 *
 * @since 0.1.0
 */
import { Cause, Effect, Fiber, Pull, type Scope, Stream } from "effect"
import { type AiError } from "effect/ai"

import { AnswerBody, type Broken, WholeAnswer } from "./AnswerBody.ts"
import { malformed, type Origin } from "./ProviderError.ts"
import * as SdkStream from "./SdkStream.ts"

/**
 * An error that an answer of status 200 reports.
 *
 * @since 0.1.0
 * @category models
 */
export interface ErrorAnswer {
  /** The error as JSON, with whatever is around it; none if it is plain text. */
  readonly body: unknown
  readonly plain: string | undefined
  /** The response's headers in lower case. */
  readonly headers: Record<string, string>
  /** Whether a part of the answer may have come before. */
  readonly inStream: boolean
}

/**
 * How a response is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly origin: Origin
  /** Sends the request. The signal is to be handed to the SDK. */
  readonly request: (signal: AbortSignal) => Promise<Response>
  /** Makes the error of whatever the SDK throws. */
  readonly fromThrown: (cause: unknown) => AiError.AiError
  /** Makes the error of one that is in an answer of status 200. */
  readonly fromErrorAnswer: (answer: ErrorAnswer) => AiError.AiError
}

/**
 * Events that came where a whole answer was asked for.
 *
 * @since 0.1.0
 * @category models
 */
export class AnswerEvents {
  readonly events: ReadonlyArray<unknown>

  constructor(events: ReadonlyArray<unknown>) {
    this.events = events
  }
}

type Head = Readonly<Record<string, string>>

/**
 * Sends a request and gives what `AnswerBody` finds in its answer, as it comes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (
  options: Options,
): Effect.Effect<
  { readonly head: Head; readonly events: Stream.Stream<unknown, AiError.AiError> },
  AiError.AiError,
  Scope.Scope
> =>
  Effect.map(
    SdkStream.open({
      request: (signal) =>
        options
          .request(signal)
          .then(({ body, headers }) => ({ head: headOf(options.origin, headers), events: piecesOf(body) })),
      catch: options.fromThrown,
    }),
    ({ events, head }) => ({ head, events: read(events, (broken) => errorOf(broken, head, options)) }),
  )

/**
 * Sends a request and gives its answer as a whole: JSON, or `AnswerEvents`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const whole = (
  options: Options,
): Effect.Effect<{ readonly head: Head; readonly answer: unknown }, AiError.AiError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { events, head } = yield* open(options)
      const found = yield* Stream.runCollect(events)
      const [first] = found
      if (found.length === 0) return yield* Effect.fail(malformed(options.origin, "the answer is empty", true))
      return { head, answer: first instanceof WholeAnswer ? first.answer : new AnswerEvents(found) }
    }),
  )

/**
 * Sends a request and gives its answer as bytes, such as a sound.
 *
 * **Details**
 *
 * What says of itself that it is JSON or a page is no such answer, and is read for the error in it. An answer without a byte
 * or with more than `maxBytes` of them fails, and was paid for.
 *
 * @since 0.1.0
 * @category constructors
 */
export const bytes = (
  options: Options & { readonly maxBytes: number },
): Effect.Effect<{ readonly head: Head; readonly answer: Uint8Array }, AiError.AiError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { maxBytes, origin } = options
      const { events, head } = yield* SdkStream.open({
        request: (signal) =>
          options
            .request(signal)
            .then(({ body, headers }) => ({ head: headOf(origin, headers), events: piecesOf(body) })),
        catch: options.fromThrown,
      })
      if (/json|html/i.test(head["content-type"] ?? "")) {
        yield* Stream.runDrain(read(events, (broken) => errorOf(broken, head, options)))
        return yield* Effect.fail(malformed(origin, "the answer is JSON, and not what was asked for", true))
      }
      const pieces: Array<Bytes> = []
      let size = 0
      yield* Stream.runForEach(events, (piece) => {
        size += piece.length
        pieces.push(piece)
        return size > maxBytes
          ? Effect.fail(malformed(origin, `the answer exceeds ${maxBytes} bytes`, true))
          : Effect.void
      })
      if (size === 0) return yield* Effect.fail(malformed(origin, "the answer is empty", true))
      return { head, answer: joined(pieces, size) }
    }),
  )

const joined = (pieces: ReadonlyArray<Bytes>, size: number): Uint8Array => {
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

// Servers echo in headers, too, and events keep some of them.
const headOf = ({ scrub }: Origin, headers: Headers): Head =>
  Object.fromEntries(Object.entries(SdkStream.headersOf(headers)).map(([name, value]) => [name, scrub(value)]))

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

const errorOf = (broken: Broken, headers: Head, { fromErrorAnswer, origin }: Options): AiError.AiError => {
  if (broken._tag === "Unreadable") return malformed(origin, broken.what, true)
  const { body, inStream, plain } = broken
  return fromErrorAnswer({ body, plain, headers: { ...headers }, inStream })
}

type Chunk = readonly [unknown, ...Array<unknown>]

const read = (
  pieces: Stream.Stream<Bytes, AiError.AiError>,
  errorOfBroken: (broken: Broken) => AiError.AiError,
): Stream.Stream<unknown, AiError.AiError> =>
  Stream.transformPull(pieces, (pull, scope) => {
    const body = new AnswerBody()
    const decoder = new TextDecoder()
    let over = false
    let failure: AiError.AiError | undefined
    const arriving = Pull.catchDone(pull, () => Effect.succeed(undefined))
    const take = (chunk: ReadonlyArray<Bytes> | undefined): Array<unknown> => {
      const out: Array<unknown> = []
      let broken: Broken | undefined
      for (const piece of chunk ?? []) broken ??= body.push(decoder.decode(piece, { stream: true }), out)
      if (chunk === undefined) {
        over = true
        broken = body.push(decoder.decode(), out) ?? body.end(out)
      }
      if (broken !== undefined) failure = errorOfBroken(broken)
      return out
    }
    const next: Pull.Pull<Chunk, AiError.AiError> = Effect.suspend(() => {
      if (failure !== undefined) return Effect.fail(failure)
      if (over) return Cause.done()
      return Effect.flatMap(body.mayBeWhole ? settled(arriving, body, scope) : arriving, (chunk) => {
        const out = take(chunk)
        return out.length === 0 ? next : Effect.succeed(out as unknown as Chunk)
      })
    })
    return Effect.succeed(next)
  })

const silence = "250 millis"

/** What arrives, or the end if nothing does and all of the JSON is there: some connections are left open. */
const settled = <A, E>(
  arriving: Effect.Effect<A | undefined, E>,
  body: AnswerBody,
  scope: Scope.Scope,
): Effect.Effect<A | undefined, E> =>
  Effect.flatMap(Effect.forkIn(arriving, scope, { startImmediately: true }), (fiber) =>
    Effect.raceFirst(
      Fiber.join(fiber),
      Effect.flatMap(Effect.sleep(silence), () =>
        body.isWhole ? Effect.as(Effect.forkIn(Fiber.interrupt(fiber), scope), undefined) : Fiber.join(fiber),
      ),
    ),
  )
