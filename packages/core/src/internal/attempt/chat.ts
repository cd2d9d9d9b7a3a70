/**
 * One request of a chat on the wire: to the provider, and its answer up to the commit point.
 */
import { Effect, Stream } from "effect"
import { type AiError } from "effect/ai"

import * as CommitPoint from "../../CommitPoint.ts"
import { type ModelCall, type Opened as OpenedCall } from "../../ModelCall.ts"
import { type ProviderModel, type ProviderRequest } from "../../provider/ProviderModel.ts"
import { ofParts } from "../answer/complete.ts"
import * as StructuredOutput from "../answer/structured.ts"
import { type ModelRequest } from "../call/types.ts"
import { withoutPrompt } from "../error/withoutPrompt.ts"
import { chat } from "../operation/chat.ts"
import { type CallFailure } from "./failure.ts"
import { metered } from "./meter.ts"
import { observersOf, type ReplyWatcher } from "./observers.ts"

type Opened = OpenedCall<CallFailure, "chat">

/** A provider's language model as a call. */
export const meteredChat = (model: ProviderModel): ModelCall<CallFailure, "chat"> =>
  metered({
    operation: chat,
    provider: model.provider,
    model: model.model,
    account: model.account,
    pricedAs: model.pricedAs,
    settings: model.settings,
    send: (request, record) => send(model, request, record),
  })

const send = (model: ProviderModel, request: ModelRequest<"chat">, record: ReplyWatcher | undefined): Opened => {
  const { call, options, settings } = request
  const observer = observersOf(record, call.observers)
  const opened = Effect.flatMap(
    StructuredOutput.requestSchema(model.codecTransformer, options.responseFormat),
    (jsonSchema) =>
      request.mode === "generate"
        ? generate(model, { options, settings, jsonSchema }, observer)
        : stream(model, { options, settings, jsonSchema }, observer),
  )
  return Effect.mapError(opened, (error) => withoutPrompt(error, options.prompt.content))
}

const generate = (model: ProviderModel, request: ProviderRequest, observer: ReplyWatcher | undefined): Opened =>
  Effect.flatMap(model.generate(request), ({ headers, parts }) => {
    observer?.headers(headers)
    return CommitPoint.commitWhole(parts, model, observer).pipe(
      Effect.flatMap((checked) =>
        StructuredOutput.canonical(model.provider, model.codecTransformer, request.options.responseFormat, checked),
      ),
      Effect.map(ofParts),
    )
  })

const stream = (model: ProviderModel, request: ProviderRequest, observer: ReplyWatcher | undefined): Opened =>
  Effect.flatMap(model.stream(request), ({ headers, parts }) => {
    observer?.headers(headers)
    const clean = Stream.mapError(parts, (error) => withoutPrompt(error, request.options.prompt.content))
    return CommitPoint.commit<AiError.AiError>(clean, model, observer)
  })
