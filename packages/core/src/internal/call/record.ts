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
import { AboutRequest, type Known } from "../event/AboutRequest.ts"
import { tell } from "../event/tell.ts"
import { type CallEnded, type CallStarted, type Change } from "../event/types.ts"
import { type Mode, type ModelRequest, type Outcome, type Source } from "./types.ts"

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

/** What the beginning and the end of a call both say. */
class AboutCall<Tag extends string> extends AboutRequest<Tag> {
  readonly mode: Mode

  constructor(tag: Tag, request: ModelRequest, known: Known) {
    super(tag, request, known)
    this.mode = request.mode
  }
}

/** What is known of a call when it is over. */
interface Course {
  readonly asked: ReadonlyArray<Source>
  readonly cacheHit: boolean
  readonly tally: PartTally
  /** Nanoseconds of the clock that is never set back. */
  readonly began: bigint
  readonly over: bigint
}

class Ended extends AboutCall<"CallEnded"> implements CallEnded {
  declare readonly outcome: Outcome
  declare readonly asked: ReadonlyArray<Source>
  declare readonly attempts: number
  declare readonly cacheHit: boolean
  declare readonly deliveredParts: number
  declare readonly timeToFirstPart: Duration.Duration | undefined
  declare readonly duration: Duration.Duration
  declare readonly queueWait: Duration.Duration

  constructor(start: CallStarted, outcome: Outcome, { asked, began, cacheHit, over, tally }: Course) {
    super("CallEnded", start.request, start)
    const { attempts, queue } = start.request.call
    this.outcome = outcome
    this.asked = asked
    this.attempts = attempts.begun
    this.cacheHit = cacheHit
    this.deliveredParts = tally.delivered
    this.timeToFirstPart = tally.firstPart === undefined ? undefined : Duration.nanos(tally.firstPart - began)
    this.duration = Duration.nanos(over - began)
    this.queueWait = queue.waited === 0 ? Duration.zero : Duration.millis(queue.waited)
  }
}

export class CallRecord {
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
    this.clock = clock
    this.outer = sink
    this.began = clock.monotonicTimeNanosUnsafe()
    this.tally = new PartTally(source.operation, clock)
    this.start = new AboutCall("CallStarted", request, {
      provider: source.provider,
      model: source.model,
      context,
      startedAt: clock.currentTimeMillisUnsafe(),
    })
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
    const over = this.clock.monotonicTimeNanosUnsafe()
    tell(
      this.outer,
      new Ended(this.start, this.outcome(this.broken ?? exit), {
        asked: this.asked,
        cacheHit: this.cacheHit,
        tally: this.tally,
        began: this.began,
        over,
      }),
    )
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
