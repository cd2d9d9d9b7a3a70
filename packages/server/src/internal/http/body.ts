/** From the body of a request to what it asks, within bounds. */
import { ByteSize, Duration, Effect, Option, Predicate, Result, Schema } from "effect"
import { HttpIncomingMessage, HttpServerError, HttpServerRequest } from "effect/http"

import { ChatError } from "../../ChatError.ts"
import { ChatRequest } from "../../ChatProtocol.ts"
import * as own from "../error/own.ts"

export interface RequestLimits {
  readonly maxBody: number
  readonly maxMessages: number
  /** Milliseconds until all of the body must be there. */
  readonly bodyTimeout: number
}

type Request = HttpServerRequest.HttpServerRequest

/** The JSON of the body. Only JSON is taken, because a page of another site may send anything else without being asked. */
export const jsonBody = (limits: RequestLimits): Effect.Effect<unknown, ChatError, Request> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(request.headers["content-type"] ?? "")) {
      return Effect.fail(new ChatError({ ...own.invalidRequest("The content type must be JSON."), status: 415 }))
    }
    return request.text.pipe(
      Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.fromInputUnsafe(limits.maxBody)),
      Effect.mapError(
        (error) => new ChatError(isTooLarge(error) ? own.bodyTooLarge : own.invalidRequest("The body broke off.")),
      ),
      Effect.timeoutOrElse({
        duration: Duration.millis(limits.bodyTimeout),
        orElse: () => Effect.fail(new ChatError(own.bodyTooSlow)),
      }),
      Effect.flatMap(parseJson),
    )
  })

const isTooLarge = (error: unknown): boolean =>
  HttpServerError.isHttpServerError(error) &&
  Predicate.hasProperty(error.reason, "reason") &&
  error.reason.reason === "BodyTooLarge"

export const parseJson = (text: string): Effect.Effect<unknown, ChatError> => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(parsed)) return Effect.fail(new ChatError(own.invalidRequest("The body is not JSON.")))
  if (!isShallow(parsed.success))
    return Effect.fail(new ChatError(own.invalidRequest("The body is nested too deeply.")))
  return Effect.succeed(parsed.success)
}

/** Whether no value lies deeper than a schema can follow. One level after the other, so that this cannot be exhausted itself. */
const isShallow = (value: unknown): boolean => {
  let level: ReadonlyArray<unknown> = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return false
    level = level.flatMap((each) =>
      Predicate.isObjectOrArray(each) ? Object.values(each).filter(Predicate.isObjectOrArray) : [],
    )
  }
  return true
}

const maxDepth = 64

/** What a body asks. `unknown` is what it says, as JSON. */
export const chatRequestOf = (body: unknown, limits: RequestLimits): Effect.Effect<ChatRequest, ChatError> => {
  if (
    Predicate.hasProperty(body, "messages") &&
    Array.isArray(body.messages) &&
    body.messages.length > limits.maxMessages
  ) {
    return Effect.fail(new ChatError(own.tooManyMessages(limits.maxMessages)))
  }
  return decoded(decodeRequest(body))
}

/** The value, or what is wrong with it, in a few words. */
export const decoded = <A>(result: Result.Result<A, Schema.SchemaError>): Effect.Effect<A, ChatError> =>
  Result.isSuccess(result)
    ? Effect.succeed(result.success)
    : Effect.fail(new ChatError(own.invalidRequest(result.failure.message.slice(0, 300))))

const decodeRequest = Schema.decodeUnknownResult(Schema.toCodecJson(ChatRequest))

/** A place in a log, from a header or a query. */
export const placeOf = (text: string | undefined): Option.Option<number> => {
  if (text === undefined || text === "") return Option.some(0)
  const place = Number(text)
  return /^\d{1,15}$/.test(text) && Number.isSafeInteger(place) ? Option.some(place) : Option.none()
}
