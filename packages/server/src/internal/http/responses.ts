import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"

import { type ChatError, toWire } from "../../ChatError.ts"

const refused = (error: ChatError): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(
    { error: toWire(error) },
    {
      status: error.status,
      headers: {
        "cache-control": "no-store",
        ...(error.retryAfter !== undefined && { "retry-after": String(Math.ceil(error.retryAfter / 1000)) }),
      },
    },
  )

/** Every failure of a handler as a response. */
export const refusing = <R>(
  handler: Effect.Effect<HttpServerResponse.HttpServerResponse, ChatError, R>,
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.catch(handler, (error) => Effect.succeed(refused(error)))
