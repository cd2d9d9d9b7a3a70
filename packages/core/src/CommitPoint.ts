/**
 * From a provider's raw parts to a committed reply.
 *
 * The preamble of an answer (metadata, announcements of blocks) is held back until the first part with content, so that
 * everything up to it can still be retried. An `error` part becomes a failure, and an answer that stops without its
 * `finish` part is `StreamTruncated`, never a success.
 *
 * @since 0.1.0
 */
import { Cause, Channel, Effect, Pull, Schema, type Scope, Stream } from "effect"
import { AiError, type Response } from "effect/ai"

import { type Failure } from "./Failure.ts"
import { describeUnknown } from "./internal/error/words.ts"
import { isContent, type Part as AnyPart } from "./ModelCall.ts"
import * as PolicyError from "./PolicyError.ts"
import * as ProviderError from "./provider/ProviderError.ts"

/**
 * The provider's answer stopped before its terminal event.
 *
 * @since 0.1.0
 * @category errors
 */
export class StreamTruncated
  extends Schema.TaggedError<StreamTruncated>("@holdfast/core/StreamTruncated")("StreamTruncated", {
    provider: Schema.String,
    model: Schema.String,
    /** Content parts that had been delivered when the stream stopped. With 0 the call may be repeated. */
    deliveredParts: Schema.Int,
  })
  implements PolicyError.PolicyError<"interruption">
{
  readonly [PolicyError.TypeId] = "interruption" as const

  override get message(): string {
    const delivered =
      this.deliveredParts === 0
        ? "before any content"
        : `after ${this.deliveredParts} content part${this.deliveredParts === 1 ? "" : "s"}`
    return `${this.model} of ${this.provider} stopped ${delivered}, without its terminal event; the answer is incomplete`
  }

  get failure(): Failure {
    return { kind: "transient", retryAfter: undefined, billed: true }
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InternalProviderError({ description: this.message, metadata })
  }
}

/**
 * The model whose answer is being committed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly provider: string
  readonly model: string
}

/**
 * How an answer can break in itself.
 *
 * @since 0.1.0
 * @category models
 */
export type BrokenAnswer = AiError.AiError | StreamTruncated

/**
 * Watches an answer as it arrives.
 *
 * @since 0.1.0
 * @category models
 */
export interface Observer {
  /** Sees every part once. */
  readonly parts: (parts: ReadonlyArray<Part>) => void
  readonly failure: (error: unknown) => void
}

type Part = AnyPart<"chat">

type Chunk = readonly [Part, ...Array<Part>]

/**
 * Reads up to the commit point and gives the whole answer from its first part on.
 *
 * **Details**
 *
 * Fails before the commit point with whatever the raw stream fails with; with the error of an in-band `error` part; with
 * `ContentPolicyError` when the answer ends by a content filter without any content; with `StreamTruncated` when it ends
 * without `finish`; and when more than 1,024 parts come without content. After `finish` all of the answer is there, and
 * neither a failure nor an `error` part breaks it.
 *
 * An answer without content and without a call fails with `InvalidResponseError`, which was paid, and
 * which a retry or a fallback takes. Only where its reason says why there is nothing (`length`, `pause`) is it one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const commit = <E>(
  raw: Stream.Stream<Part, E>,
  source: Source,
  observer?: Observer,
): Effect.Effect<Stream.Stream<Part, E | BrokenAnswer>, E | BrokenAnswer, Scope.Scope> =>
  Effect.flatMap(pullOf(raw), (pull) => {
    const reader = new Reader(source, observer)
    // One frame per pull: this runs for every part of every answer.
    const checked: Pull.Pull<Chunk, E | BrokenAnswer> = Effect.matchCauseEffect(pull, {
      onSuccess: (chunk) => reader.read(chunk),
      onFailure: (cause): Pull.Pull<never, E | BrokenAnswer> =>
        Pull.isDoneCause(cause) ? reader.end() : reader.fail(cause),
    })
    return Effect.map(preamble(checked, reader), (held) => resume(held, checked, reader))
  })

// `Stream.toPull` guards each pull with a semaphore, which costs as much as all the rest. There is one consumer here.
const pullOf = <E>(raw: Stream.Stream<Part, E>) =>
  Effect.flatMap(Effect.scope, (scope) => Channel.toPullScoped(Stream.toChannel(raw), scope))

/**
 * Checks an answer that arrived as a whole by the same rules.
 *
 * @since 0.1.0
 * @category constructors
 */
export const commitWhole = (
  parts: Array<Response.PartEncoded>,
  source: Source,
  observer?: Observer,
): Effect.Effect<Array<Response.PartEncoded>, BrokenAnswer> => {
  const reader = new Reader(source, observer)
  if (observer !== undefined) observer.parts(parts)
  const last = reader.check(parts)
  if (last?.error !== undefined) return Effect.fail(last.error)
  if (last !== undefined) return Effect.succeed(parts.slice(0, last.at))
  return reader.finished ? Effect.succeed(parts) : Effect.fail(reader.truncated())
}

const longestPreamble = 1024

class Reader {
  readonly source: Source
  readonly observer: Observer | undefined
  finished = false
  delivered = 0
  /** Whether there is content besides reasoning. */
  answered = false
  /** How the answer ends, once the parts that stood before its end are given out. */
  over: Pull.Pull<never, BrokenAnswer> | undefined

  constructor(source: Source, observer: Observer | undefined) {
    this.source = source
    this.observer = observer
  }

  read(chunk: Chunk): Pull.Pull<Chunk, BrokenAnswer> {
    const last = this.check(chunk)
    if (this.observer !== undefined) this.observer.parts(last === undefined ? chunk : chunk.slice(0, last.at + 1))
    if (last === undefined) return Effect.succeed(chunk)
    this.over = last.error === undefined ? Cause.done() : this.breaks(last.error)
    return last.at === 0 ? this.over : Effect.succeed(chunk.slice(0, last.at) as unknown as Chunk)
  }

