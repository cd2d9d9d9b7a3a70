/**
 * Callers do what they did then: they ask at the same time, and give up or leave after as long.
 */
import { RequestContext } from "@holdfast/core"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { type DecisionTrace } from "../decisions/schema.ts"

export const asking = (trace: DecisionTrace): Effect.Effect<void, never, LanguageModel.LanguageModel> => {
  const { priority, tags, tenant } = trace
  const asked = trace.mode === "generate" ? LanguageModel.generateText({ prompt: promptOf(trace) }) : streaming(trace)
  return Effect.ignore(
    RequestContext.annotate(patient(trace, asked), { priority, tags, ...(tenant !== undefined && { tenant }) }),
  )
}

const patient = <E, R>(
  { duration, outcome }: DecisionTrace,
  asked: Effect.Effect<unknown, E, R>,
): Effect.Effect<unknown, E, R> => (outcome === "Interrupted" ? Effect.timeoutOption(asked, duration) : asked)

const streaming = (trace: DecisionTrace): Effect.Effect<unknown, unknown, LanguageModel.LanguageModel> => {
  const answer = LanguageModel.streamText({ prompt: promptOf(trace) })
  if (trace.outcome !== "Abandoned") return Stream.runDrain(answer)
  // It was read for so long after its first content.
  const read = Math.max(0, trace.duration - (trace.firstPart ?? trace.duration))
  return Effect.gen(function* () {
    const first = yield* Deferred.make<void>()
    const reading = yield* Effect.forkChild(
      Effect.ensuring(
        Stream.runForEach(answer, ({ type }) =>
          type === "text-delta" ? Deferred.succeed(first, undefined) : Effect.void,
        ),
        Deferred.succeed(first, undefined),
      ),
    )
    yield* Deferred.await(first)
    yield* Effect.sleep(read)
    yield* Fiber.interrupt(reading)
  })
}

/** As long as the request was, and its own: nobody knows which requests were equal. */
const promptOf = ({ callId, requestSize }: DecisionTrace): string =>
  callId.padEnd(requestSize, "x").slice(-Math.max(1, requestSize))
