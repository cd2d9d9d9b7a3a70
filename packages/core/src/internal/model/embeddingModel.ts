/**
 * A call as `effect/ai`'s own `EmbeddingModel`. Here calls begin: each request on the wire is a call of its own, with its
 * context and its first and last event.
 *
 * `EmbeddingModel.make` answers a batch of `embed` as a whole or not at all. This one answers piece by piece, so that one
 * text that is refused takes no answer from the callers of the others, which are paid for.
 */
import { Effect, Exit, Option, RequestResolver, Tracer } from "effect"
import { type AiError, EmbeddingModel } from "effect/ai"

import { CallSettings } from "../../CallSettings.ts"
import { Sink } from "../../Event.ts"
import { type ModelCall } from "../../ModelCall.ts"
import { collect } from "../answer/complete.ts"
import { newCall } from "../call/context.ts"
import { type ModelRequest, type Part } from "../call/types.ts"
import { batchKey } from "./batchKey.ts"
import { type AnyFiber, recordOf } from "./begin.ts"
import { type Piece, pieces } from "./pieces.ts"

/** Requests of one batch that are under way at the same time. A limit of the application's own is a policy. */
const concurrency = 4

interface Answer {
  readonly embeddings: ReadonlyArray<EmbeddingModel.EmbedResponse>
  /** Unknown is `undefined`, never zero. */
  readonly inputTokens: number | undefined
}

/** The service of a call, whose errors are folded into `AiError`. */
export const embeddingModel = <E>(
  call: ModelCall<E, "embeddings">,
  fold: (error: E) => AiError.AiError,
): EmbeddingModel.EmbeddingModel => {
  const cut = (inputs: ReadonlyArray<string>) => pieces(inputs, call.limits, (input) => tokensOf(call, input))
  const answer = (inputs: ReadonlyArray<string>, { from, to }: Piece) =>
    Effect.mapError(answered(call, inputs.slice(from, to)), fold)
  const resolver = RequestResolver.makeGrouped<EmbeddingModel.EmbeddingRequest, string>({
    key: ({ context }) => batchKey(context),
    resolver: (entries) => {
      const inputs = entries.map(({ request }) => request.input)
      return Effect.forEach(
        cut(inputs),
        (piece) =>
          Effect.map(Effect.exit(answer(inputs, piece)), (exit) => {
            for (let index = piece.from; index < piece.to; index++) {
              const at = index - piece.from
              const own = Exit.map(exit, ({ embeddings }) => embeddings[at] as EmbeddingModel.EmbedResponse)
              entries[index]?.completeUnsafe(own)
            }
          }),
        { concurrency, discard: true },
      )
    },
  }).pipe(RequestResolver.withSpan("EmbeddingModel.resolver"))
  return EmbeddingModel.EmbeddingModel.of({
    [EmbeddingModel.TypeId]: EmbeddingModel.TypeId,
    resolver,
    embed: (input) =>
      Effect.withSpan(Effect.request(new EmbeddingModel.EmbeddingRequest({ input }), resolver), "EmbeddingModel.embed"),
    embedMany: (inputs) =>
      Effect.suspend(() => {
        // What is refused anyway is refused before the rest is paid for.
        const empty = inputs.indexOf("")
        const all = empty === -1 ? cut(inputs) : [{ from: empty, to: empty + 1 }]
        return Effect.map(
          everyPiece(all, (piece) => answer(inputs, piece)),
          together,
        )
      }).pipe(Effect.withSpan("EmbeddingModel.embedMany")),
  })
}

/**
 * The answers of all pieces. After a failure no other piece begins, and those under way are waited for: they are paid for, and
 * a cache may keep them.
 */
const everyPiece = <A, E>(all: ReadonlyArray<Piece>, answer: (piece: Piece) => Effect.Effect<A, E>) => {
  let failed: Effect.Effect<never, E> | undefined
  const unlessFailed = (piece: Piece): Effect.Effect<A | undefined> =>
    Effect.suspend(() =>
      failed === undefined
        ? Effect.catch(answer(piece), (error) => {
            failed ??= Effect.fail(error)
            return Effect.undefined
          })
        : Effect.undefined,
    )
  return Effect.flatMap(
    Effect.forEach(all, unlessFailed, { concurrency }),
    (answers) => failed ?? Effect.succeed(answers.filter((one) => one !== undefined)),
  )
}

const tokensOf = ({ operation }: ModelCall<unknown, "embeddings">, input: string): number =>
  operation.estimate({ inputs: [input] }).input

const together = (answers: ReadonlyArray<Answer>): EmbeddingModel.EmbedManyResponse => {
  const [first, ...others] = answers.map(({ inputTokens }) => inputTokens)
  const total = others.reduce(
    (sum, tokens) => (sum === undefined || tokens === undefined ? undefined : sum + tokens),
    first,
  )
  return new EmbeddingModel.EmbedManyResponse(
    {
      embeddings: answers.flatMap(({ embeddings }) => embeddings),
      usage: new EmbeddingModel.EmbeddingUsage({ inputTokens: total }),
    },
    unchecked,
  )
}

// The attempt has looked at every number already.
const unchecked = { disableChecks: true } as const

const answered = <E>(call: ModelCall<E, "embeddings">, inputs: ReadonlyArray<string>): Effect.Effect<Answer, E> =>
  Effect.withFiber((fiber): Effect.Effect<Answer, E> => {
    const request = requestOf(inputs, fiber)
    const sink = fiber.getRef(Sink)
    const opened = Effect.scoped(Effect.flatMap(call.open(request), collect))
    if (sink === undefined) return Effect.map(opened, answerOf)
    const record = recordOf(call, request, { fiber, sink })
    const recorded = Effect.onExitPrimitive(Effect.provideService(opened, Sink, record.sink), (exit) => {
      if (Exit.isSuccess(exit)) record.parts(exit.value)
      record.end(exit)
      return undefined
    })
    return Effect.map(recorded, answerOf)
  })

const requestOf = (inputs: ReadonlyArray<string>, fiber: AnyFiber): ModelRequest<"embeddings"> => ({
  mode: "generate",
  options: { inputs },
  settings: fiber.getRef(CallSettings),
  call: newCall("embeddings", Option.getOrUndefined(spanOf(fiber))),
})

const spanOf = (fiber: AnyFiber) => Option.fromUndefinedOr(fiber.context.mapUnsafe.get(Tracer.ParentSpan.key))

const answerOf = (parts: ReadonlyArray<Part<"embeddings">>): Answer => {
  const embeddings: Array<EmbeddingModel.EmbedResponse> = []
  let inputTokens: number | undefined
  for (const part of parts) {
    if (part.type === "embedding") embeddings.push(new EmbeddingModel.EmbedResponse({ vector: part.vector }, unchecked))
    else if (part.type === "finish") inputTokens = part.usage.inputTokens.total
  }
  return { embeddings, inputTokens }
}
