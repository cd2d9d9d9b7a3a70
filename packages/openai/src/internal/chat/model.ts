import { mapEvents, polishAll } from "@holdfast/core/provider/EventReader"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Effect, Random } from "effect"
import { OpenAiStructuredOutput } from "effect/ai"

import { canonical } from "../request/tools.ts"
import { type ChatSettings } from "../settings.ts"
import { type ChatBody, type Transport } from "../transport.ts"
import { type Dialect } from "./dialect.ts"
import { completionParts, Reading } from "./parts.ts"
import { chatBody, strictTools } from "./request.ts"
import { ChatReader } from "./stream.ts"

/** A model on Chat Completions. The settings are read once for every request. */
export const chatModel = (
  transport: Pick<Transport, "provider" | "chat">,
  model: string,
  dialect: Dialect,
  settingsOf: Effect.Effect<ChatSettings>,
): ProviderModel.ProviderModel => {
  const { chat, provider } = transport
  const prepare = Effect.fnUntraced(function* (request: ProviderModel.ProviderRequest) {
    const settings = yield* settingsOf
    const body = yield* chatBody({ provider, model, dialect, settings, request })
    const polish = canonical(request.options.tools, strictTools(settings, dialect))
    return { body, reading: new Reading(chat.origin, provider, dialect, yield* newFallbackId), polish }
  })
  return {
    provider,
    model,
    settings: settingsOf,
    codecTransformer: OpenAiStructuredOutput.toCodecOpenAI,
    generate: Effect.fnUntraced(function* (request) {
      const { body, polish, reading } = yield* prepare(request)
      const reply = yield* chat.once(body)
      const parts = yield* Effect.fromResult(completionParts(reply.parts, reading))
      return { headers: reply.headers, parts: yield* polishAll(parts, polish) }
    }),
    stream: Effect.fnUntraced(function* (request) {
      const { body, polish, reading } = yield* prepare(request)
      const reply = yield* chat.open(streaming(body, dialect))
      return { headers: reply.headers, parts: mapEvents(reply.parts, new ChatReader(reading), polish) }
    }),
  }
}

// Ids of calls must differ between the turns of a conversation.
const newFallbackId = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 31), Random.nextIntBetween(0, 2 ** 31)]),
  (numbers) => `call_${numbers.map((number) => number.toString(36)).join("")}`,
)

const streaming = (body: ChatBody, dialect: Dialect): ChatBody =>
  dialect.asksForStreamUsage ? { ...body, stream_options: { include_usage: true, ...body.stream_options } } : body
