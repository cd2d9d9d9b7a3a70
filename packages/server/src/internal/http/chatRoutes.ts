/** `POST /chat`, `POST /chat/stream`, `GET /chat/{id}/stream`, `DELETE /chat/{id}`. */
import { Effect, Option } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"

import { ChatError } from "../../ChatError.ts"
import { headers } from "../../ChatProtocol.ts"
import { type Following } from "../answer/registry.ts"
import { wholeAnswer } from "../answer/whole.ts"
import * as own from "../error/own.ts"
import { type Chat } from "../server/chat.ts"
import { chatRequestOf, jsonBody, placeOf } from "./body.ts"
import { streamed, type Streaming } from "./frames.ts"
import { type Route } from "./routes.ts"
import { sseFraming, streamHeaders } from "./sse.ts"

export interface SseSettings extends Streaming {
  readonly path: `/${string}`
}

export const chatRoutes = (chat: Chat, settings: SseSettings): ReadonlyArray<Route> => {
  const { path } = settings
  const asked = Effect.flatMap(jsonBody(chat.settings), (body) => chatRequestOf(body, chat.settings))
  const stream = ({ answerId, reader }: Following) =>
    Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      streamed({ reader, request }, sseFraming, settings, { ...streamHeaders, [headers.answerId]: answerId }),
    )
  const whole = Effect.flatMap(asked, (request) =>
    Effect.map(Effect.flatMap(chat.ask(request), wholeAnswer), (answer) =>
      HttpServerResponse.jsonUnsafe(answer, {
        headers: { "cache-control": "no-store", [headers.answerId]: answer.answerId },
      }),
    ),
  )
  const begun = Effect.flatMap(
    Effect.flatMap(asked, (request) => chat.ask(request)),
    stream,
  )
  const resumed = Effect.gen(function* () {
    const id = yield* answerIdOf
    const after = yield* placeInRequest
    const following = yield* chat.registry.follow(id, after)
    // Without it an `EventSource` would come back for ever.
    if (following.reader.done) return HttpServerResponse.empty({ status: 204 })
    return yield* stream(following)
  })
  const stopped = Effect.gen(function* () {
    yield* chat.registry.stop(yield* answerIdOf)
    return HttpServerResponse.empty({ status: 202, headers: { "cache-control": "no-store" } })
  })
  return [
    { method: "POST", path, handler: whole },
    { method: "POST", path: `${path}/stream`, handler: begun },
    { method: "GET", path: `${path}/:answerId/stream`, handler: resumed },
    { method: "DELETE", path: `${path}/:answerId`, handler: stopped },
  ]
}

/** Something that cannot be an id is not there. */
export const answerIdOf = Effect.flatMap(HttpRouter.params, ({ answerId }) =>
  answerId !== undefined && /^[A-Za-z0-9_-]{16,64}$/.test(answerId)
    ? Effect.succeed(answerId)
    : Effect.fail(new ChatError(own.answerNotFound)),
)

/** The header goes first, because browsers set it by themselves when they come back to an address with an old `after`. */
const placeInRequest = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const query = yield* HttpServerRequest.ParsedSearchParams
  const after = query["after"]
  const place = placeOf(request.headers[headers.lastEventId] ?? (Array.isArray(after) ? after[0] : after))
  return Option.isSome(place)
    ? place.value
    : yield* Effect.fail(new ChatError(own.invalidRequest("The place to go on from must be a number.")))
})
