/**
 * The two models that the program of an item runs against. The first one takes the request down and ends there; the second one is
 * answered with what the vendor's batch said, on the very path that a live answer takes.
 */
import { type ResilientModel as Model, ResilientModel } from "@holdfast/core"
import { streamed } from "@holdfast/core/provider/AnswerModes"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import {
  type ProviderFailure,
  type ProviderModel,
  type ProviderReply,
  type ProviderRequest,
} from "@holdfast/core/provider/ProviderModel"
import { Effect, Schema, Stream } from "effect"
import { AiError, type Response } from "effect/ai"

import { type Account, CurrentAccount } from "./account.ts"
import { ItemCanceled, ItemExpired, type ItemFailure, ItemLost, NoSecondTurn } from "./errors.ts"

type Reply = Effect.Effect<ProviderReply<Array<Response.PartEncoded>>, ProviderFailure>

const modelOf = (
  provider: BatchProvider,
  answer: (request: ProviderRequest, account: Account) => Reply,
): Model.ResilientModel<Model.CallFailure> => {
  const generate = (request: ProviderRequest): Reply =>
    Effect.flatMap(CurrentAccount, (account) =>
      account === undefined
        ? Effect.die(new Error("a batch's model was asked outside of its items"))
        : answer(request, account),
    )
  const model: ProviderModel = {
    provider: provider.provider,
    model: provider.model,
    account: provider.account,
    pricedAs: provider.pricedAs,
    codecTransformer: provider.codecTransformer,
    settings: provider.settings,
    generate,
    stream: (request) =>
      Effect.map(generate(request), ({ headers, parts }) => ({ headers, parts: Stream.fromArray(streamed(parts)) })),
  }
  return ResilientModel.fromProvider(Effect.succeed(model), { name: "BatchJob.model", settings: {} })
}

/** Takes the request of an item down. The program goes no further: what it would do next, it does with the answer. */
export const capturing = (provider: BatchProvider): Model.ResilientModel<Model.CallFailure> =>
  modelOf(provider, (request, account) =>
    Effect.matchEffect(provider.prepare(request), {
      onFailure: (error) => {
        account.unsent = error
        return Effect.fail(error)
      },
      onSuccess: ({ body }) => {
        account.body = body
        account.asked = true
        // Not a failure, which the program might handle.
        return Effect.interrupt
      },
    }),
  )

/** Answers with the line of the batch. */
export const replaying = (provider: BatchProvider): Model.ResilientModel<Model.CallFailure> =>
  modelOf(provider, (request, account) => {
    // Policies and folding take any error that Holdfast raises; only providers are held to fewer.
    const failed = (error: ItemFailure): Reply => Effect.fail(error as unknown as ProviderFailure)
    const fields = { job: account.job, item: account.id }
    const turn = account.turns++
    switch (account.row?.kind) {
      case "Answered":
        return turn > 0
          ? failed(new NoSecondTurn(fields))
          : Effect.flatMap(Effect.all([provider.prepare(request), bodyOf(account.row.body)]), ([{ read }, body]) =>
              read(body),
            )
      case "Refused":
        return Effect.flatMap(errorOf(account.row.body), Effect.fail)
      case "Canceled":
        return failed(new ItemCanceled(fields))
      case "Expired":
        return failed(new ItemExpired(fields))
      case "Missing":
        return failed(new ItemLost(fields))
      default:
        // It was not sent because it cannot be, and says why once more, or because it asked nothing then.
        return Effect.andThen(provider.prepare(request), failed(new NoSecondTurn(fields)))
    }
  })

const json = Schema.decodeEffect(Schema.fromJsonString(Schema.Unknown))

const bodyOf = (text: string | null): Effect.Effect<unknown> => Effect.orDie(json(text ?? "null"))

const errorText = Schema.fromJsonString(Schema.toCodecJson(AiError.AiError))

const decodeError = Schema.decodeUnknownEffect(errorText)

/** The vendor's refusal of an item, as it is kept. */
export const writeError: (error: AiError.AiError) => Effect.Effect<string> = (error) =>
  Effect.orDie(Schema.encodeEffect(errorText)(error))

const errorOf = (text: string | null): Effect.Effect<AiError.AiError> => Effect.orDie(decodeError(text))
