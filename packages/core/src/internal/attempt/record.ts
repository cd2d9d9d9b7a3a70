/**
 * What becomes of one attempt, written down as it happens.
 */
import { type Clock, Duration, type Exit, Option } from "effect"

import { classify, facts, unknownWording } from "../../Failure.ts"
import { type Kind, type Operation } from "../../Operation.ts"
import { type RequestContext } from "../../RequestContext.ts"
import { PartTally } from "../answer/tally.ts"
import { newId } from "../call/context.ts"
import { reasonOf } from "../call/interruption.ts"
import { type Attempt, type AttemptStart, type ModelRequest, type Outcome, type Part } from "../call/types.ts"
import { errorOf } from "../error/ofExit.ts"
import { type Fields, withRequest } from "../event/withRequest.ts"
import { headersOf, keptHeaders, requestId } from "../http/keptHeaders.ts"
import { type ReplyWatcher } from "./observers.ts"

export const startOf = (
  model: Pick<AttemptStart, "provider" | "model" | "account" | "pricedAs">,
  request: ModelRequest,
  options: {
    readonly context: RequestContext
    readonly clock: Clock.Clock
    readonly maxOutputTokens: number | undefined
  },
): AttemptStart => {
  const { call } = request
  const fields: Fields<AttemptStart> = {
    _tag: "AttemptStarted",
    id: newId(),
    callId: call.id,
    operation: call.operation,
    traceId: call.span?.traceId ?? "",
    spanId: call.span?.spanId ?? "",
    index: ++call.attempts.begun,
    provider: model.provider,
    model: model.model,
    ...(model.account !== undefined && { account: model.account }),
    ...(model.pricedAs !== undefined && { pricedAs: model.pricedAs }),
    maxOutputTokens: options.maxOutputTokens,
    context: options.context,
    startedAt: options.clock.currentTimeMillisUnsafe(),
  }
  return withRequest(request, fields)
}

export class AttemptRecord implements ReplyWatcher {
  private readonly start: AttemptStart
  private readonly clock: Clock.Clock
  private readonly began: bigint
  private readonly tally: PartTally
  private kept: Readonly<Record<string, string>> = {}
  private broken: unknown
  private committed = false

  constructor(start: AttemptStart, operation: Operation<Kind>, clock: Clock.Clock) {
    this.start = start
    this.clock = clock
    this.tally = new PartTally(operation, clock)
    this.began = clock.monotonicTimeNanosUnsafe()
  }

  headers(headers: Readonly<Record<string, string>>): void {
    this.kept = keptHeaders(headers)
  }

  parts(parts: ReadonlyArray<Part>): void {
    this.tally.add(parts)
  }

  readonly failure = (error: unknown): void => {
    this.broken ??= error
  }

  opened(): void {
    this.committed = true
  }

  ended(exit: Exit.Exit<unknown, unknown>): Attempt {
    const outcome = this.outcome(exit)
    const error = outcome._tag === "Failed" ? outcome.error : undefined
    const { size, delivered, finish, firstChunk, firstPart, responseId, responseModel } = this.tally
    const headers = { ...headersOf(error), ...this.kept }
    const { start } = this
    const fields: Fields<Attempt> = {
      // Field by field: to copy the rest of an object costs as much as all else here.
      _tag: "AttemptEnded",
      id: start.id,
      callId: start.callId,
      operation: start.operation,
      traceId: start.traceId,
      spanId: start.spanId,
      index: start.index,
      provider: start.provider,
      model: start.model,
      ...(start.account !== undefined && { account: start.account }),
      ...(start.pricedAs !== undefined && { pricedAs: start.pricedAs }),
      maxOutputTokens: start.maxOutputTokens,
      context: start.context,
      startedAt: start.startedAt,
      outcome,
      usage: finish?.usage,
      finishMetadata: finish?.metadata,
      responseModel,
      responseId,
      deliveredParts: delivered,
      deliveredCharacters: size,
      timeToFirstChunk: firstChunk === undefined ? undefined : this.since(firstChunk),
      timeToFirstPart: firstPart === undefined ? undefined : this.since(firstPart),
      duration: this.since(this.clock.monotonicTimeNanosUnsafe()),
      requestId: requestId(headers) ?? Option.getOrUndefined(facts(error))?.requestId,
      headers,
      retryAfter: outcome._tag === "Failed" ? outcome.failure.retryAfter : undefined,
      unknownWording: unknownWording(error),
    }
    return withRequest(start.request, fields)
  }

  private since(nanos: bigint): Duration.Duration {
    return Duration.nanos(nanos - this.began)
  }

  private outcome(exit: Exit.Exit<unknown, unknown>): Outcome {
    if (this.broken !== undefined) return this.failed(this.broken)
    const { finish } = this.tally
    const complete = finish !== undefined && this.committed
    // After the commit point the exit says how the consumer fared, which is nothing about the model.
    const own = this.committed ? undefined : errorOf(exit)
    const error = own ?? (complete ? undefined : reasonOf(this.start.request.call.interruption))
    if (error !== undefined) return this.failed(error)
    if (finish !== undefined && complete) return { _tag: "Completed", finish: finish.reason }
    return { _tag: this.committed ? "Abandoned" : "Interrupted" }
  }

  private failed(error: unknown): Outcome {
    return { _tag: "Failed", error, failure: classify(error), committed: this.committed }
  }
}
