/** The routes of `useChat`: `POST {api}`, `GET {api}/{chatId}/stream`, `DELETE {api}/{chatId}/stream`. */
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"

import { ChatError } from "../../ChatError.ts"
import { headers } from "../../ChatProtocol.ts"
import { type Entry } from "../answer/entry.ts"
import { type Following } from "../answer/registry.ts"
import * as own from "../error/own.ts"
import { jsonBody } from "../http/body.ts"
import { type SseSettings } from "../http/chatRoutes.ts"
import { type Framing, streamed } from "../http/frames.ts"
import { type Route } from "../http/routes.ts"
import { streamHeaders } from "../http/sse.ts"
import { type Chat } from "../server/chat.ts"
import { ChunkWriter } from "./chunks.ts"
import { uiRequestOf } from "./request.ts"

export const uiRoutes = (chat: Chat, settings: SseSettings): ReadonlyArray<Route> => {
  const { path } = settings
  const stream = ({ answerId, reader }: Following) =>
    Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      streamed({ reader, request }, framing(), settings, { ...uiHeaders, [headers.answerId]: answerId }),
    )
  const begun = Effect.gen(function* () {
    const request = yield* uiRequestOf(yield* jsonBody(chat.settings), chat.settings)
    return yield* stream(yield* chat.ask(request))
  })
  const running = Effect.flatMap(chatIdOf, (chatId) => chat.registry.newestOf(chatId))
  // The client begins the message anew at the first chunk.
  const resumed = Effect.gen(function* () {
    const answerId = yield* running
    if (answerId === undefined) return nothing
    const following = yield* Effect.catch(chat.registry.follow(answerId, 0), () => Effect.undefined)
    if (following === undefined || following.reader.log.ended) return nothing
    return yield* stream(following)
  })
  const stopped = Effect.gen(function* () {
    const answerId = yield* running
    if (answerId === undefined) return yield* Effect.fail(new ChatError(own.answerNotFound))
    yield* chat.registry.stop(answerId)
    return HttpServerResponse.empty({ status: 202, headers: { "cache-control": "no-store" } })
  })
  return [
    { method: "POST", path, handler: begun },
    { method: "GET", path: `${path}/:chatId/stream`, handler: resumed },
    { method: "DELETE", path: `${path}/:chatId/stream`, handler: stopped },
  ]
}

/** There is nothing to go on with, so the page stays with the messages that it has. */
const nothing = HttpServerResponse.empty({ status: 204 })

const chatIdOf = Effect.map(HttpRouter.params, ({ chatId = "" }) => chatId)

const uiHeaders = { ...streamHeaders, "x-vercel-ai-ui-message-stream": "v1" }

const framing = (): Framing => {
  const writer = new ChunkWriter()
  return {
    opening: ": stream-open\n\n",
    beat: ": keep-alive\n\n",
    closing: "data: [DONE]\n\n",
    frames: (entries: ReadonlyArray<Entry>) => {
      let text = ""
      for (const { event } of entries) {
        for (const chunk of writer.chunks(event)) text += `data: ${JSON.stringify(chunk)}\n\n`
      }
      return text
    },
  }
}
