import { describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, flow } from "effect"
import { type AiError, EmbeddingModel } from "effect/ai"

import * as Breaker from "../src/Breaker.ts"
import type * as CommitPoint from "../src/CommitPoint.ts"
import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import * as Hedge from "../src/Hedge.ts"
import type { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as Resilience from "../src/Resilience.ts"
import * as Resilient from "../src/Resilient.ts"
import type * as ResilientEmbeddingModel from "../src/ResilientEmbeddingModel.ts"
import type * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import * as Route from "../src/Route.ts"
import type * as UploadedFile from "../src/UploadedFile.ts"
import { budget, type OverBudget } from "./budget.ts"
import { scriptedEmbeddings } from "./embeddings.ts"
import { scripted } from "./scripted.ts"

const chat = scripted([]).model
const embedding = scriptedEmbeddings().model

const careful = flow(
  Concurrency.limit(8),
  Breaker.guard(),
  Deadline.firstPart("1 second"),
  Retry.schedule(Retry.standard),
  budget(1).enforce,
)

type Added = Breaker.CircuitOpen | Concurrency.ConcurrencyLimited | Deadline.FirstPartExceeded | OverBudget

describe("the type of an embedding model", () => {
  it("says how it can fail", () => {
    expectTypeOf(embedding).toEqualTypeOf<
      ResilientEmbeddingModel.ResilientEmbeddingModel<AiError.AiError | UnsupportedOption>
    >()
  })

  it("grows by a stack of policies as that of a chat does, each with its own failures", () => {
    expectTypeOf(careful(embedding)).toEqualTypeOf<
      ResilientEmbeddingModel.ResilientEmbeddingModel<AiError.AiError | UnsupportedOption | Added>
    >()
    expectTypeOf(careful(chat)).toEqualTypeOf<
      ResilientModel.ResilientModel<
        AiError.AiError | UploadedFile.FileExpired | UnsupportedOption | CommitPoint.StreamTruncated | Added
      >
    >()
  })

  it("puts its failures into the program, which needs an embedding model", () => {
    const program = Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed("a"))
    expectTypeOf(program.pipe(Resilient.provide(careful(embedding)))).toEqualTypeOf<
      Effect.Effect<EmbeddingModel.EmbedResponse, AiError.AiError | UnsupportedOption | Added>
    >()
    expectTypeOf(program.pipe(Resilient.provide(chat))).toEqualTypeOf<
      Effect.Effect<
        EmbeddingModel.EmbedResponse,
        AiError.AiError | UploadedFile.FileExpired | UnsupportedOption | CommitPoint.StreamTruncated,
        EmbeddingModel.EmbeddingModel
      >
    >()
  })

  it("does not go together with a chat", () => {
    // @ts-expect-error a chat answers no embeddings
    embedding.pipe(Fallback.to(chat))
    // @ts-expect-error an embedding model answers no chat
    chat.pipe(Fallback.to(embedding))
    // @ts-expect-error nor does a hedge ask the one for the other
    embedding.pipe(Hedge.to(chat, "1 second"))
    // @ts-expect-error
    chat.pipe(Hedge.to(embedding, "1 second"))
    // @ts-expect-error
    Route.weighted([
      [embedding, 1],
      [chat, 1],
    ])
    // @ts-expect-error
    Route.sticky([embedding, chat])
    embedding.pipe(Fallback.to(embedding), Hedge.to(embedding, "1 second"))
    expectTypeOf(
      Route.weighted([
        [embedding, 1],
        [embedding, 2],
      ]),
    ).toExtend<Resilient.Resilient<"embeddings", unknown>>()
  })

  it("grows by the standard stack, with models of its own operation to fall back to", () => {
    expectTypeOf(embedding.pipe(Resilience.standard())).toEqualTypeOf<
      ResilientEmbeddingModel.ResilientEmbeddingModel<AiError.AiError | UnsupportedOption | Resilience.Refusals>
    >()
    const stack = embedding.pipe(Resilience.standard({ fallbacks: [embedding], budget: budget(1).enforce }))
    expectTypeOf(stack).toExtend<Resilient.Resilient<"embeddings", unknown>>()
    expectTypeOf<Resilience.ErrorOf<typeof stack>["_tag"]>().toEqualTypeOf<
      "AiError" | "AllModelsFailed" | "DeadlineExceeded" | "OverBudget"
    >()
    // @ts-expect-error a chat answers no embeddings
    embedding.pipe(Resilience.standard({ fallbacks: [chat] }))
    // @ts-expect-error
    chat.pipe(Resilience.standard({ fallbacks: [embedding] }))
  })
})
