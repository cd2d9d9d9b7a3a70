/**
 * What one call has taken of a limit, until it is known what it did cost.
 */
import { type Clock, Duration, Effect, Exit, Option, Pull, Result } from "effect"

import * as Attempt from "../Attempt.ts"
import * as Failure from "../Failure.ts"
import { type ModelRequest, type Part } from "../ModelCall.ts"
import { type Tokens } from "../RateLimit.ts"
import { type TokenEstimate, weightOf } from "../TokenEstimate.ts"
import { millis } from "./guardedCall.ts"
import { type Entries, type Entry, nameOf } from "./limitEntries.ts"
import { type HeaderNames, remainingIn, resetIn } from "./limitHeaders.ts"
import { type ReplyListener } from "./replyHeaders.ts"
import { headersOf } from "./responseHeaders.ts"
import { type SharedUsage, type Taken } from "./sharedUsage.ts"
import { left, report, type Rules, type Tightened, type Told, wouldRefuse } from "./usageAccount.ts"
import { partsOf } from "./wholeAnswer.ts"

/** A limit as plain numbers and functions. */
export interface Limit {
  readonly rules: Rules
  /** What a request costs in each dimension, if it takes so many tokens. */
  readonly costs: ReadonlyArray<(tokens: Tokens, request: ModelRequest) => number>
  readonly headers: ReadonlyArray<HeaderNames>
  readonly estimate: (request: ModelRequest) => TokenEstimate
  readonly entries: Entries
  readonly shared: SharedUsage | undefined
}

export class HeldCosts implements ReplyListener {
  readonly request: ModelRequest
  readonly clock: Clock.Clock
  readonly entry: Entry
  readonly costs: ReadonlyArray<number>
  /** Whether the request may have gone out. */
  sent = false
  private readonly limit: Limit
  private readonly estimated: TokenEstimate
  private at: number
  /** What was left when the costs were taken together with other processes. */
  private shared: ReadonlyArray<number> | undefined
  private told: ReadonlyArray<Told> = []
  private finish: Extract<Part, { readonly type: "finish" }> | undefined
  private delivered = 0
  private broken: unknown
  private open = true

  constructor(options: {
    readonly limit: Limit
    readonly request: ModelRequest
    readonly clock: Clock.Clock
    readonly key: string
    readonly now: number
  }) {
    this.limit = options.limit
    this.request = options.request
    this.clock = options.clock
    this.at = options.now
    this.estimated = this.limit.estimate(this.request)
    const tokens: Tokens = { input: this.estimated.input, output: this.estimated.output, cacheRead: 0 }
    this.costs = this.limit.costs.map((costOf) => costOf(tokens, this.request))
    this.entry = this.limit.entries.of(options.key, this.limit.rules, options.now)
  }

  takenNow(): number {
    this.at = this.now()
    return this.at
  }

  takenTogether({ at, left: remaining }: Taken): undefined {
    this.at = at
    this.shared = remaining
  }

  blockedFor(span: number): void {
    this.entry.blockedUntil = Math.max(this.entry.blockedUntil, this.now() + span)
  }

  replied(headers: Readonly<Record<string, string>>): void {
    for (let index = 0; index < this.limit.headers.length; index++) {
      const names = this.limit.headers[index] as HeaderNames
      const remaining = remainingIn(headers, names)
      if (remaining === undefined || remaining >= this.left(index)) continue
      const reset = resetIn(headers, names, () => this.clock.currentTimeMillisUnsafe())
      this.told = [...this.told, { dimension: index, remaining, reset: reset ?? this.limit.rules[index]?.window ?? 0 }]
    }
  }

  opened(exit: Exit.Exit<Parameters<typeof partsOf>[0], unknown>): Effect.Effect<void> | undefined {
    if (Exit.isFailure(exit)) {
      this.broken = Option.getOrUndefined(Exit.findErrorOption(exit))
      return this.closed()
    }
    const whole = this.request.mode === "generate" ? partsOf(exit.value) : undefined
    if (whole === undefined) return this.told.length === 0 ? undefined : this.tell(nothing, undefined)
    this.read(whole)
    return this.closed()
  }

  pulled(exit: Exit.Exit<ReadonlyArray<Part>, unknown>): undefined {
    if (Exit.isSuccess(exit)) this.read(exit.value)
    else if (!Pull.isDoneCause(exit.cause)) this.broken = Option.getOrUndefined(Exit.findErrorOption(exit))
  }

