/**
 * Reading a vendor SDK's async iterable as a `Stream` that really lets go.
 *
 * On every vendor SDK, `iterator.return()` while `next()` is pending closes nothing: only the abort signal does, and a
 * stalled provider would otherwise keep its socket, and its bill, after the fiber is gone. So each call owns an
 * `AbortController` that fires when its scope closes, and the iterator is left to the abort.
 *
 * @since 0.1.0
 */
import { Cause, Effect, type Scope, Stream } from "effect"
import { type AiError } from "effect/ai"

import { malformed, type Origin } from "./ProviderError.ts"

/**
 * Sends a request and gives its events as a stream.
 *
 * **Details**
 *
 * The effect completes when the SDK has the response's headers. Events come one by one, as the provider sent them.
 * Interrupting the effect or closing the scope aborts the request at once, also when the provider stalls. Whatever the SDK
 * throws goes through `catch`, also when what it gave cannot be iterated, as with a gateway's answer of another shape.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = <Event, Head, E>(options: {
  /** Sends the request. The signal is to be handed to the SDK. */
  readonly request: (signal: AbortSignal) => Promise<{ readonly head: Head; readonly events: AsyncIterable<Event> }>
  readonly catch: (cause: unknown) => E
}): Effect.Effect<{ readonly head: Head; readonly events: Stream.Stream<Event, E> }, E, Scope.Scope> =>
  Effect.gen(function* () {
    const controller = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (acquired) => Effect.sync(() => acquired.abort()),
    )
    const { head, events } = yield* Effect.tryPromise({
      try: () => options.request(controller.signal),
      catch: options.catch,
    })
    const iterator = yield* Effect.try({ try: () => events[Symbol.asyncIterator](), catch: options.catch })
    const next = Effect.tryPromise({ try: () => iterator.next(), catch: options.catch })
    const pull = Effect.flatMap(next, (result) =>
      result.done === true ? Cause.done() : Effect.succeed([result.value] as const),
    )
    return { head, events: Stream.fromPull(Effect.succeed(pull)) }
  })

/**
 * Sends a request that is answered as a whole. Interruption aborts it at once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const once = <A, E>(options: {
  /** Sends the request. The signal is to be handed to the SDK. */
  readonly request: (signal: AbortSignal) => Promise<A>
  readonly catch: (cause: unknown) => E
}): Effect.Effect<A, E> => Effect.tryPromise({ try: options.request, catch: options.catch })

/**
 * Fails for an answer that holds no events. The SDKs read any body as events, and find none in a page or in JSON.
 *
 * @since 0.1.0
 * @category combinators
 */
export const requireEvents = (
  origin: Origin,
  headers: Readonly<Record<string, string>>,
): Effect.Effect<void, AiError.AiError> => {
  const type = headers["content-type"] ?? ""
  return /^(?:text\/html|application\/json)\b/i.test(type)
    ? Effect.fail(malformed(origin, `a stream was asked for, and the answer is ${type}`, true))
    : Effect.void
}

/**
 * Response headers in lower case.
 *
 * @since 0.1.0
 * @category conversions
 */
export const headersOf = (headers: Headers | undefined): Record<string, string> =>
  headers === undefined ? {} : Object.fromEntries(headers.entries())
