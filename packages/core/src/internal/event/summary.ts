import { Duration, Match } from "effect"
import { type Response } from "effect/ai"

import { messageOf, tagOf } from "../../Failure.ts"
import { type Phase } from "../breaker/state.ts"
import { type Attempt } from "../call/types.ts"
import { type CoreEvent } from "./types.ts"

/** One line about an event, for people. Events that are not known here have their tag. */
export const summaryOf = (event: { readonly _tag: string }): string => {
  const line = (lines as { readonly [tag: string]: ((event: never) => string) | undefined })[event._tag]
  return line === undefined ? event._tag : line(event as never)
}

const lines: { readonly [Tag in CoreEvent["_tag"]]: (event: Extract<CoreEvent, { readonly _tag: Tag }>) => string } = {
  CallStarted: (event) => `call for ${event.operation} to ${name(event)}`,
  CallEnded: (event) => `call ${ending(event)}, with ${count(event.attempts, "attempt")}`,
  AttemptStarted: (event) => `attempt ${event.index}: ${name(event)}`,
  AttemptEnded: (event) => `attempt ${event.index}: ${name(event)} ${ending(event)}`,
  Refused: ({ error, policy }) => `${policy} refused: ${tagOf(error)}: ${messageOf(error)}`,
  RetryScheduled: (event) => `${name(event)} again in ${time(event.delay)}`,
  HedgeStarted: ({ after, from, to }) => `${name(to)} beside ${name(from)}, which is silent for ${time(after)}`,
  FallbackChosen: ({ from, to }) => `${name(to)} instead of ${name(from)}`,
  CacheHit: (event) => `${name(event)} need not be asked: its answer is in the cache`,
  CircuitChanged: ({ from, key, to }) => `the circuit of ${key} was ${phases[from]} and is ${phases[to]}`,
  LimitTightened: (event) =>
    event.dimension === "all"
      ? `${event.key} is to be left alone for ${time(event.for)}`
      : `${event.key} has ${event.remaining} ${event.dimension} left for ${time(event.for)}`,
  SharedStateUnavailable: ({ policy }) => `${policy} has lost its shared state`,
  SharedStateRecovered: ({ unavailableFor, policy }) =>
    `${policy} has its shared state again after ${time(unavailableFor)}`,
}

const phases: Readonly<Record<Phase, string>> = {
  closed: "closed",
  ramping: "closed with traffic growing",
  open: "open",
  halfOpen: "half-open",
}

const name = ({ model, provider }: { readonly model: string; readonly provider: string }): string =>
  `${model} of ${provider}`

interface Ended extends Pick<Attempt, "deliveredParts" | "duration" | "outcome"> {
  readonly usage?: Attempt["usage"]
}

const ending = ({ deliveredParts, duration, outcome, usage }: Ended): string =>
  Match.valueTags(outcome, {
    Completed: () => `answered in ${time(duration)}${tokens(usage)}`,
    Failed: ({ committed, error }) => {
      const when = committed ? `after ${deliveredParts} parts` : `after ${time(duration)}`
      return `failed ${when}: ${tagOf(error)}: ${messageOf(error)}`
    },
    Interrupted: () => `was given up after ${time(duration)}`,
    Abandoned: () => `was closed after ${deliveredParts} parts`,
  })

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`

const time = (duration: Duration.Duration): string => {
  const millis = Duration.toMillis(duration)
  return millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`
}

const tokens = (usage: Response.FinishPartEncoded["usage"] | undefined): string => {
  const input = usage?.inputTokens.total
  const output = usage?.outputTokens.total
  return input === undefined || output === undefined ? "" : `, ${input} tokens in, ${output} out`
}
