import { isContent, type Part as AnyPart } from "@holdfast/core/ModelCall"
import { type ProviderFault } from "@holdfast/core/provider/ProviderError"
import { type ProviderFailure } from "@holdfast/core/provider/ProviderModel"
import { Duration, Effect, type Pipeable, type Stream } from "effect"
import { type AiError, type Response } from "effect/ai"

import { type Told } from "./parts.ts"

type Part = AnyPart<"chat">

export const TypeId = "~holdfast/testing/ScriptedModel/Answer"

/**
 * One answer of a scripted model, with its timing and how it breaks.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Pipeable.Pipeable {
  readonly [TypeId]: typeof TypeId
  readonly content: Content
  /** Until the first part with content; of a failure, until it comes. */
  readonly delay: Duration.Duration
  /** Between one part with content and the next. */
  readonly between: Duration.Duration
  readonly holds: ReadonlyArray<{ readonly parts: number; readonly until: Effect.Effect<unknown> }>
  readonly cut: Cut | undefined
  /** Of the HTTP response that it pretends to be. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * What an answer consists of.
 *
 * @since 0.1.0
 * @category models
 */
export type Content =
  | { readonly _tag: "Told"; readonly told: Told }
  | { readonly _tag: "Parts"; readonly parts: ReadonlyArray<Part> }
  | {
      readonly _tag: "Stream"
      readonly opening: Effect.Effect<unknown, ProviderFailure>
      readonly parts: Stream.Stream<Response.StreamPartEncoded, AiError.AiError>
    }
  | { readonly _tag: "Failure"; readonly failure: ProviderFailure | ProviderFault }
  | { readonly _tag: "Hang" }

/**
 * Where an answer breaks, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cut {
  /** Parts with content that are still delivered. */
  readonly parts: number
  readonly ending: Ending
}

/**
 * How an answer breaks.
 *
 * @since 0.1.0
 * @category models
 */
export type Ending =
  | { readonly _tag: "Fail"; readonly failure: AiError.AiError | ProviderFault }
  | { readonly _tag: "ErrorPart"; readonly error: unknown }
  | { readonly _tag: "Truncate" }
  | { readonly _tag: "Hang" }

/** One part, and what it waits for. */
interface Step<P extends Part> {
  readonly wait: Effect.Effect<unknown> | undefined
  readonly part: P
}

/** All that is going to happen after the headers. */
export interface Course<P extends Part> {
  readonly steps: ReadonlyArray<Step<P>>
  readonly lastWait: Effect.Effect<unknown> | undefined
  readonly ending: Ending | undefined
}

const together = (waits: ReadonlyArray<Effect.Effect<unknown>>): Effect.Effect<unknown> | undefined =>
  waits.length === 0 ? undefined : Effect.all(waits, { discard: true })

const pause = (answer: Answer, delivered: number): ReadonlyArray<Effect.Effect<unknown>> => {
  const duration = delivered === 0 ? answer.delay : answer.between
  const held = answer.holds.filter(({ parts }) => parts === delivered).map(({ until }) => until)
  return Duration.isZero(duration) ? held : [Effect.sleep(duration), ...held]
}

const isDue = (cut: Cut | undefined, part: Part, delivered: number): boolean =>
  cut !== undefined && (part.type === "finish" || (delivered >= cut.parts && (delivered > 0 || isContent(part))))

/** What happens when an answer with these parts is streamed. */
export const course = <P extends Part>(answer: Answer, parts: ReadonlyArray<P>): Course<P> => {
  const steps: Array<Step<P>> = []
  let delivered = 0
  for (const part of parts) {
    const content = isContent(part)
    const waits = content || (part.type === "finish" && delivered === 0) ? pause(answer, delivered) : []
    // The wait before a break is that of the part which it takes the place of.
    if (isDue(answer.cut, part, delivered)) {
      return { steps, lastWait: together(pause(answer, delivered)), ending: answer.cut?.ending }
    }
    steps.push({ wait: together(waits), part })
    if (content) delivered++
  }
  return { steps, lastWait: undefined, ending: undefined }
}
