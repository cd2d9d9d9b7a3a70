import { randomId } from "@holdfast/core/provider/AnswerState"
import * as SdkModel from "@holdfast/core/provider/SdkModel"
import { Effect } from "effect"

import { answerForm, canonical, wordedForm } from "../request/tools.ts"
import { type ChatSettings } from "../settings.ts"
import { type ChatBody, type Transport } from "../transport.ts"
import { type Dialect } from "./dialect.ts"
import { completionParts } from "./parts.ts"
import { chatBody, strictTools } from "./request.ts"
import { AnswerState } from "./state.ts"
import { ChatReader } from "./stream.ts"

/** A model on Chat Completions. */
export const chatModel = (
  {
    account,
    chat,
    optionKey,
    pricedAs,
    provider,
  }: Pick<Transport, "account" | "chat" | "optionKey" | "pricedAs" | "provider">,
  model: string,
  dialect: Dialect,
  settings: Effect.Effect<ChatSettings>,
): SdkModel.SdkModel<ChatBody> =>
  SdkModel.make({
    provider,
    model,
    optionKey,
    account,
    pricedAs: pricedAs(model),
    settings,
    settingNames: {
      maxOutputTokens: "maxOutputTokens",
      temperature: "temperature",
      topP: "topP",
      stop: "stop",
      seed: "seed",
    },
    codecTransformer: dialect.takesJsonSchema ? answerForm : wordedForm,
    prepare: Effect.fnUntraced(function* (request, current) {
      const body = yield* chatBody({ provider, optionKey, model, dialect, settings: current, request })
      const fallbackId = yield* randomId("call_")
      const hasChoices = (body.n ?? 1) > 1
      return {
        body,
        state: () => new AnswerState({ origin: chat.origin, key: optionKey, dialect, fallbackId, hasChoices }),
        canonical: canonical(request.options.tools, strictTools(current, dialect)),
      }
    }),
    once: chat.once,
    open: (body) => chat.open(streaming(body, dialect)),
    answerParts: completionParts,
    reader: (state) => new ChatReader(state),
  })

const streaming = (body: ChatBody, dialect: Dialect): ChatBody =>
  dialect.asksForStreamUsage ? { ...body, stream_options: { include_usage: true, ...body.stream_options } } : body
