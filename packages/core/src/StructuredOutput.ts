/**
 * Answers in a schema.
 *
 * An answer that does not fit its schema has been paid for, and says what the model meant. `repair` shows it to the model
 * with what is wrong, and asks once more.
 *
 * **Where in a stack**: outside of what admits an attempt (breaker, rate limit, concurrency) and of retry, so that the
 * further attempt is admitted and retried by itself; inside of fallback, budgets and the total deadline.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Option } from "effect"
import { AiError, Prompt } from "effect/ai"

import { remaining } from "./Deadline.ts"
import * as Event from "./Event.ts"
import { isCut } from "./internal/answer/structured.ts"
import { standardAttempts, takeAttempt } from "./internal/call/allowance.ts"
import { failedModel } from "./internal/error/failedModel.ts"
import { refuse } from "./internal/event/refuse.ts"
import { tryWithdraw } from "./internal/retryBudget/call.ts"
import { type ModelCall, type ModelRequest, type Opened } from "./ModelCall.ts"
import * as Resilient from "./Resilient.ts"
import { type ResilientModel } from "./ResilientModel.ts"
import { exhausted } from "./RetryBudget.ts"

/**
 * How far repairs may go.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The most attempts of one call, those of retries, hedges and fallbacks included. 6 if left out. */
  readonly maxAttempts?: number | undefined
}

/**
 * Asks once more after an answer that does not fit its schema, with the answer and what is wrong with it.
 *
 * **When to use**
 *
 * Use for models that only have a JSON mode, or schemas with refinements that no vendor enforces, where a second request is
 * worth its price. `Retry.resample` asks the same question again; a repair costs more input, and works where the model would
 * make the same mistake twice.
 *
 * **Details**
 *
 * - One further attempt, which is paid, and seen in the events and the costs as any other. If it does not fit either, the
 *   call fails with what is wrong with the second answer.
 * - Only for `StructuredOutputError` of `generateObject`. An answer that was cut at the token limit is not repaired: the
 *   next one would be cut, too.
 * - Not begun when the call has made `maxAttempts`, the deadline has passed, or a `RetryBudget` around it has nothing left.
 *
 * **Example** (A local model, which may leave the schema)
 *
 * ```ts
 * import { ResilientModel, StructuredOutput } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect, Schema } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const model = ScriptedModel.model(ScriptedModel.text('{"age":"ten"}'), ScriptedModel.text('{"age":10}')).pipe(
 *   StructuredOutput.repair(),
 * )
 *
 * const program = LanguageModel.generateObject({ prompt: "How old?", schema: Schema.Struct({ age: Schema.Int }) }).pipe(
 *   Effect.map(({ value }) => value.age),
 *   ResilientModel.provide(model),
 * )
 *
 * await Effect.runPromise(program) // => 10
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const repair =
  (options?: Options) =>
  <E, R>(self: ResilientModel<E, R>): ResilientModel<E, R> => {
    const name = "StructuredOutput.repair"
    const maxAttempts = options?.maxAttempts ?? standardAttempts
    return Resilient.onto(self, { name, place: "resample", settings: { maxAttempts } }, (call) =>
      maxAttempts >= 1
        ? Effect.succeed({
            ...call,
            open: (request): Opened<E> =>
              // A policy knows no operation, but a model of this type makes chats.
              Effect.catch(call.open(request), (error) =>
                again({ call: call as never, request: request as ModelRequest<"chat">, maxAttempts }, error),
              ),
          } satisfies ModelCall<E>)
        : Resilient.misconfigured(name, "maxAttempts must be 1 or more"),
    )
  }

interface Repair<E> {
  readonly call: ModelCall<E, "chat">
  readonly request: ModelRequest<"chat">
  readonly maxAttempts: number
}

const again = <E>({ call, maxAttempts, request }: Repair<E>, error: E): Opened<E, "chat"> => {
  const misfit = misfitOf(error)
  if (misfit === undefined || request.mode !== "generate" || request.options.responseFormat.type === "text") {
    return Effect.fail(error)
  }
  return Effect.flatMap(remaining, (left): Opened<E, "chat"> => {
    if (Option.exists(left, Duration.isZero) || !takeAttempt(request.call, maxAttempts)) return Effect.fail(error)
    return Effect.flatMap(tryWithdraw(request.call, call, 1), (allowed): Opened<E, "chat"> => {
      if (allowed) return Effect.andThen(announce(call, request, error), call.open(corrected(request, misfit)))
      request.call.attempts.extra--
      // The budget that the call carries has this error in the type of its own.
      const refusal = exhausted(call.provider, failedModel(call, error)) as E
      return refuse(request, call, { policy: "RetryBudget.ratio", error: refusal })
    })
  })
}

const misfitOf = (error: unknown): AiError.StructuredOutputError | undefined =>
  AiError.isAiError(error) && error.reason._tag === "StructuredOutputError" && !isCut(error.reason)
    ? error.reason
    : undefined

const longest = 2000

/** The conversation with the answer, and what is wrong with it. It is sent as a whole. */
const corrected = (
  request: ModelRequest<"chat">,
  { description, responseText }: AiError.StructuredOutputError,
): ModelRequest<"chat"> => {
  const problem = description.slice(0, longest)
  const content = `This answer does not fit the schema: ${problem}\nAnswer again with JSON that fits, and nothing else.`
  const answer = responseText.trim() === "" ? [] : [{ role: "assistant" as const, content: responseText }]
  const prompt = Prompt.concat(request.options.prompt, [...answer, { role: "user" as const, content }])
  const options = { ...request.options, prompt, previousResponseId: undefined, incrementalPrompt: undefined }
  return { ...request, options }
}

const announce = ({ model, provider }: ModelCall<unknown, "chat">, { call }: ModelRequest<"chat">, error: unknown) =>
  Event.emit(() => ({ _tag: "RetryScheduled", callId: call.id, provider, model, delay: Duration.zero, error }))
