/**
 * What a span says of an attempt and of its call, by the names of OpenTelemetry's GenAI conventions.
 *
 * Both versions of the conventions have the same names here, but for the newer ones of cached and reasoning tokens.
 */
import { type Attempt } from "@holdfast/core"
import { type Money } from "@holdfast/cost"
import { Duration } from "effect"

import { type CallTrace, type TracedAttempt } from "../../CallTrace.ts"
import { type Names } from "../metrics/definitions.ts"
import { cut, errorTypeOf, statusOf, tokensOf } from "../trace/facts.ts"

export type Attributes = Record<string, string | number | boolean | ReadonlyArray<string>>

/** So that a client cannot make spans of any size. */
const longest = 256

/** Everything of one attempt. */
export const ofAttempt = (traced: TracedAttempt, names: Names): Attributes => {
  const { attempt, charge } = traced
  const attributes: Attributes = {
    "gen_ai.operation.name": attempt.operation,
    "gen_ai.provider.name": cut(attempt.provider, longest),
    "gen_ai.request.model": cut(attempt.model, longest),
    "holdfast.call.id": attempt.callId,
    "holdfast.attempt.id": attempt.id,
    "holdfast.attempt.index": attempt.index,
    "holdfast.attempt.outcome": attempt.outcome._tag,
    "holdfast.cost.usd": dollars(charge.cost),
    "holdfast.cost.basis": charge.basis,
  }
  addRequest(attributes, attempt, names)
  addResponse(attributes, attempt)
  addUsage(attributes, attempt, names)
  return attributes
}

const addRequest = (
  attributes: Attributes,
  { context, maxOutputTokens, request }: Attempt.Attempt,
  names: Names,
): void => {
  const { mode, options, settings } = request
  const limit = settings.maxOutputTokens ?? maxOutputTokens
  if (limit !== undefined) attributes["gen_ai.request.max_tokens"] = limit
  if (settings.temperature !== undefined) attributes["gen_ai.request.temperature"] = settings.temperature
  if (settings.topP !== undefined) attributes["gen_ai.request.top_p"] = settings.topP
  if (settings.seed !== undefined) attributes["gen_ai.request.seed"] = settings.seed
  if (settings.stop !== undefined) attributes["gen_ai.request.stop_sequences"] = settings.stop
  if (names === "2026-10" && mode === "stream") attributes["gen_ai.request.stream"] = true
  const output = outputOf(options)
  if (output !== undefined) attributes["gen_ai.output.type"] = output
  if (context.session !== undefined) attributes["gen_ai.conversation.id"] = cut(context.session, longest)
  if (context.tenant !== undefined) attributes["holdfast.tenant"] = cut(context.tenant, longest)
}

// Vectors have no type in the conventions, and neither have judgements.
const outputOf = (options: Attempt.Attempt["request"]["options"]): string | undefined => {
  if (options.inputs !== undefined) return undefined
  if (options.media === undefined) return options.responseFormat?.type === "json" ? "json" : "text"
  return mediaOutputs[options.media]
}

const mediaOutputs: Readonly<Record<string, string | undefined>> = {
  images: "image",
  speech: "speech",
  transcription: "text",
  decisions: "json",
}

const addResponse = (attributes: Attributes, attempt: Attempt.Attempt): void => {
  const { outcome, requestId, responseId, responseModel, timeToFirstChunk, timeToFirstPart } = attempt
  if (responseId !== undefined) attributes["gen_ai.response.id"] = cut(responseId, longest)
  if (responseModel !== undefined) attributes["gen_ai.response.model"] = cut(responseModel, longest)
  if (requestId !== undefined) attributes["holdfast.request.id"] = cut(requestId, longest)
  // A reason was expected and the answer broke.
  if (outcome._tag === "Completed") attributes["gen_ai.response.finish_reasons"] = [outcome.finish]
  else if (outcome._tag === "Failed" && outcome.committed) attributes["gen_ai.response.finish_reasons"] = ["error"]
  if (timeToFirstChunk !== undefined && attempt.request.mode === "stream") {
    attributes["gen_ai.response.time_to_first_chunk"] = Duration.toMillis(timeToFirstChunk) / 1000
  }
  if (timeToFirstPart !== undefined) {
    attributes["holdfast.time_to_first_part"] = Duration.toMillis(timeToFirstPart) / 1000
  }
  if (outcome._tag === "Failed") addFailure(attributes, outcome, attempt.retryAfter)
}

const addFailure = (
  attributes: Attributes,
  outcome: Extract<Attempt.Outcome, { readonly _tag: "Failed" }>,
  retryAfter: Duration.Duration | undefined,
): void => {
  const status = statusOf(outcome)
  attributes["error.type"] = errorTypeOf(outcome) ?? "_OTHER"
  attributes["holdfast.failure.kind"] = outcome.failure.kind
  if (status !== undefined) attributes["http.response.status_code"] = status
  if (retryAfter !== undefined) attributes["holdfast.retry_after"] = Duration.toMillis(retryAfter) / 1000
}

const addUsage = (attributes: Attributes, attempt: Attempt.Attempt, names: Names): void => {
  const { cacheRead, cacheWrite, input, output, reasoning } = tokensOf(attempt)
  if (input !== undefined) attributes["gen_ai.usage.input_tokens"] = input
  if (output !== undefined) attributes["gen_ai.usage.output_tokens"] = output
  if (names === "1.37") return
  if (cacheRead !== undefined) attributes["gen_ai.usage.cache_read.input_tokens"] = cacheRead
  if (cacheWrite !== undefined) attributes["gen_ai.usage.cache_write.input_tokens"] = cacheWrite
  if (reasoning !== undefined) attributes["gen_ai.usage.reasoning.output_tokens"] = reasoning
}

/** What the span of a whole call gets beside what `effect/ai` has put there. */
export const ofCall = (trace: CallTrace): Attributes => {
  const { attempts, context, ended } = trace
  const attributes: Attributes = {
    "holdfast.call.id": trace.callId,
    "holdfast.attempts": attempts.length,
    "holdfast.cost.usd": dollars(trace.cost),
  }
  if (ended === undefined) return attributes
  attributes["holdfast.call.outcome"] = ended.outcome._tag
  attributes["holdfast.cache.hit"] = ended.cacheHit
  attributes["holdfast.queue.wait"] = Duration.toMillis(ended.queueWait) / 1000
  if (context.tenant !== undefined) attributes["holdfast.tenant"] = cut(context.tenant, longest)
  if (context.session !== undefined) attributes["gen_ai.conversation.id"] = cut(context.session, longest)
  if (ended.timeToFirstPart !== undefined) {
    attributes["holdfast.time_to_first_part"] = Duration.toMillis(ended.timeToFirstPart) / 1000
  }
  const error = errorTypeOf(ended.outcome)
  if (error !== undefined) attributes["error.type"] = error
  return attributes
}

/** Exact up to 9,000 dollars: a double has as many digits. */
export const dollars = (amount: Money.Money): number => Number(`${amount}e-12`)
