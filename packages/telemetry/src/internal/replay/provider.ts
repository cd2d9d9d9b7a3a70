/**
 * A provider that answers from what was recorded.
 */
import { ResilientModel } from "@holdfast/core"
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import { type ProviderModel, type ProviderReply } from "@holdfast/core/provider/ProviderModel"
import { Cause, Clock, Context, Duration, Effect, Stream } from "effect"
import { AiError, LanguageModel, type Response } from "effect/ai"

import { type Attempt, type DecisionTrace } from "../decisions/schema.ts"
import { type Course, type Pools, sameTime, sourceOf } from "./course.ts"

/** A call that is made again. */
export class ReplayedCall {
  readonly trace: DecisionTrace
  /** What its attempts met, in the order in which they began. */
  readonly courses: Array<Course> = []
  private readonly next = new Map<string, number>()
  /** Milliseconds. */
  private readonly began: number

  constructor(trace: DecisionTrace, began: number) {
    this.trace = trace
    this.began = began
  }

  /** `undefined` at a model of which nothing is known. */
  course(source: string, pools: Pools, now: number): Course | undefined {
    const index = this.next.get(source) ?? 0
    this.next.set(source, index + 1)
    const own = this.trace.attempts.filter((attempt) => sourceOf(attempt) === source)
    const course = pools.course(source, own[index], now - this.began)
    this.courses.push(course ?? unknown)
    return course
  }
}

const unknown: Course = {
  attempt: { cost: 0n } as Attempt,
  own: undefined,
  firstPart: 0,
  duration: 0,
  known: "nothing",
}

export const CurrentReplay: Context.Reference<ReplayedCall | undefined> = Context.Reference<ReplayedCall | undefined>(
  "@holdfast/telemetry/CurrentReplay",
  { defaultValue: () => undefined },
)

/** Milliseconds of the clock that is never set back. */
export const millis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000

/** The model of a provider as it was recorded. */
export const recordedModel = (provider: string, model: string, pools: Pools) => {
  const errors = errorsOf(provider, model)
  const source = sourceOf({ provider, model })
  const begun = Effect.withFiber((fiber): Effect.Effect<Course, AiError.AiError> => {
    const call = fiber.getRef(CurrentReplay)
    const course = call?.course(source, pools, millis(fiber.getRef(Clock.Clock)))
    return course === undefined ? Effect.fail(errors.notRecorded) : Effect.succeed(course)
  })
  const made: ProviderModel = {
    provider,
    model,
    codecTransformer: LanguageModel.defaultCodecTransformer,
    generate: () => Effect.flatMap(begun, (course) => generated(course, errors.of)),
    stream: () => Effect.flatMap(begun, (course) => streamed(course, errors.of)),
  }
  return ResilientModel.fromProvider(Effect.succeed(made), { name: "Replay.model", settings: { provider, model } })
}

type ErrorOf = (attempt: Attempt) => AiError.AiError | undefined

const generated = ({ attempt, duration }: Course, errorOf: ErrorOf) => {
  const error = errorOf(attempt)
  const told = Effect.suspend((): Effect.Effect<ProviderReply<Array<Response.PartEncoded>>, AiError.AiError> =>
    error === undefined
      ? Effect.succeed({ headers: {}, parts: [{ type: "text", text: textOf(attempt) }, finish(attempt)] })
      : Effect.fail(error),
  )
  return Effect.andThen(Effect.sleep(duration), told)
}

const streamed = (course: Course, errorOf: ErrorOf) => {
  const { attempt, firstPart } = course
  const error = errorOf(attempt)
  const committed = attempt.outcome === "Completed" || attempt.committed
  const opened = Effect.succeed({ headers: {}, parts: parts(course, error) })
  if (committed) return opened
  return Effect.andThen(
    Effect.sleep(firstPart),
    Effect.suspend(() => (error === undefined ? opened : Effect.fail(error))),
  )
}

type Chunk = readonly [Response.StreamPartEncoded, ...Array<Response.StreamPartEncoded>]

type Pulled = Effect.Effect<Chunk, AiError.AiError | Cause.Done>

const parts = ({ attempt, duration, firstPart }: Course, error: AiError.AiError | undefined) => {
  let pulls = 0
  const ending: Chunk = [{ type: "text-end", id: "1" }, finish(attempt)]
  // What came at once was there before a caller could leave.
  const isWhole = attempt.fault === undefined && duration - firstPart <= sameTime
  const whole: Chunk = [...deltas(attempt), ...ending]
  const last = (): Pulled => {
    if (error !== undefined && attempt.fault?.tag !== "StreamTruncated") return Effect.fail(error)
    return attempt.fault === undefined ? Effect.succeed(ending) : Cause.done()
  }
  const pull: Pulled = Effect.suspend((): Pulled => {
    pulls++
    if (pulls === 1) return Effect.as(Effect.sleep(firstPart), isWhole ? whole : deltas(attempt))
    if (pulls > 2 || isWhole) return Cause.done()
    return Effect.andThen(Effect.sleep(Math.max(0, duration - firstPart)), Effect.suspend(last))
  })
  return Stream.fromPull(Effect.succeed(pull))
}

/** As many parts and characters as there were, up to what nobody counts. */
const deltas = (attempt: Attempt): Chunk => {
  const count = Math.max(1, Math.min(attempt.parts, 1_000))
  const text = textOf(attempt)
  const size = Math.ceil(text.length / count)
  const delta = (index: number): Response.StreamPartEncoded => ({
    type: "text-delta",
    id: "1",
    delta: text.slice(index * size, (index + 1) * size) || "x",
  })
  return [{ type: "text-start", id: "1" }, ...Array.from({ length: count }, (_, index) => delta(index))]
}

const textOf = ({ characters }: Attempt): string => "x".repeat(Math.max(1, Math.min(characters, 1_000_000)))

const finish = ({
  tokens: { cacheRead, cacheWrite, input, output, reasoning },
}: Attempt): Response.FinishPartEncoded => ({
  type: "finish",
  reason: "stop",
  usage: {
    inputTokens: {
      ...(input !== undefined && { total: input }),
      ...(cacheRead !== undefined && { cacheRead }),
      ...(cacheWrite !== undefined && { cacheWrite }),
    },
    outputTokens: { ...(output !== undefined && { total: output }), ...(reasoning !== undefined && { reasoning }) },
  },
})

const errorsOf = (provider: string, model: string) => {
  const origin: ProviderError.Origin = {
    module: "Replay",
    method: "model",
    provider,
    url: `replayed://${provider}/${model}`,
    scrub: (text) => text,
  }
  const fault = (status: number, retryAfter?: number) =>
    ProviderError.fromFault(origin, {
      status,
      message: "as recorded",
      ...(retryAfter !== undefined && { retryAfter: Duration.millis(retryAfter) }),
    })
  const of: ErrorOf = ({ fault: found }) => {
    if (found === undefined) return undefined
    if (found.status !== undefined) return fault(found.status, found.retryAfter)
    if (found.kind === "undecodable") return undecodable
    if (found.kind === "throttled") return fault(429, found.retryAfter)
    if (found.kind === "overloaded") return fault(529, found.retryAfter)
    return found.kind === "transient"
      ? ProviderError.fromTransport(origin, new Error("connection lost, as recorded"))
      : fault(400)
  }
  return { of, notRecorded: fault(404) }
}

const undecodable = AiError.make({
  module: "Replay",
  method: "model",
  reason: new AiError.InvalidOutputError({ description: "as recorded" }),
})
