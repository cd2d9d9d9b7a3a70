/**
 * One call's charge against a limit, from its estimate until it is settled with what was really used.
 *
 * Plain records and functions: V8 forgets the shape of a class, and all code that it made for it, whenever no instance is
 * alive.
 */
import { type Clock, Duration, Effect, Exit, Option, Pull, Result, type Stream } from "effect"

import * as Event from "../../Event.ts"
import * as Failure from "../../Failure.ts"
import { type ModelRequest, type Part } from "../../ModelCall.ts"
import { type Kind, type Operation, type TokenEstimate, type Usage } from "../../Operation.ts"
import { partsIfComplete } from "../answer/complete.ts"
import { headersOf } from "../http/keptHeaders.ts"
import { millis } from "../millis.ts"
import { type HeaderNames, remainingIn, resetIn } from "./headers.ts"
import { type Tokens } from "./options.ts"
import { type RedisWindow, type Taken } from "./redis.ts"
import { remainingAt, report, type Rules, type Tightened, type RemainingHint, wouldRefuse } from "./state.ts"
import { type LimiterStore, type Limiter, nameOf } from "./store.ts"

/** A limit as plain numbers and functions. */
export interface Limit {
  readonly operation: Operation<Kind>
  readonly rules: Rules
  /** What a request costs in each dimension, if it takes so many tokens. */
  readonly costs: ReadonlyArray<(tokens: Tokens, request: ModelRequest) => number>
  readonly headers: ReadonlyArray<HeaderNames>
  /** Whether any cost depends on tokens; nothing is estimated otherwise. */
  readonly countsTokens: boolean
  readonly estimate: (request: ModelRequest) => TokenEstimate
  readonly limiters: LimiterStore
  readonly shared: RedisWindow | undefined
}

export interface Charge {
  readonly limit: Limit
  readonly request: ModelRequest
  readonly clock: Clock.Clock
  readonly limiter: Limiter
  readonly estimated: TokenEstimate
  readonly costs: ReadonlyArray<number>
  /** When the costs were taken. */
  at: number
  /** What was left then, where they were taken together with other processes. */
  shared: ReadonlyArray<number> | undefined
  /** Whether the request may have gone out. */
  sent: boolean
  hints: ReadonlyArray<RemainingHint>
  usage: Usage | undefined
  /** Tokens of the answer so far, as they are estimated. */
  delivered: number
  broken: unknown
  over: boolean
}

/** What a call is going to take. */
export const estimateCharge = (
  limit: Limit,
  request: ModelRequest,
  { clock, key, now }: { readonly clock: Clock.Clock; readonly key: string; readonly now: number },
): Charge => {
  const estimated = limit.countsTokens ? limit.estimate(request) : noTokens
  const tokens: Tokens = { input: estimated.input, output: estimated.output, cacheRead: 0 }
  return {
    limit,
    request,
    clock,
    limiter: limit.limiters.of(key, limit.rules, now),
    estimated,
    costs: limit.costs.map((costOf) => costOf(tokens, request)),
    at: now,
    shared: undefined,
    sent: false,
    hints: noHints,
    usage: undefined,
    delivered: 0,
    broken: undefined,
    over: false,
  }
}

/** The costs were taken in Redis. */
export const takenFromShared = (held: Charge, { at, left: remaining }: Taken): undefined => {
  held.at = at
  held.shared = remaining
}

/** The provider wants a rest. */
export const block = ({ clock, limiter: entry }: Charge, span: number): void => {
  entry.blockedUntil = Math.max(entry.blockedUntil, millis(clock) + span)
}

/** Hears what the provider says is left. */
export const readHeaders = (held: Charge, headers: Readonly<Record<string, string>>): void => {
  const { clock, limit } = held
  for (let index = 0; index < limit.headers.length; index++) {
    const names = limit.headers[index] as HeaderNames
    const remaining = remainingIn(headers, names)
    if (remaining === undefined || remaining >= remainingHere(held, index)) continue
    const reset = resetIn(headers, names, () => clock.currentTimeMillisUnsafe())
    held.hints = [...held.hints, { dimension: index, remaining, reset: reset ?? limit.rules[index]?.window ?? 0 }]
  }
}

/** The call is committed, or has failed. A whole answer is over with that. */
export const onOpened = (
  held: Charge,
  exit: Exit.Exit<Stream.Stream<Part, unknown>, unknown>,
): Effect.Effect<void> | undefined => {
  if (Exit.isFailure(exit)) {
    held.broken = Option.getOrUndefined(Exit.findErrorOption(exit))
    return settle(held)
  }
  if (held.request.mode === "stream")
    return held.hints.length === 0 ? undefined : sendReport(held, noChanges, undefined)
  const whole = partsIfComplete(exit.value)
  if (whole === undefined) return settleUnread(held)
  read(held, whole)
  return settle(held)
}

/** More of a stream came, or its end. */
export const onPulled = (held: Charge, exit: Exit.Exit<ReadonlyArray<Part>, unknown>): undefined => {
  if (Exit.isSuccess(exit)) read(held, exit.value)
  else if (!Pull.isDoneCause(exit.cause)) held.broken = Option.getOrUndefined(Exit.findErrorOption(exit))
}

