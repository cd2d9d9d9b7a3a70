/**
 * The contestants in memory: the same trivial answer from a bare `LanguageModel.make`, from stacks of policies, and from
 * the `ai` package on its own mock.
 */
import { Deadline, Fallback, ResilientModel, Retry } from "@holdfast/core"
import { type ProviderModel } from "@holdfast/core/provider"
import { generateText, streamText } from "ai"
import { MockLanguageModelV4 } from "ai/test"
import { Context, Effect, Layer, Stream } from "effect"
import { LanguageModel, type Response } from "effect/ai"

/** Parts of a streamed answer. */
export const streamed = 2000

const prompt = "Why do ships float?"

const usage = { inputTokens: { total: 5, uncached: 5 }, outputTokens: { total: 3, text: 3 } }

const finish: Response.FinishPartEncoded = { type: "finish", reason: "stop", usage }

const answer = (): Array<Response.PartEncoded> => [{ type: "text", text: "They displace water." }, finish]

const parts: ReadonlyArray<Response.StreamPartEncoded> = [
  { type: "text-start", id: "1" },
  ...Array.from({ length: streamed }, (): Response.StreamPartEncoded => ({
    type: "text-delta",
    id: "1",
    delta: "word ",
  })),
  { type: "text-end", id: "1" },
  finish,
]

const oneByOne = () => Stream.rechunk(Stream.fromIterable(parts), 1)

const provider: ProviderModel.ProviderModel = {
  provider: "bench",
  model: "bench",
  codecTransformer: LanguageModel.defaultCodecTransformer,
  generate: () => Effect.sync(() => ({ headers: {}, parts: answer() })),
  stream: () => Effect.sync(() => ({ headers: {}, parts: oneByOne() })),
}

export const plain = (name: string) => ResilientModel.fromProvider(Effect.succeed(provider), { name, settings: {} })

/** Three policies, as most applications would have them. */
export const three = plain("first").pipe(
  Deadline.firstPart("30 seconds"),
  Retry.schedule(Retry.standard),
  Fallback.to(plain("second")),
)

/** All that this package has: two of these time every single part. */
const all = plain("first").pipe(
  Deadline.firstPart("30 seconds"),
  Deadline.betweenParts("30 seconds"),
  Retry.schedule(Retry.standard),
  Fallback.to(plain("second")),
  Deadline.total("2 minutes"),
)

const built = <E, R>(layer: Layer.Layer<LanguageModel.LanguageModel, E, R>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, LanguageModel.LanguageModel))

/** The Effect models, each as the same service. */
export const models = Effect.all({
  bare: LanguageModel.make({ generateText: () => Effect.sync(answer), streamText: oneByOne }),
  none: built(plain("only")),
  stack: built(three),
  all: built(all),
})

export const generate = (model: LanguageModel.LanguageModel) => () => Effect.runPromise(model.generateText({ prompt }))

export const stream = (model: LanguageModel.LanguageModel) => () =>
  Effect.runPromise(Stream.runDrain(model.streamText({ prompt })))

const vercelUsage = {
  inputTokens: { total: 5, noCache: 5, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 3, text: 3, reasoning: undefined },
}

const vercelFinish = { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage: vercelUsage } as const

const vercelParts = [
  { type: "stream-start", warnings: [] },
  { type: "text-start", id: "1" },
  ...Array.from({ length: streamed }, () => ({ type: "text-delta", id: "1", delta: "word " }) as const),
  { type: "text-end", id: "1" },
  vercelFinish,
] as const

/** The `ai` package with its retries on, as it comes, on its own mock. */
export const vercel: Readonly<Record<"generate" | "stream", () => Promise<unknown>>> = {
  generate: () =>
    generateText({
      prompt,
      model: new MockLanguageModelV4({
        doGenerate: {
          content: [{ type: "text", text: "They displace water." }],
          finishReason: vercelFinish.finishReason,
          usage: vercelUsage,
          warnings: [],
        },
      }),
    }),
  stream: async () => {
    let next = 0
    const model = new MockLanguageModelV4({
      doStream: {
        stream: new ReadableStream<never>({
          pull: (controller) => {
            const part = vercelParts[next++]
            if (part === undefined) controller.close()
            else controller.enqueue(part as never)
          },
        }),
      },
    })
    for await (const text of streamText({ prompt, model }).textStream) void text
  },
}
