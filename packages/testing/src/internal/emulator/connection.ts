import { type Server, ServerResponse } from "node:http"

import { Effect } from "effect"
import { type HttpServerRequest } from "effect/http"

type Request = HttpServerRequest.HttpServerRequest

// The package that could tell is loaded by those alone who start an emulator.
const responses = new WeakMap<object, ServerResponse>()

/** Knows from now on which response belongs to a request of a server. */
export const watch = (server: Server): Server =>
  server.on("request", (request, response) => responses.set(request, response))

const responseTo = ({ source }: Request): ServerResponse => {
  const response = responses.get(source)
  if (response === undefined) throw new Error("the request belongs to another server")
  return response
}

/** Calls back once when the connection closes before the response has ended. */
export const onEarlyClose = (request: Request, callback: () => void): void => {
  const response = responseTo(request)
  response.once("close", () => {
    if (!response.writableEnded) callback()
  })
}

/** Sends the headers now; Node would keep them for the first bytes of the body. */
export const flushHeaders = (request: Request): Effect.Effect<void> =>
  Effect.sync(() => {
    const response = responseTo(request)
    if (response instanceof ServerResponse) response.flushHeaders()
  })

/** How long a client gets to read what came before a cut, in milliseconds: an error discards what is still queued. */
const readingTime = 10

/**
 * Waits until everything written has left this process and the client has had time to read it.
 *
 * Real time and not the `Clock`: the client's socket is outside of the program, and no test clock moves it.
 */
export const flushed = (request: Request): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const response = responseTo(request)
    const wait = () => {
      if (response.destroyed) return resume(Effect.void)
      const isFlushed = response.writableLength === 0 && (response.socket?.writableLength ?? 0) === 0
      timer = isFlushed ? setTimeout(() => resume(Effect.void), readingTime) : setTimeout(wait, 1)
    }
    let timer = setTimeout(wait, 0)
    return Effect.sync(() => clearTimeout(timer))
  })

/** Resets the connection with a TCP RST. */
export const reset = (request: Request): Effect.Effect<void> =>
  Effect.sync(() => responseTo(request).socket?.resetAndDestroy())

/** Closes the connection with a FIN, without ending the body. */
export const close = (request: Request): Effect.Effect<void> => Effect.sync(() => responseTo(request).socket?.destroy())
