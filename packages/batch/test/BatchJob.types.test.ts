import { describe, expectTypeOf, it } from "@effect/vitest"
import { type Resilient, type ResilientEmbeddingModel, type ResilientModel } from "@holdfast/core"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { type Budget, type Ledger } from "@holdfast/cost"
import { GoogleBatch, GoogleEmbeddingModel } from "@holdfast/google"
import { OpenAiBatch, type OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Context, Effect, type Stream } from "effect"
import { EmbeddingModel, LanguageModel } from "effect/ai"

import * as BatchJob from "../src/BatchJob.ts"
import * as Bulk from "../src/Bulk.ts"

class Index extends Context.Service<Index, { readonly tenant: string }>()("test/Index") {}

const questions = ["Why do ships float?"]

const chats = OpenAiBatch.model("gpt-6-luna")
const vectors = OpenAiBatch.embeddings("text-embedding-3-small")

const ask = (prompt: string) =>
  Effect.flatMap(Index, () => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text))

const embed = (text: string) =>
  Effect.flatMap(Index, () => Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed(text)))

const common = { job: "job", id: (question: string) => question }

/** Their types alone are looked at: nothing is run. */
const jobs = {
  chat: BatchJob.run(questions, { ...common, provider: chats, ask }),
  embeddings: BatchJob.run(questions, { ...common, provider: vectors, ask: embed }),
}

type NeedsOf<S> = S extends Stream.Stream<infer _A, infer _E, infer R> ? R : never
type ErrorOf<S> =
  S extends Stream.Stream<infer Result, infer _E, infer _R>
    ? Extract<Result, { readonly _tag: "Failed" }> extends Bulk.Failed<infer Failure>
      ? Failure
      : never
    : never

describe("the type of a job", () => {
  it("takes the model out of what its program needs, and leaves the rest", () => {
    expectTypeOf<NeedsOf<typeof jobs.chat>>().toEqualTypeOf<
      Index | BatchJob.Jobs | Ledger.Ledger | OpenAiClient.OpenAiClient
    >()
    expectTypeOf<NeedsOf<typeof jobs.embeddings>>().toEqualTypeOf<NeedsOf<typeof jobs.chat>>()
  })

  it("says how an item can fail: vectors come whole, or not at all", () => {
    type Added = Budget.Refusal | BatchJob.ItemFailure
    expectTypeOf<ErrorOf<typeof jobs.chat>>().toEqualTypeOf<Added | ResilientModel.CallFailure>()
    expectTypeOf<ErrorOf<typeof jobs.embeddings>>().toEqualTypeOf<Added | ResilientEmbeddingModel.CallFailure>()
  })

  it("takes no program of another operation", () => {
    const both = (text: string) => Effect.andThen(ask(text), embed(text))
    const { run } = BatchJob
    const refused = [
      // @ts-expect-error -- a chat needs the batch API of a language model
      run(questions, { ...common, provider: vectors, ask }),
      // @ts-expect-error -- vectors need that of an embedding model
      run(questions, { ...common, provider: chats, ask: embed }),
      // @ts-expect-error -- also where the program asks for both
      run(questions, { ...common, provider: chats, ask: both }),
    ]
    expectTypeOf(refused).toExtend<ReadonlyArray<unknown>>()
    expectTypeOf<BatchProvider<"embeddings">>().not.toExtend<BatchProvider<"chat">>()
    expectTypeOf<BatchProvider<"chat">>().not.toExtend<BatchProvider<"embeddings">>()
  })
})

describe("the type of a bulk run in batches", () => {
  it("is that of the operation, in either mode", () => {
    const run = (mode: "now" | "later") =>
      Bulk.run(questions, {
        id: (question) => question,
        ask: embed,
        mode:
          mode === "now"
            ? Bulk.live(GoogleEmbeddingModel.model("gemini-embedding-001"))
            : Bulk.batch({ job: "job", provider: GoogleBatch.embeddings("gemini-embedding-001") }),
      })
    expectTypeOf<Extract<NeedsOf<ReturnType<typeof run>>, Resilient.Provides>>().toEqualTypeOf<never>()
  })

  it("still needs the model of another operation", () => {
    const run = Bulk.run(questions, { ...common, ask, mode: Bulk.batch({ job: "job", provider: vectors }) })
    expectTypeOf<
      Extract<NeedsOf<typeof run>, LanguageModel.LanguageModel>
    >().toEqualTypeOf<LanguageModel.LanguageModel>()
  })

  it("compares an embedding model with the batches of one", () => {
    const estimated = Bulk.estimate(questions, {
      ask: embed,
      model: GoogleEmbeddingModel.model("gemini-embedding-001"),
      provider: vectors,
    })
    expectTypeOf(estimated).toExtend<Effect.Effect<Bulk.Comparison, unknown, unknown>>()
    const model = OpenAiLanguageModel.model("gpt-6-luna")
    // @ts-expect-error -- a language model is no way to get vectors
    const refused = Bulk.estimate(questions, { ask: embed, model, provider: vectors })
    expectTypeOf(refused).toExtend<Effect.Effect<unknown, unknown, unknown>>()
  })
})
