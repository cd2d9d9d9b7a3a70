import { mapEvents, polishAll } from "@holdfast/core/provider/EventReader"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect, Random } from "effect"

import { answerParts } from "./answer/parts.ts"
import { Reading } from "./answer/state.ts"
import { ChunkReader } from "./answer/stream.ts"
import { contentBody } from "./request/request.ts"
import { toCodecGoogle } from "./request/structuredOutput.ts"
import { canonical } from "./request/tools.ts"
import { type Settings } from "./settings.ts"
import { type Transport } from "./transport.ts"

/** A model of Google's. The settings are read once for every request. */
export const contentModel = (
  { content, provider }: Pick<Transport, "provider" | "content">,
  model: string,
  settingsOf: Effect.Effect<Settings>,
): ProviderModel.ProviderModel => {
  const prepare = Effect.fnUntraced(function* (request: ProviderModel.ProviderRequest) {
    const settings = yield* settingsOf
    const body = yield* contentBody({ provider, model, settings, request })
    const { tools } = request.options
    const origin = content.origin(model)
    const declared = providerTools(tools)
    const fallbackId = yield* newFallbackId
    const reading = (headers: Readonly<Record<string, string>>) =>
      new Reading({ origin, declared, headers, fallbackId })
    return { body, reading, polish: canonical(tools, undefined) }
  })
  return {
    provider,
    model,
    settings: settingsOf,
    codecTransformer: toCodecGoogle,
    generate: Effect.fnUntraced(function* (request) {
      const { body, polish, reading } = yield* prepare(request)
      const { headers, parts: answer } = yield* content.once(body)
      const parts = yield* Effect.fromResult(answerParts(answer, reading(headers)))
      return { headers, parts: yield* polishAll(parts, polish) }
    }),
    stream: Effect.fnUntraced(function* (request) {
      const { body, polish, reading } = yield* prepare(request)
      const { headers, parts } = yield* content.open(body)
      return { headers, parts: mapEvents(parts, new ChunkReader(reading(headers)), polish) }
    }),
  }
}

// Ids of calls must differ between the turns of a conversation.
const newFallbackId = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 31), Random.nextIntBetween(0, 2 ** 31)]),
  (numbers) => `call-${numbers.map((number) => number.toString(36)).join("")}`,
)
