/**
 * The two exchanges that the program of an item runs against. The first one takes the request down and ends there; the second one
 * answers with what the vendor's batch said, on the very path that a live answer takes.
 */
import { type Exchange, type Prepared } from "@holdfast/core/provider/BatchProvider"
import { Effect, Schema } from "effect"
import { AiError } from "effect/ai"

import { type Account, CurrentAccount } from "./account.ts"
import { ItemCanceled, ItemExpired, type ItemFailure, ItemLost, NoSecondTurn } from "./errors.ts"

const onItem = <A, E>(use: (account: Account) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(CurrentAccount, (account) =>
    account === undefined ? Effect.die(new Error("a batch's model was asked outside of its items")) : use(account),
  )

/** Takes the request of an item down. The program goes no further: what it would do next, it does with the answer. */
export const capturing: Exchange = (prepared) =>
  onItem((account) =>
    Effect.matchEffect(prepared, {
      onFailure: (error) => {
        account.unsent = error
        return Effect.fail(error)
      },
      onSuccess: ({ body, texts }) => {
        account.body = body
        account.texts = texts ?? 0
        account.asked = true
        // Not a failure, which the program might handle.
        return Effect.interrupt
      },
    }),
  )

/** Answers with the line of the batch. */
export const replaying: Exchange = (prepared) => onItem((account) => answerOf(account, prepared))

const answerOf = <A, E>(
  account: Account,
  prepared: Effect.Effect<Prepared<A>, E>,
): Effect.Effect<A, E | AiError.AiError> => {
  // Policies and folding take any error that Holdfast raises; only providers are held to fewer.
  const failed = (error: ItemFailure) => Effect.fail(error as unknown as AiError.AiError)
  const fields = { job: account.job, item: account.id }
  const turn = account.turns++
  switch (account.row?.kind) {
    case "Answered":
      return turn > 0
        ? failed(new NoSecondTurn(fields))
        : Effect.flatMap(Effect.all([prepared, bodyOf(account.row.body)]), ([{ read }, body]) => read(body))
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
      return Effect.andThen(prepared, failed(new NoSecondTurn(fields)))
  }
}

const json = Schema.decodeEffect(Schema.fromJsonString(Schema.Unknown))

const bodyOf = (text: string | null): Effect.Effect<unknown> => Effect.orDie(json(text ?? "null"))

const errorText = Schema.fromJsonString(Schema.toCodecJson(AiError.AiError))

const decodeError = Schema.decodeUnknownEffect(errorText)

/** The vendor's refusal of an item, as it is kept. */
export const writeError: (error: AiError.AiError) => Effect.Effect<string> = (error) =>
  Effect.orDie(Schema.encodeEffect(errorText)(error))

const errorOf = (text: string | null): Effect.Effect<AiError.AiError> => Effect.orDie(decodeError(text))
