import { mapEvents, polishAll } from "@holdfast/core/provider/EventReader"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect, Option } from "effect"
import { OpenAiStructuredOutput, ResponseIdTracker } from "effect/ai"

import { canonical } from "../request/tools.ts"
import { type ResponsesSettings } from "../settings.ts"
import { type Transport } from "../transport.ts"
import { answerParts, Reading } from "./parts.ts"
import { responsesBody } from "./request.ts"
import { ResponsesReader } from "./stream.ts"

/** A model on the Responses API. The settings are read once for every request. */
export const responsesModel = (
  transport: Transport,
  model: string,
  settingsOf: Effect.Effect<ResponsesSettings>,
): ProviderModel.ProviderModel => {
  const { provider, responses } = transport
  const prepare = Effect.fnUntraced(function* (request: ProviderModel.ProviderRequest) {
    const settings = yield* settingsOf
    const tracker = yield* Effect.serviceOption(ResponseIdTracker.ResponseIdTracker)
    const body = yield* responsesBody({ provider, model, settings, request, tracked: Option.isSome(tracker) })
    const { tools } = request.options
    const reading = new Reading(responses.origin, provider, providerTools(tools))
    return { body, reading, polish: canonical(tools, settings.strictTools) }
  })
  return {
    provider,
    model,
    settings: settingsOf,
    codecTransformer: OpenAiStructuredOutput.toCodecOpenAI,
    generate: Effect.fnUntraced(function* (request) {
      const { body, polish, reading } = yield* prepare(request)
      const reply = yield* responses.once(body)
      const parts = yield* Effect.fromResult(answerParts(reply.parts, reading))
      return { headers: reply.headers, parts: yield* polishAll(parts, polish) }
    }),
    stream: Effect.fnUntraced(function* (request) {
      const { body, polish, reading } = yield* prepare(request)
      const reply = yield* responses.open(body)
      return { headers: reply.headers, parts: mapEvents(reply.parts, new ResponsesReader(reading), polish) }
    }),
  }
}