  /** The call is over: says what it took. */
  closed(): Effect.Effect<void> | undefined {
    if (!this.open) return undefined
    this.open = false
    this.entry.underWay--
    const failure = this.broken === undefined ? undefined : Failure.classify(this.broken)
    if (!this.sent || failure?.kind === "ignored")
      return this.tell(
        this.costs.map((cost) => -cost),
        undefined,
      )
    const changes = this.changes(failure)
    if (failure?.kind !== "throttled") return this.tell(changes, undefined)
    this.replied(headersOf(this.broken))
    return this.tell(changes, {
      hint: failure.retryAfter === undefined ? this.longestReset() : Duration.toMillis(failure.retryAfter),
    })
  }

  private read(parts: ReadonlyArray<Part>): void {
    for (const part of parts) {
      if (part.type === "finish") this.finish = part
      else if ("delta" in part) this.delivered += weightOf(part.delta)
      else if (part.type === "text" || part.type === "reasoning") this.delivered += weightOf(part.text)
    }
  }

  private changes(failure: Failure.Failure | undefined): ReadonlyArray<number> {
    const tokens = this.tokens(failure)
    return this.costs.map((taken, index) => {
      const cost = Result.try(() => this.limit.costs[index]?.(tokens, this.request) ?? taken)
      return Result.isSuccess(cost) && cost.success >= 0 && cost.success < Infinity ? cost.success - taken : 0
    })
  }

  /** As the provider counted them, or as they are known of an answer that was cut. */
  private tokens(failure: Failure.Failure | undefined): Tokens {
    const { input, output } = this.estimated
    const usage = this.finish?.usage
    const delivered = Math.ceil(this.delivered)
    const whole = this.request.mode === "generate"
    return {
      input: usage?.inputTokens?.total ?? input,
      // A whole answer that did not decode was paid, and nobody knows how long it was.
      output: usage?.outputTokens?.total ?? (failure?.billed === true && whole ? output : delivered),
      cacheRead: usage?.inputTokens?.cacheRead ?? 0,
    }
  }

  /** Where a provider gives no hint, it may say when what is used up is there again. */
  private longestReset(): number | undefined {
    const resets = this.told.filter(({ remaining }) => remaining === 0).map(({ reset }) => reset)
    return resets.length === 0 ? undefined : Math.max(...resets)
  }

  private left(index: number): number {
    if (this.shared !== undefined) return this.shared[index] ?? 0
    const now = this.now()
    return left(this.entry.account(now), this.limit.rules, index, now)
  }

  private tell(
    changes: ReadonlyArray<number>,
    throttled: { readonly hint: number | undefined } | undefined,
  ): Effect.Effect<void> | undefined {
    const { entry, limit, told } = this
    if (throttled === undefined && told.length === 0 && !changes.some((change) => change !== 0)) return undefined
    this.told = []
    const said = { at: this.at, changes, told, throttled }
    if (this.shared !== undefined && limit.shared !== undefined) {
      return Effect.flatMap(
        limit.shared.report(entry.key, limit.rules, said),
        (tightened) => this.reported(tightened) ?? Effect.void,
      )
    }
    const now = this.now()
    return this.reported(report(entry.account(now), limit.rules, said, now))
  }

  /** What was given back may be enough for the first in line. */
  private reported(tightened: ReadonlyArray<Tightened>): Effect.Effect<void> | undefined {
    const { entry, limit } = this
    const first = entry.line.first
    if (first?.wake !== undefined) {
      const now = this.now()
      const fits =
        this.shared !== undefined || wouldRefuse(entry.account(now), limit.rules, first.costs, now) === undefined
      if (fits) first.wake()
    }
    if (tightened.length === 0) return undefined
    return Effect.forEach(tightened, (one) => this.tightened(one), { discard: true })
  }

  private tightened({ dimension, remaining, span }: Tightened): Effect.Effect<void> {
    if (dimension === undefined) this.blockedFor(span)
    return Attempt.emit(() => ({
      _tag: "LimitTightened",
      key: nameOf(this.entry.key),
      dimension: dimension === undefined ? "all" : (this.limit.rules[dimension]?.name ?? ""),
      remaining,
      for: Duration.millis(span),
    }))
  }

  private now(): number {
    return millis(this.clock)
  }
}

const nothing: ReadonlyArray<number> = []
