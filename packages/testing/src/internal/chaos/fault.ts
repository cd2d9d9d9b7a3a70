/**
 * What a fault of the chaos policy does to one call.
 */
import { StreamTruncated } from "@holdfast/core/CommitPoint"
import { type ModelCall, type ModelRequest, type Part } from "@holdfast/core/ModelCall"
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import { type Duration, Effect, type Scope, Stream } from "effect"
import { AiError } from "effect/ai"

/** How a fault can make a call fail. */
export type ChaosFailure = AiError.AiError | StreamTruncated

/** Whose call it is. */
interface Victim {
  readonly provider: string
  readonly model: string
}

/** The error for a model, and for how much of an answer had been delivered. */
type Failing = (victim: Victim) => (delivered: number) => ChaosFailure

export type ChaosFault =
  /** Before the answer, and without asking the model. */
  | { readonly _tag: "Failure"; readonly error: Failing }
  | { readonly _tag: "Late"; readonly duration: Duration.Duration }
  | { readonly _tag: "Silence" }
  /** After so many parts with content. Without an error, nothing comes any more. */
  | { readonly _tag: "Break"; readonly parts: number; readonly error: Failing | undefined }

type Opened<E> = Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope>

/** A call that meets a fault each time it is opened. */
export const struck = <E>(call: ModelCall<E>, fault: ChaosFault): ModelCall<E | ChaosFailure>["open"] => {
  switch (fault._tag) {
    case "Failure": {
      const error = fault.error(call)
      return () => Effect.suspend(() => Effect.fail(error(0)))
    }
    case "Late":
      return (request) => Effect.andThen(Effect.sleep(fault.duration), call.open(request))
    case "Silence":
      return () => Effect.never
    case "Break": {
      const error = fault.error?.(call)
      const ending = (delivered: number): Effect.Effect<never, ChaosFailure> =>
        error === undefined ? Effect.never : Effect.suspend(() => Effect.fail(error(delivered)))
      return (request) => opened(call, request, { parts: fault.parts, ending })
    }
  }
}

interface Break {
  readonly parts: number
  readonly ending: (delivered: number) => Effect.Effect<never, ChaosFailure>
}

const opened = <E>(call: ModelCall<E>, request: ModelRequest, { ending, parts }: Break): Opened<E | ChaosFailure> =>
  request.mode === "generate" || parts === 0
    ? // Nothing of it may reach the caller, and what was opened is closed before the caller hears of the failure.
      Effect.andThen(Effect.scoped(call.open(request)), ending(0))
    : Effect.map(call.open(request), (answer) =>
        broken(answer, { count: parts, isContent: call.operation.isContent, ending }),
      )

/** The stream up to a part; at its end, but before its `finish`, if it has fewer. */
const broken = <E, E2>(
  parts: Stream.Stream<Part, E>,
  {
    count,
    ending,
    isContent,
  }: {
    readonly count: number
    readonly isContent: (part: Part) => boolean
    readonly ending: (delivered: number) => Effect.Effect<never, E2>
  },
): Stream.Stream<Part, E | E2> =>
  Stream.transformPull(parts, (pull) =>
    Effect.sync(() => {
      let delivered = 0
      let over = false
      const isLast = (part: Part): boolean => {
        if (part.type === "finish") return true
        if (!isContent(part)) return false
        if (delivered >= count) return true
        delivered++
        return false
      }
      return Effect.suspend(() =>
        over
          ? ending(delivered)
          : Effect.flatMap(pull, (chunk) => {
              const at = chunk.findIndex(isLast)
              if (at < 0) return Effect.succeed(chunk)
              over = true
              const [first, ...rest] = chunk.slice(0, at)
              return first === undefined ? ending(delivered) : Effect.succeed([first, ...rest] as const)
            }),
      )
    }),
  )

/** Where the errors of chaos come from. */
const origin = ({ model, provider }: Victim): ProviderError.Origin => ({
  module: "Chaos",
  method: "inject",
  provider,
  url: `chaos://${provider}/${model}`,
  scrub: (text) => text,
})

// One error serves all calls of a model: it says nothing of the call, and making it costs more than the call.
const once =
  (make: (from: ProviderError.Origin) => AiError.AiError): Failing =>
  (victim) => {
    const error = make(origin(victim))
    return () => error
  }

/** An error as it is, or one that is made of what a provider would have said. */
export const failing = (failure: AiError.AiError | ProviderError.ProviderFault): Failing =>
  once((from) => (AiError.isAiError(failure) ? failure : ProviderError.fromFault(from, failure)))

export const disconnected: Failing = once((from) => ProviderError.fromTransport(from, new Error("socket hang up")))

export const malformed: Failing = once((from) => ProviderError.malformed(from, "a part that is not JSON", true))

export const undecodable: Failing = once((from) => ProviderError.undecodable(from, "not what was asked for"))

export const truncated: Failing =
  ({ model, provider }) =>
  (delivered) =>
    new StreamTruncated({ provider, model, deliveredParts: delivered })
