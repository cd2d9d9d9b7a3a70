/** `POST {path}/poll` and `GET {path}/{id}/poll?after=n&wait=25`. */
import { Effect, Option } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"

import { ChatError } from "../../ChatError.ts"
import { headers } from "../../ChatProtocol.ts"
import { type Entry } from "../answer/entry.ts"
import { type Following } from "../answer/registry.ts"
import * as own from "../error/own.ts"
import { chatRequestOf, jsonBody, placeOf } from "../http/body.ts"
import { answerIdOf } from "../http/chatRoutes.ts"
import { type Route } from "../http/routes.ts"
import { type Chat } from "../server/chat.ts"

export interface LongPollSettings {
  readonly path: `/${string}`
  /** Milliseconds that a reader may take until its next poll. */
  readonly keep: number
}

export const longPollRoutes = (chat: Chat, { keep, path }: LongPollSettings): ReadonlyArray<Route> => {
  const { registry, settings } = chat
  const patience = Math.max(settings.abandonAfter, keep)
  const begun = Effect.gen(function* () {
    const request = yield* chatRequestOf(yield* jsonBody(settings), settings)
    return yield* registry.session({ follow: chat.ask(request, { patience }), keep }, (following) => page(following, 0))
  })
  const next = Effect.gen(function* () {
    const id = yield* answerIdOf
    const query = yield* HttpServerRequest.ParsedSearchParams
    const after = yield* numberOf("after", query["after"], 0)
    const wait = yield* numberOf("wait", query["wait"], 25)
    const follow = registry.follow(id, after)
    return yield* registry.session({ follow, keep }, (following) =>
      page(following, Math.min(wait, longestWait) * 1_000),
    )
  })
  return [
    { method: "POST", path: `${path}/poll`, handler: begun },
    { method: "GET", path: `${path}/:answerId/poll`, handler: next },
  ]
}

/** Seconds. Proxies cut what is silent for a minute. */
const longestWait = 55

const numberOf = (name: string, value: string | ReadonlyArray<string> | undefined, fallback: number) => {
  if (value === undefined) return Effect.succeed(fallback)
  const place = placeOf(typeof value === "string" ? value : value[0])
  return Option.isSome(place)
    ? Effect.succeed(place.value)
    : Effect.fail(new ChatError(own.invalidRequest(`"${name}" must be a number.`)))
}

const mostPerPage = 262_144

const page = ({ answerId, reader }: Following, wait: number): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.suspend(() => {
    const there = reader.take(mostPerPage)
    if (there.length > 0 || reader.done || wait === 0) return Effect.succeed(pageOf({ answerId, reader }, there))
    return Effect.map(Effect.timeoutOption(reader.more, wait), () =>
      pageOf({ answerId, reader }, reader.take(mostPerPage)),
    )
  })

const pageOf = ({ answerId, reader }: Following, entries: ReadonlyArray<Entry>) => {
  const events = entries.map(({ json }) => json).join(",")
  const rest = `"next":${reader.position},"done":${reader.done}`
  return HttpServerResponse.text(`{"answerId":${JSON.stringify(answerId)},"events":[${events}],${rest}}`, {
    contentType: "application/json",
    headers: { "cache-control": "no-store", [headers.answerId]: answerId },
  })
}