/** The call is over: says what it took. */
export const settle = (held: Charge): Effect.Effect<void> | undefined => {
  if (held.over) return undefined
  held.over = true
  held.limiter.underWay--
  const failure = held.broken === undefined ? undefined : Failure.classify(held.broken)
  if (!held.sent || failure?.kind === "ignored") return sendReport(held, held.costs.map(negated), undefined)
  const changes = changesOf(held, failure)
  if (failure?.kind !== "throttled") return sendReport(held, changes, undefined)
  readHeaders(held, headersOf(held.broken))
  const hint = failure.retryAfter === undefined ? longestReset(held) : Duration.toMillis(failure.retryAfter)
  return sendReport(held, changes, { hint })
}

/** Somebody made a stream of a whole answer. What was taken is what counts. */
const settleUnread = (held: Charge): Effect.Effect<void> | undefined => {
  held.over = true
  held.limiter.underWay--
  return sendReport(held, noChanges, undefined)
}

const noTokens: TokenEstimate = { input: 0, output: 0 }
const noHints: ReadonlyArray<RemainingHint> = []
const noChanges: ReadonlyArray<number> = []

const negated = (cost: number): number => -cost

const read = (held: Charge, parts: ReadonlyArray<Part>): void => {
  const { operation } = held.limit
  for (const part of parts) {
    held.usage = operation.usageOf(part) ?? held.usage
    if (held.limit.countsTokens) held.delivered += operation.weightOf(part)
  }
}

// A mistake of somebody else's function must not keep a call from being settled.
const changesOf = (held: Charge, failure: Failure.Failure | undefined): ReadonlyArray<number> => {
  const tokens = tokensOf(held, failure)
  return held.costs.map((taken, index) => {
    const cost = Result.try(() => held.limit.costs[index]?.(tokens, held.request) ?? taken)
    return Result.isSuccess(cost) && cost.success >= 0 && cost.success < Infinity ? cost.success - taken : 0
  })
}

/** As the provider counted them, or as they are known of an answer that was cut. */
const tokensOf = ({ delivered, estimated, request, usage }: Charge, failure: Failure.Failure | undefined): Tokens => {
  // A whole answer that did not decode was paid, and nobody knows how long it was.
  const unknown = failure?.billed === true && request.mode === "generate"
  return {
    input: usage?.inputTokens?.total ?? estimated.input,
    output: usage?.outputTokens?.total ?? (unknown ? estimated.output : Math.ceil(delivered)),
    cacheRead: usage?.inputTokens?.cacheRead ?? 0,
  }
}

/** Where a provider gives no hint, it may say when what is used up is there again. */
const longestReset = ({ hints }: Charge): number | undefined => {
  const resets = hints.filter(({ remaining }) => remaining === 0).map(({ reset }) => reset)
  return resets.length === 0 ? undefined : Math.max(...resets)
}

/** What is left of a dimension as far as is known here. */
const remainingHere = ({ clock, limiter: entry, limit, shared }: Charge, index: number): number => {
  if (shared !== undefined) return shared[index] ?? 0
  const now = millis(clock)
  return remainingAt(entry.window(now), limit.rules, index, now)
}

const sendReport = (
  held: Charge,
  changes: ReadonlyArray<number>,
  throttled: { readonly hint: number | undefined } | undefined,
): Effect.Effect<void> | undefined => {
  const { at, clock, limiter: entry, limit, hints } = held
  if (throttled === undefined && hints.length === 0 && !changes.some((change) => change !== 0)) return undefined
  held.hints = noHints
  const said = { at, changes, hints, throttled }
  if (held.shared === undefined || limit.shared === undefined) {
    const now = millis(clock)
    return wakeFirst(held, report(entry.window(now), limit.rules, said, now))
  }
  return Effect.flatMap(
    limit.shared.report(entry.key, limit.rules, said),
    (tightened) => wakeFirst(held, tightened) ?? Effect.void,
  )
}

/** What was given back may be enough for the first in line. */
const wakeFirst = (held: Charge, tightened: ReadonlyArray<Tightened>): Effect.Effect<void> | undefined => {
  const { clock, limiter: entry, limit, shared } = held
  const first = entry.isWaitedFor ? entry.line.first : undefined
  if (first?.wake !== undefined) {
    const now = millis(clock)
    const fits = () => wouldRefuse(entry.window(now), limit.rules, first.costs, now) === undefined
    if (shared !== undefined || fits()) first.wake()
  }
  return tightened.length === 0
    ? undefined
    : Effect.forEach(tightened, (one) => announceTightened(held, one), { discard: true })
}

const announceTightened = (held: Charge, { dimension, remaining, span }: Tightened): Effect.Effect<void> => {
  if (dimension === undefined) block(held, span)
  return Event.emit(() => ({
    _tag: "LimitTightened",
    key: nameOf(held.limiter.key),
    dimension: dimension === undefined ? "all" : (held.limit.rules[dimension]?.name ?? ""),
    remaining,
    for: Duration.millis(span),
  }))
}
