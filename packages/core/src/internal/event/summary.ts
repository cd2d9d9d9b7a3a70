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
  CallStarted: (event) => `${event.operation} call to ${name(event)}`,
  CallEnded: (event) => `call ${ending(event)}, with ${count(event.attempts, "attempt")}`,
  AttemptStarted: (event) => `attempt ${event.index}: ${name(event)}`,
  AttemptEnded: (event) => `attempt ${event.index}: ${name(event)} ${ending(event)}`,
  Refused: ({ error, policy }) => `${policy} refused: ${tagOf(error)}: ${messageOf(error)}`,
  RetryScheduled: (event) => `retrying ${name(event)} in ${time(event.delay)}`,
  HedgeStarted: ({ after, from, to }) => `hedging to ${name(to)}: ${name(from)} has sent nothing for ${time(after)}`,
  FallbackChosen: ({ from, to }) => `falling back from ${name(from)} to ${name(to)}`,
  CacheHit: (event) => `the cache answered in place of ${name(event)}`,
  CircuitChanged: ({ from, key, to }) => `the circuit of ${key} changed from ${phases[from]} to ${phases[to]}`,
  LimitTightened: (event) =>
    event.dimension === "all"
      ? `${event.key} asked for a pause of ${time(event.for)}`
      : `${event.key} has only ${event.remaining} ${event.dimension} left for ${time(event.for)}`,
  SharedStateUnavailable: ({ policy }) => `${policy} cannot reach its shared state`,
  SharedStateRecovered: ({ unavailableFor, policy }) =>
    `${policy} reached its shared state again after ${time(unavailableFor)}`,
}

const phases: Readonly<Record<Phase, string>> = {
  closed: "closed",
  ramping: "closed (traffic still growing)",
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
      const when = committed ? `after ${count(deliveredParts, "part")}` : `after ${time(duration)}`
      return `failed ${when}: ${tagOf(error)}: ${messageOf(error)}`
    },
    Interrupted: () => `was interrupted after ${time(duration)}`,
    Abandoned: () => `was closed by its reader after ${count(deliveredParts, "part")}`,
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
