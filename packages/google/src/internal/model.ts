import { randomId } from "@holdfast/core/provider/AnswerState"
import * as SdkModel from "@holdfast/core/provider/SdkModel"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect } from "effect"

import { answerParts } from "./answer/parts.ts"
import { AnswerState } from "./answer/state.ts"
import { ChunkReader } from "./answer/stream.ts"
import { counted } from "./request/count.ts"
import { contentBody } from "./request/request.ts"
import { toCodecGoogle } from "./request/structuredOutput.ts"
import { canonical } from "./request/tools.ts"
import { type Settings } from "./settings.ts"
import { type ContentBody, type Transport } from "./transport.ts"

/** A model of Google's. */
export const contentModel = (
  {
    account,
    apiVersion,
    content,
    pricedAs,
    project,
    provider,
    rest,
  }: Pick<Transport, "account" | "apiVersion" | "content" | "pricedAs" | "project" | "provider" | "rest">,
  model: string,
  settings: Effect.Effect<Settings>,
): SdkModel.SdkModel<ContentBody> =>
  SdkModel.make({
    provider,
    model,
    optionKey: "google",
    account,
    pricedAs: pricedAs(model),
    settings,
    settingNames: {
      maxOutputTokens: "maxOutputTokens",
      temperature: "temperature",
      topP: "topP",
      stop: "stopSequences",
      seed: "seed",
    },
    codecTransformer: toCodecGoogle,
    prepare: Effect.fnUntraced(function* (request, current) {
      const body = yield* contentBody({ provider, model, settings: current, request })
      const { tools } = request.options
      const fallbackId = yield* randomId("call-")
      const answer = { origin: content.origin(model), declared: providerTools(tools), fallbackId }
      return {
        body,
        state: (headers) => new AnswerState({ ...answer, headers }),
        canonical: canonical(tools, undefined),
      }
    }),
    once: content.once,
    open: content.open,
    count: counted({ apiVersion, content, project, rest }),
    answerParts,
    reader: (state) => new ChunkReader(state),
  })
