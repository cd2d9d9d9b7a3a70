/**
 * A `fetch` without limits of its own to how long an answer takes: deadlines are Holdfast's.
 *
 * @since 0.1.0
 */
import { type Dispatcher, globalDispatcher } from "../internal/http/dispatcher.ts"

/**
 * The given `fetch`, or the global one without the five minutes after which that of Node.js gives up.
 *
 * **Details**
 *
 * Node.js waits five minutes for the headers of a response, and five between two pieces of its body. A model may well need
 * longer. The connections stay those of the global dispatcher. `undefined` stands for the global `fetch`, as it is at the
 * time of each request.
 *
 * **Gotchas**
 *
 * A `fetch` that is given keeps its own limits.
 *
 * @since 0.1.0
 * @category constructors
 */
export const untimedFetch = (fetch: typeof globalThis.fetch | undefined): typeof globalThis.fetch =>
  fetch ?? ((input, init) => globalThis.fetch(input, untimed(init)))

const untimed = (init: RequestInit | undefined): RequestInit | undefined => {
  const dispatcher = globalDispatcher()
  if (dispatcher === undefined) return init
  const waiting: Dispatcher = {
    dispatch: (options, handler) => dispatcher.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler),
  }
  const options: RequestInit & { readonly dispatcher: Dispatcher } = { ...init, dispatcher: waiting }
  return options
}
