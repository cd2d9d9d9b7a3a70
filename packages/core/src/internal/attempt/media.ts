/**
 * One request of an operation that makes or reads media on the wire: to the provider, and its answer as parts.
 */
import { Clock, Effect } from "effect"
import { type Response } from "effect/ai"

import * as MediaUsage from "../../MediaUsage.ts"
import { type ModelCall, type Opened as OpenedCall } from "../../ModelCall.ts"
import { type Operation, type Part } from "../../Operation.ts"
import * as ProviderError from "../../provider/ProviderError.ts"
import { type Answer, type MediaKind, type ProviderMediaModel } from "../../provider/ProviderMediaModel.ts"
import { UnsupportedOption } from "../../provider/ProviderModel.ts"
import { ofParts } from "../answer/complete.ts"
import { checks } from "../answer/media.ts"
import { type ModelRequest } from "../call/types.ts"
import { withoutPrompt } from "../error/withoutPrompt.ts"
import { answerSource } from "../operation/answerSource.ts"
import { contentsOf } from "../tokens/contents.ts"
import { type MediaFailure } from "./failure.ts"
import { metered } from "./meter.ts"
import { observersOf, type ReplyWatcher } from "./observers.ts"

type Opened<K extends MediaKind> = OpenedCall<MediaFailure, K>

/** A provider's model as a call. */
export const meteredMedia = <K extends MediaKind>(
  operation: Operation<K>,
  model: ProviderMediaModel<K>,
): ModelCall<MediaFailure, K> =>
  metered({
    operation,
    provider: model.provider,
    model: model.model,
    account: model.account,
    pricedAs: model.pricedAs,
    settings: model.settings,
    send: (request, record) => send({ operation, model }, request, record),
  })

interface Source<K extends MediaKind> {
  readonly operation: Operation<K>
  readonly model: ProviderMediaModel<K>
}

const send = <K extends MediaKind>(
  source: Source<K>,
  request: ModelRequest<K>,
  record: ReplyWatcher | undefined,
): Opened<K> => {
  const { model, operation } = source
  const refused = refusal(source, request)
  if (refused !== undefined) return Effect.fail(refused)
  const observer = observersOf(record, request.call.observers)
  return Effect.flatMap(Clock.currentTimeMillis, (startedAt) => {
    const answered = Effect.mapError(model.ask(request.options.request), (error) =>
      withoutPrompt(error, contentsOf(request.options).texts),
    )
    return Effect.flatMap(answered, ({ headers, parts: answer }): Opened<K> => {
      observer?.headers(headers)
      const parts = partsOf(model, answer, startedAt)
      observer?.parts(parts)
      const mistake = checks[operation.name].answer(answer.content)
      return mistake === undefined
        ? Effect.succeed(ofParts(parts))
        : Effect.fail(ProviderError.undecodable(origin(source), mistake))
    })
  })
}

const partsOf = <K extends MediaKind>(
  { model, pricedAs, provider }: ProviderMediaModel<K>,
  { content, metadata, responseId, responseModel, tokens, usage }: Answer<K>,
  startedAt: number,
): Array<Part<K>> => {
  const named = responseModel !== undefined || responseId !== undefined
  const head: Response.ResponseMetadataPartEncoded = {
    type: "response-metadata",
    ...(responseId !== undefined && { id: responseId }),
    ...(responseModel !== undefined && { modelId: responseModel }),
  }
  const source = answerSource({ provider, model, pricedAs, responseModel, startedAt })
  const end: Response.FinishPartEncoded = {
    type: "finish",
    reason: "stop",
    usage: tokens ?? MediaUsage.tokensOf(usage ?? {}),
    metadata: { ...metadata, holdfast: { source, ...(usage !== undefined && { media: usage }) } } as never,
  }
  return [...(named ? [head as Part<K>] : []), ...content, end]
}

const refusal = <K extends MediaKind>(
  { model: { model, provider }, operation }: Source<K>,
  { options, settings }: ModelRequest<K>,
): UnsupportedOption | undefined => {
  const refuse = (option: string, explanation: string) =>
    new UnsupportedOption({ provider, model, option, explanation })
  for (const [option, value] of Object.entries(settings)) {
    if (value !== undefined) return refuse(option, "this model writes no chat; set it around chats alone")
  }
  const wrong = checks[operation.name].request(options.request)
  return wrong === undefined ? undefined : refuse(...wrong)
}

const origin = <K extends MediaKind>({ model: { provider }, operation }: Source<K>): ProviderError.Origin => ({
  module: "holdfast",
  method: operation.name,
  provider,
  url: "",
  scrub: (text) => text,
})