  fail<E>(cause: Cause.Cause<E>): Pull.Pull<never, E> {
    // All of the answer had come. Only a bug still matters.
    if (this.finished && Cause.hasFails(cause)) return Cause.done()
    for (const reason of this.observer === undefined ? [] : cause.reasons) {
      if (reason._tag !== "Interrupt") this.observer?.failure(reason._tag === "Fail" ? reason.error : reason.defect)
    }
    return Effect.failCause(cause)
  }

  private breaks(error: BrokenAnswer): Effect.Effect<never, BrokenAnswer> {
    return Effect.suspend(() => {
      if (this.observer !== undefined) this.observer.failure(error)
      return Effect.fail(error)
    })
  }

  /** The first part at which the answer breaks, or after which nothing that comes matters. */
  check(parts: ReadonlyArray<Part>): { readonly at: number; readonly error: BrokenAnswer | undefined } | undefined {
    let at = -1
    for (const part of parts) {
      at++
      if (part.type === "error") return { at, error: this.finished ? undefined : inBand(part.error, this.source) }
      if (part.type === "finish") {
        const error = this.answered || this.finished ? undefined : nothing(part, this.delivered, this.source)
        if (error !== undefined) return { at, error }
        this.finished = true
      } else if (isContent(part)) {
        this.delivered++
        this.answered ||= !isReasoning(part)
      }
    }
    return undefined
  }

  end(): Pull.Pull<never, BrokenAnswer> {
    return this.finished ? Cause.done() : this.breaks(this.truncated())
  }

  truncated(): StreamTruncated {
    return new StreamTruncated({ ...this.source, deliveredParts: this.delivered })
  }
}

const preamble = <E>(
  pull: Pull.Pull<Chunk, E>,
  reader: Reader,
): Effect.Effect<Array<Part>, Exclude<E, Cause.Done> | BrokenAnswer> => {
  const held: Array<Part> = []
  const loop: Effect.Effect<Array<Part>, E | Cause.Done | BrokenAnswer> = Effect.flatMap(pull, (chunk) => {
    for (const part of chunk) held.push(part)
    if (reader.delivered > 0 || reader.finished) return Effect.succeed(held)
    if (reader.over !== undefined) return reader.over
    return held.length > longestPreamble ? Effect.fail(endless(reader.source)) : loop
  })
  // The end of the stream has become StreamTruncated already, unless `finish` came, and then the loop is over.
  return loop as Effect.Effect<Array<Part>, Exclude<E, Cause.Done> | BrokenAnswer>
}

const resume = <E>(
  held: Array<Part>,
  pull: Pull.Pull<Chunk, E>,
  reader: Reader,
): Stream.Stream<Part, Pull.ExcludeDone<E> | BrokenAnswer> => {
  let first = true
  const next: Pull.Pull<Chunk, E | BrokenAnswer> = Effect.suspend((): Pull.Pull<Chunk, E | BrokenAnswer> => {
    if (!first) return reader.over ?? pull
    first = false
    return Effect.succeed(held as unknown as Chunk)
  })
  return Stream.fromPull(Effect.succeed(next))
}

const inBand = (error: unknown, source: Source): AiError.AiError =>
  AiError.isAiError(error)
    ? error
    : ProviderError.fromFault(origin(source), { message: describeUnknown(error), inStream: true })

const origin = ({ provider }: Source): ProviderError.Origin => ({
  module: "holdfast",
  method: "stream",
  provider,
  url: "",
  scrub: (text) => text,
})

const isReasoning = ({ type }: Part): boolean => type === "reasoning" || type === "reasoning-delta"

/** The error of an answer that ends with no more than reasoning, unless its reason says why. */
const nothing = (part: Response.FinishPartEncoded, delivered: number, source: Source): AiError.AiError | undefined => {
  switch (part.reason) {
    case "content-filter":
      return delivered === 0 ? filtered(part, source) : undefined
    case "length":
    case "pause":
      return undefined
    default:
      if (waitsForClient(part)) return undefined
      return ProviderError.malformed(
        origin(source),
        `${source.model} ended its answer (${part.reason}) without content and without a call`,
        true,
      )
  }
}

const filtered = (part: Response.FinishPartEncoded, source: Source): AiError.AiError =>
  AiError.make({
    module: "holdfast",
    method: "open",
    reason: new AiError.ContentPolicyError({
      description: refusalText(part) ?? `${source.model} of ${source.provider} refused to answer`,
      metadata: { holdfast: { kind: "fatal", provider: source.provider, billed: true } },
    }),
  })

// Providers keep a refusal's own words in `metadata.<provider>.refusal`.
const refusalText = (part: Response.FinishPartEncoded): string | undefined => {
  for (const value of Object.values(part.metadata ?? {})) {
    const refusal = value !== null && typeof value === "object" && "refusal" in value ? value["refusal"] : undefined
    if (typeof refusal === "string" && refusal !== "") return refusal
  }
  return undefined
}

const endless = (source: Source): AiError.AiError =>
  ProviderError.malformed(
    origin(source),
    `${source.model} sent more than ${longestPreamble} parts without any content`,
    true,
  )

// Providers name what they ask of their client, and `effect/ai` has no part for, in `metadata.<provider>.clientItems`.
const waitsForClient = (part: Response.FinishPartEncoded): boolean =>
  Object.values(part.metadata ?? {}).some(
    (value) =>
      value !== null && typeof value === "object" && "clientItems" in value && value["clientItems"] !== undefined,
  )
