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
import {
  type Attempt,
  type AttemptStart,
  type ModelRequest,
  type Outcome,
  type Part,
  type PricedAs,
} from "../call/types.ts"
import { errorOf } from "../error/ofExit.ts"
import { AboutRequest, type Known } from "../event/AboutRequest.ts"
import { headersOf, keptHeaders, requestId } from "../http/keptHeaders.ts"
import { type ReplyWatcher } from "./observers.ts"

type Identity = Pick<AttemptStart, "account" | "id" | "index" | "maxOutputTokens" | "pricedAs">

/** What the beginning and the end of an attempt both say. */
class AboutAttempt<Tag extends string> extends AboutRequest<Tag> {
  declare readonly id: string
  declare readonly index: number
  declare readonly account?: string
  declare readonly pricedAs?: PricedAs
  declare readonly maxOutputTokens: number | undefined

  constructor(tag: Tag, request: ModelRequest, known: Identity & Known) {
    super(tag, request, known)
    this.id = known.id
    this.index = known.index
    if (known.account !== undefined) this.account = known.account
    if (known.pricedAs !== undefined) this.pricedAs = known.pricedAs
    this.maxOutputTokens = known.maxOutputTokens
  }
}

/** An attempt that begins now. */
export const startOf = (
  { account, model, pricedAs, provider }: Pick<AttemptStart, "account" | "model" | "pricedAs" | "provider">,
  request: ModelRequest,
  {
    clock,
    context,
    maxOutputTokens,
  }: {
    readonly context: RequestContext
    readonly clock: Clock.Clock
    readonly maxOutputTokens: number | undefined
  },
): AttemptStart =>
  new AboutAttempt("AttemptStarted", request, {
    id: newId(),
    index: ++request.call.attempts.begun,
    provider,
    model,
    account,
    pricedAs,
    maxOutputTokens,
    context,
    startedAt: clock.currentTimeMillisUnsafe(),
  })

/** What is known of a reply when it is over. */
interface Reply {
  readonly tally: PartTally
  readonly headers: Readonly<Record<string, string>>
  /** Nanoseconds of the clock that is never set back. */
  readonly began: bigint
  readonly over: bigint
}

class AttemptEnded extends AboutAttempt<"AttemptEnded"> implements Attempt {
  declare readonly outcome: Outcome
  declare readonly usage: Attempt["usage"]
  declare readonly finishMetadata: Attempt["finishMetadata"]
  declare readonly responseModel: string | undefined
  declare readonly responseId: string | undefined
  declare readonly deliveredParts: number
  declare readonly deliveredCharacters: number
  declare readonly timeToFirstChunk: Duration.Duration | undefined
  declare readonly timeToFirstPart: Duration.Duration | undefined
  declare readonly duration: Duration.Duration
  declare readonly requestId: string | undefined
  declare readonly headers: Readonly<Record<string, string>>
  declare readonly retryAfter: Duration.Duration | undefined
  declare readonly unknownWording: string | undefined

  constructor(start: AttemptStart, outcome: Outcome, { began, headers, over, tally }: Reply) {
    super("AttemptEnded", start.request, start)
    const failed = outcome._tag === "Failed" ? outcome : undefined
    this.outcome = outcome
    this.usage = tally.finish?.usage
    this.finishMetadata = tally.finish?.metadata
    this.responseModel = tally.responseModel
    this.responseId = tally.responseId
    this.deliveredParts = tally.delivered
    this.deliveredCharacters = tally.size
    this.timeToFirstChunk = between(began, tally.firstChunk)
    this.timeToFirstPart =
      tally.firstPart === tally.firstChunk ? this.timeToFirstChunk : between(began, tally.firstPart)
    this.duration = Duration.nanos(over - began)
    this.headers = failed === undefined ? headers : { ...headersOf(failed.error), ...headers }
    this.requestId =
      requestId(this.headers) ??
      (failed === undefined ? undefined : Option.getOrUndefined(facts(failed.error))?.requestId)
    this.retryAfter = failed?.failure.retryAfter
    this.unknownWording = failed === undefined ? undefined : unknownWording(failed.error)
  }
}

const between = (began: bigint, then: bigint | undefined): Duration.Duration | undefined =>
  then === undefined ? undefined : Duration.nanos(then - began)

export class AttemptRecord implements ReplyWatcher {
  private readonly start: AttemptStart
  private readonly clock: Clock.Clock
  private readonly began: bigint
  private readonly tally: PartTally
  private kept: Readonly<Record<string, string>> = noHeaders
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

  failure(error: unknown): void {
    this.broken ??= error
  }

  opened(): void {
    this.committed = true
  }

  ended(exit: Exit.Exit<unknown, unknown>): Attempt {
    return new AttemptEnded(this.start, this.outcome(exit), {
      tally: this.tally,
      headers: this.kept,
      began: this.began,
      over: this.clock.monotonicTimeNanosUnsafe(),
    })
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

const noHeaders: Readonly<Record<string, string>> = {}
