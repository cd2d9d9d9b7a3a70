/**
 * What becomes of one attempt, written down as it happens.
 */
import { type Clock, Duration, Exit, type Fiber, Option } from "effect"
import { type Response } from "effect/ai"

import { type Attempt, type AttemptStart, type Outcome } from "../../Attempt.ts"
import { type Observer } from "../../CommitPoint.ts"
import { classify, facts } from "../../Failure.ts"
import { isContent, type ModelRequest, type Part } from "../../ModelCall.ts"
import * as PolicyError from "../../PolicyError.ts"
import { RequestContext } from "../../RequestContext.ts"
import { type Interruption, CurrentInterruption, reasonOf } from "../deadline/interruption.ts"
import { headersOf, keptHeaders, requestId } from "../http/keptHeaders.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/**
 * Attempts so far, kept with the options of the request, which all attempts of a call share. A `WeakMap` would cost as much as
 * all the rest of a record; it is for options that somebody has frozen.
 */
const Attempts = Symbol("@holdfast/core/attempts")
const frozen = new WeakMap<object, number>()

const nextIndex = ({ options }: ModelRequest): number => {
  const counted = options as { [Attempts]?: number }
  if (!Object.isExtensible(options)) {
    const index = (frozen.get(options) ?? 0) + 1
    frozen.set(options, index)
    return index
  }
  const index = (counted[Attempts] ?? 0) + 1
  counted[Attempts] = index
  return index
}

// Drawn for many ids at once: the call costs more than the bytes.
const drawn = new Uint8Array(4_096)
let used = drawn.length

const hexadecimal = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/**
 * 128 random bits in hexadecimal. Not from `Random`: a seed must neither repeat an id nor be used up by somebody who
 * listens. And not `randomUUID`, which pages without TLS do not have.
 */
export const newId = (): string => {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn)
    used = 0
  }
  let id = ""
  for (const end = used + 16; used < end; used++) id += hexadecimal[drawn[used] ?? 0]
  return id
}

export const startOf = (
  model: { readonly provider: string; readonly model: string },
  request: ModelRequest,
  options: {
    readonly fiber: AnyFiber
    readonly clock: Clock.Clock
    readonly maxOutputTokens: number | undefined
  },
): AttemptStart => {
  const { span } = request.options
  const fields: Fields<AttemptStart> = {
    _tag: "AttemptStarted",
    id: newId(),
    traceId: span.traceId,
    spanId: span.spanId,
    index: nextIndex(request),
    provider: model.provider,
    model: model.model,
    maxOutputTokens: options.maxOutputTokens,
    context: options.fiber.getRef(RequestContext),
    startedAt: options.clock.currentTimeMillisUnsafe(),
  }
  return new WithRequest(request, fields) as WithRequest & Fields<AttemptStart>
}

type Fields<Event> = Omit<Event, "request">

/** Hides the request, and with it the prompt, from `JSON.stringify`, `inspect` and whatever else walks over an event. */
class WithRequest {
  readonly #request: ModelRequest

  constructor(request: ModelRequest, fields: object) {
    this.#request = request
    Object.assign(this, fields)
  }

  get request(): ModelRequest {
    return this.#request
  }
}

export class AttemptRecord implements Observer {
  private readonly start: AttemptStart
  private readonly clock: Clock.Clock
  private readonly cutCell: Interruption | undefined
  private readonly began: bigint
  private firstPart: bigint | undefined
  private finish: Response.FinishPartEncoded | undefined
  private responseModel: string | undefined
  private delivered = 0
  private characters = 0
  private headers: Readonly<Record<string, string>> = {}
  private broken: unknown
  private committed = false

  constructor(start: AttemptStart, options: { readonly fiber: AnyFiber; readonly clock: Clock.Clock }) {
    this.start = start
    this.clock = options.clock
    this.cutCell = options.fiber.getRef(CurrentInterruption)
    this.began = options.clock.monotonicTimeNanosUnsafe()
  }

  replied(headers: Readonly<Record<string, string>>): void {
    this.headers = keptHeaders(headers)
  }

  parts(parts: ReadonlyArray<Part>): void {
    for (const part of parts) {
      if (part.type === "finish") this.finish = part
      else if (part.type === "response-metadata") this.responseModel = part.modelId ?? this.responseModel
      else if (isContent(part)) {
        this.delivered++
        this.characters += charactersOf(part)
        this.firstPart ??= this.clock.monotonicTimeNanosUnsafe()
      }
    }
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
    const headers = { ...headersOf(error), ...this.headers }
    const { _tag: _, request, ...start } = this.start
    const fields: Fields<Attempt> = {
      ...start,
      _tag: "AttemptEnded",
      outcome,
      usage: this.finish?.usage,
      finishMetadata: this.finish?.metadata,
      responseModel: this.responseModel,
      deliveredParts: this.delivered,
      deliveredCharacters: this.characters,
      timeToFirstPart: this.firstPart === undefined ? undefined : this.since(this.firstPart),
      duration: this.since(this.clock.monotonicTimeNanosUnsafe()),
      requestId: requestId(headers) ?? Option.getOrUndefined(facts(error))?.requestId,
      headers,
      retryAfter: outcome._tag === "Failed" ? outcome.failure.retryAfter : undefined,
    }
    return new WithRequest(request, fields) as WithRequest & Fields<Attempt>
  }

  private since(nanos: bigint): Duration.Duration {
    return Duration.nanos(nanos - this.began)
  }

  private outcome(exit: Exit.Exit<unknown, unknown>): Outcome {
    if (this.broken !== undefined) return this.failed(this.broken)
    const complete = this.finish !== undefined && this.committed
    // After the commit point the exit says how the consumer fared, which is nothing about the model.
    const own = this.committed ? undefined : errorOf(exit)
    const error = own ?? (complete ? undefined : reasonOf(this.cutCell))
    if (error !== undefined) return this.failed(error)
    if (this.finish !== undefined && complete) return { _tag: "Completed", finish: this.finish.reason }
    return { _tag: this.committed ? "Abandoned" : "Interrupted" }
  }

  private failed(error: unknown): Outcome {
    return { _tag: "Failed", error, failure: classify(error), committed: this.committed }
  }
}

const charactersOf = (part: Part): number => {
  switch (part.type) {
    case "text-delta":
    case "reasoning-delta":
    case "tool-params-delta":
      return part.delta.length
    // A stream has told the parameters of a call before.
    case "tool-call":
      return 0
    default:
      return "text" in part ? part.text.length : 0
  }
}

const errorOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail") return PolicyError.unfold(reason.error)
    if (reason._tag === "Die") return reason.defect
  }
  return undefined
}
