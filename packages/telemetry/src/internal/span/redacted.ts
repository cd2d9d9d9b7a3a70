/**
 * Spans that say nothing of what was asked and answered. The error of a model may quote it: a vendor's words, or the answer that no
 * schema took.
 */
import { PolicyError } from "@holdfast/core"
import { Cause, Exit, Predicate, Tracer } from "effect"
import { AiError } from "effect/ai"

import { errorStatusOf, tagOf } from "../trace/facts.ts"

/** What a span ends with instead of a model's error: its tag and status. A stack says nothing of it. */
export const redactedError = (error: unknown): Error =>
  PolicyError.withoutStack(() => new ModelFailed(tagOf(error), errorStatusOf(error)))

class ModelFailed extends Error {
  constructor(tag: string, status: number | undefined) {
    super(status === undefined ? tag : `${tag} (${status})`)
    this.name = tag
    this.stack = this.message
  }
}

/** A tracer whose spans end without what models' errors say, be it the reason or the cause of another error. */
export const redacting = (tracer: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({
    ...(tracer.context !== undefined && { context: tracer.context }),
    span: (options) => {
      const span = tracer.span(options)
      const end = span.end.bind(span)
      span.end = (time, exit) => end(time, redactedExit(exit))
      return span
    },
  })

const redactedExit = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit)) return exit
  const { reasons } = exit.cause
  const redacted = reasons.map(redactedReason)
  return redacted.every((reason, index) => reason === reasons[index])
    ? exit
    : Exit.failCause(Cause.fromReasons(redacted))
}

const redactedReason = (reason: Cause.Reason<unknown>): Cause.Reason<unknown> => {
  if (reason._tag === "Interrupt") return reason
  const [error, make] =
    reason._tag === "Fail" ? [reason.error, Cause.makeFailReason] : [reason.defect, Cause.makeDieReason]
  const model = modelErrorIn(error)
  return model === undefined ? reason : make(redactedError(model))
}

/** Causes of causes that are looked at. */
const deepest = 10

const modelErrorIn = (error: unknown): unknown => {
  let current = error
  for (let depth = 0; depth < deepest; depth++) {
    if (AiError.isAiError(current)) return current
    if (!Predicate.hasProperty(current, "cause")) return undefined
    current = current.cause
  }
  return undefined
}
