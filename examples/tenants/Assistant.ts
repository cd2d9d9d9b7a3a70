/**
 * The service that the rest of the application knows. Who asks is in the context of the request; what it costs is not its
 * business, but that there may be no money left is in its type.
 */
import { Failure, ResilientModel } from "@holdfast/core"
import { type Budget, type Ledger } from "@holdfast/cost"
import { type OpenAiClient } from "@holdfast/openai"
import { Context, Effect, Layer, Schema } from "effect"
import { LanguageModel } from "effect/ai"

import { model } from "./model.ts"

/** There is no answer, for reasons that a user cannot do anything about. */
class AssistantUnavailable extends Schema.TaggedError<AssistantUnavailable>()("AssistantUnavailable", {
  message: Schema.String,
}) {}

export class Assistant extends Context.Service<
  Assistant,
  {
    readonly ask: (question: string) => Effect.Effect<string, AssistantUnavailable | Budget.BudgetExceeded>
  }
>()("tenants/Assistant") {
  static readonly layer = Layer.effect(
    Assistant,
    Effect.gen(function* () {
      const needs = yield* Effect.context<Ledger.Ledger | OpenAiClient.OpenAiClient>()
      return {
        ask: (question) =>
          LanguageModel.generateText({ prompt: question }).pipe(
            Effect.map(({ text }) => text),
            ResilientModel.provide(model),
            Effect.provideContext(needs),
            Effect.catchIf(
              (error) => error._tag !== "BudgetExceeded",
              (error) => new AssistantUnavailable({ message: Failure.messageOf(error) }),
            ),
          ),
      }
    }),
    // Built here, once, and found by every call.
  ).pipe(Layer.provide(model))
}
