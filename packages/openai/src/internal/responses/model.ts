import * as SdkModel from "@holdfast/core/provider/SdkModel"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect, Option } from "effect"
import { ResponseIdTracker } from "effect/ai"

import { answerForm, canonical } from "../request/tools.ts"
import { type ResponsesSettings } from "../settings.ts"
import { type ResponsesBody, type Transport } from "../transport.ts"
import { counted } from "./count.ts"
import { answerParts } from "./parts.ts"
import { responsesBody } from "./request.ts"
import { AnswerState } from "./state.ts"
import { ResponsesReader } from "./stream.ts"

/** A model on the Responses API. */
export const responsesModel = (
  { account, optionKey, pricedAs, provider, responses, rest }: Transport,
  model: string,
  settings: Effect.Effect<ResponsesSettings>,
): SdkModel.SdkModel<ResponsesBody> =>
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
    codecTransformer: answerForm,
    prepare: Effect.fnUntraced(function* (request, current) {
      const tracker = yield* Effect.serviceOption(ResponseIdTracker.ResponseIdTracker)
      const tracked = Option.isSome(tracker)
      const { tools } = request.options
      return {
        body: yield* responsesBody({ provider, optionKey, model, settings: current, request, tracked }),
        state: () => new AnswerState({ origin: responses.origin, key: optionKey, declared: providerTools(tools) }),
        canonical: canonical(tools, current.strictTools),
      }
    }),
    once: responses.once,
    open: responses.open,
    count: counted(rest),
    answerParts,
    reader: (state) => new ResponsesReader(state),
  })
