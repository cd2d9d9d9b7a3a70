import { mapEvents, polishAll } from "@holdfast/core/provider/EventReader"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect } from "effect"
import { AnthropicStructuredOutput } from "effect/ai"

import { answerParts } from "./answer/parts.ts"
import { Reading } from "./answer/state.ts"
import { MessagesReader } from "./answer/stream.ts"
import { messagesBody } from "./request/request.ts"
import { canonical, strictByDefault } from "./request/tools.ts"
import { type Settings } from "./settings.ts"
import { type Transport } from "./transport.ts"

/** A model on the Messages API. The settings are read once for every request. */
export const messagesModel = (
  transport: Transport,
  model: string,
  settingsOf: Effect.Effect<Settings>,
): ProviderModel.ProviderModel => {
  const { apiVersion, messages, provider } = transport
  const prepare = Effect.fnUntraced(function* (request: ProviderModel.ProviderRequest) {
    const settings = yield* settingsOf
    const body = yield* messagesBody({ provider, model, apiVersion, settings, request })
    const { tools } = request.options
    const reading = new Reading(messages.origin, providerTools(tools))
    return { body, betas: settings.betas, reading, polish: canonical(tools, strictByDefault(settings.strictTools)) }
  })
  return {
    provider,
    model,
    settings: settingsOf,
    codecTransformer: AnthropicStructuredOutput.toCodecAnthropic,
    generate: Effect.fnUntraced(function* (request) {
      const { betas, body, polish, reading } = yield* prepare(request)
      const reply = yield* messages.once(body, betas)
      const parts = yield* Effect.fromResult(answerParts(reply.parts, reading))
      return { headers: reply.headers, parts: yield* polishAll(parts, polish) }
    }),
    stream: Effect.fnUntraced(function* (request) {
      const { betas, body, polish, reading } = yield* prepare(request)
      const reply = yield* messages.open(body, betas)
      return { headers: reply.headers, parts: mapEvents(reply.parts, new MessagesReader(reading), polish) }
    }),
  }
}
