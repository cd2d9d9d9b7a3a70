import * as SdkModel from "@holdfast/core/provider/SdkModel"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect } from "effect"

import { answerParts } from "./answer/parts.ts"
import { AnswerState } from "./answer/state.ts"
import { MessagesReader } from "./answer/stream.ts"
import { counted } from "./request/count.ts"
import { messagesBody } from "./request/request.ts"
import { answerForm, canonical, strictByDefault } from "./request/tools.ts"
import { type Settings } from "./settings.ts"
import { type MessagesBody, type Transport } from "./transport.ts"

export interface Sent {
  readonly message: MessagesBody
  readonly betas: Settings["betas"]
}

/** A model on the Messages API. */
export const messagesModel = (
  { account, apiVersion, messages, pricedAs, provider, rest }: Transport,
  model: string,
  settings: Effect.Effect<Settings>,
): SdkModel.SdkModel<Sent> =>
  SdkModel.make({
    provider,
    model,
    optionKey: "anthropic",
    account,
    pricedAs: pricedAs(model),
    settings,
    settingNames: {
      maxOutputTokens: "maxOutputTokens",
      temperature: "temperature",
      topP: "topP",
      stop: "stopSequences",
      seed: { unsupported: "the API has no seeds; leave it out" },
    },
    codecTransformer: answerForm,
    prepare: Effect.fnUntraced(function* (request, current) {
      const message = yield* messagesBody({ provider, model, apiVersion, settings: current, request })
      const { tools } = request.options
      return {
        body: { message, betas: current.betas },
        state: () => new AnswerState({ origin: messages.origin, declared: providerTools(tools) }),
        canonical: canonical(tools, strictByDefault(current.strictTools)),
      }
    }),
    once: ({ betas, message }: Sent) => messages.once(message, betas),
    open: ({ betas, message }) => messages.open(message, betas),
    count: ({ betas, message }) => counted(rest, message, betas),
    answerParts,
    reader: (state) => new MessagesReader(state),
  })
