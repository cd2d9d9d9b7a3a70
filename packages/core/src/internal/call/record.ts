/**
 * What becomes of one call, above all of its policies, for the events with which it begins and ends.
 */
import { type Clock, Duration, type Exit } from "effect"

import { type Event, type Sink } from "../../Event.ts"
import { classify } from "../../Failure.ts"
import { type Kind, type Operation } from "../../Operation.ts"
import { type RequestContext } from "../../RequestContext.ts"
import { PartTally } from "../answer/tally.ts"
import { errorOf } from "../error/ofExit.ts"
import { tell } from "../event/tell.ts"
import { type CallEnded, type CallStarted, type Change } from "../event/types.ts"
import { type Fields, withRequest } from "../event/withRequest.ts"
import { type ModelRequest, type Outcome, type Source } from "./types.ts"

interface Surroundings {
  readonly clock: Clock.Clock
  readonly context: RequestContext
  readonly sink: Sink
}

/** What concerns more than one call, and is noticed in one. */
const changes: ReadonlySet<string> = new Set<Change["_tag"]>([
  "CircuitChanged",
  "LimitTightened",
  "SharedStateUnavailable",
  "SharedStateRecovered",
])

const isChange = (event: Event): event is Change => changes.has(event._tag)

export class CallRecord {
  private readonly request: ModelRequest
  private readonly start: CallStarted
  private readonly clock: Clock.Clock
  private readonly outer: Sink
  private readonly began: bigint
  private readonly tally: PartTally
  private readonly asked: Array<Source> = []
  private cacheHit = false
  private over = false
  private continues = false
  private broken: Exit.Exit<unknown, unknown> | undefined

  constructor(
    source: Source & { readonly operation: Operation<Kind> },
    request: ModelRequest,
    { clock, context, sink }: Surroundings,
  ) {
    const { id, operation, span } = request.call
    this.request = request
    this.clock = clock
    this.outer = sink
    this.began = clock.monotonicTimeNanosUnsafe()
    this.tally = new PartTally(source.operation, clock)
    const start: Fields<CallStarted> = {
      _tag: "CallStarted",
      callId: id,
      operation,
      traceId: span?.traceId ?? "",
      spanId: span?.spanId ?? "",
      mode: request.mode,
      provider: source.provider,
      model: source.model,
      context,
      startedAt: clock.currentTimeMillisUnsafe(),
    }
    this.start = withRequest(request, start)
    tell(sink, this.start)
  }

  /** The sink for what happens inside the call. */
  readonly sink: Sink = (event: Event) => {
    if (event._tag === "AttemptStarted" && event.callId === this.start.callId) this.ask(event)
    else if (event._tag === "CacheHit" && event.callId === this.start.callId) this.cacheHit = true
    this.outer(isChange(event) ? { ...event, callId: this.start.callId } : event)
  }

  readonly parts = (parts: Parameters<PartTally["add"]>[0]): void => this.tally.add(parts)

  /** The answer broke. What the caller does afterwards says nothing more. */
  break(exit: Exit.Exit<unknown, unknown>): void {
    this.broken ??= exit
  }

  /** The call goes on with another request, so the end that comes now is not its end. */
  postpone(): void {
    this.continues = true
    this.broken = undefined
  }

  /** Tells the end once, whichever of its signs comes first. */
  readonly end = (exit: Exit.Exit<unknown, unknown>): void => {
    if (this.over) return
    if (this.continues) {
      this.continues = false
      return
    }
    this.over = true
    const { attempts, queue } = this.request.call
    const { delivered, firstPart } = this.tally
    const { start } = this
    const fields: Fields<CallEnded> = {
      _tag: "CallEnded",
      callId: start.callId,
      operation: start.operation,
      traceId: start.traceId,
      spanId: start.spanId,
      mode: start.mode,
      provider: start.provider,
      model: start.model,
      context: start.context,
      startedAt: start.startedAt,
      outcome: this.outcome(this.broken ?? exit),
      asked: this.asked,
      attempts: attempts.begun,
      cacheHit: this.cacheHit,
      deliveredParts: delivered,
      timeToFirstPart: firstPart === undefined ? undefined : Duration.nanos(firstPart - this.began),
      duration: Duration.nanos(this.clock.monotonicTimeNanosUnsafe() - this.began),
      queueWait: Duration.millis(queue.waited),
    }
    tell(this.outer, withRequest(this.request, fields))
  }

  private ask({ model, provider }: Source): void {
    if (!this.asked.some((known) => known.model === model && known.provider === provider)) {
      this.asked.push({ provider, model })
    }
  }

  private outcome(exit: Exit.Exit<unknown, unknown>): Outcome {
    const { delivered, finish } = this.tally
    const error = errorOf(exit)
    if (error !== undefined) return { _tag: "Failed", error, failure: classify(error), committed: delivered > 0 }
    if (finish !== undefined) return { _tag: "Completed", finish: finish.reason }
    return { _tag: delivered > 0 ? "Abandoned" : "Interrupted" }
  }
}
