/**
 * What the attempts of a run amount to, per model.
 */
import { type Attempt, type Event, Failure } from "@holdfast/core"
import { Duration } from "effect"

interface Row {
  readonly calls: Set<string>
  attempts: number
  retries: number
  fallbacks: number
  readonly failures: Map<string, number>
  readonly tokens: { input: number; cached: number; output: number; reasoning: number }
  readonly firstPart: Array<number>
  readonly latency: Array<number>
}

export class Tally {
  readonly rows = new Map<string, Row>()

  readonly sink = (event: Event.Event): void => {
    switch (event._tag) {
      case "AttemptStarted":
        this.row(event.model).calls.add(event.spanId)
        return
      case "AttemptEnded":
        this.ended(event)
        return
      case "RetryScheduled":
        this.row(event.model).retries++
        return
      case "FallbackChosen":
        this.row(event.from.model).fallbacks++
    }
  }

  private row(model: string): Row {
    const known = this.rows.get(model)
    if (known !== undefined) return known
    const row: Row = {
      calls: new Set(),
      attempts: 0,
      retries: 0,
      fallbacks: 0,
      failures: new Map(),
      tokens: { input: 0, cached: 0, output: 0, reasoning: 0 },
      firstPart: [],
      latency: [],
    }
    this.rows.set(model, row)
    return row
  }

  private ended({ duration, model, outcome, timeToFirstPart, usage }: Attempt.Attempt): void {
    const row = this.row(model)
    row.attempts++
    if (outcome._tag !== "Completed") {
      const tag = outcome._tag === "Failed" ? Failure.tagOf(outcome.error) : outcome._tag
      row.failures.set(tag, (row.failures.get(tag) ?? 0) + 1)
    } else {
      row.latency.push(Duration.toMillis(duration))
    }
    if (timeToFirstPart !== undefined) row.firstPart.push(Duration.toMillis(timeToFirstPart))
    row.tokens.input += usage?.inputTokens.total ?? 0
    row.tokens.cached += usage?.inputTokens.cacheRead ?? 0
    row.tokens.output += usage?.outputTokens.total ?? 0
    row.tokens.reasoning += usage?.outputTokens.reasoning ?? 0
  }

  /** A header, and a row for each model. */
  table(): ReadonlyArray<ReadonlyArray<string>> {
    return [header, ...[...this.rows].map(([model, row]) => cells(model, row))]
  }

  /** How often each model failed, by tag. */
  failures(): ReadonlyArray<string> {
    return [...this.rows].map(([model, { failures }]) => {
      const counts = [...failures].toSorted(([, a], [, b]) => b - a).map(([tag, count]) => `${count} ${tag}`)
      return `${model}: ${counts.length === 0 ? "none" : counts.join(", ")}`
    })
  }
}

const header =
  "model,calls,attempts,retries,fallbacks,failures,input,cached,output,reasoning,first part p50,p95,latency p50,p95".split(
    ",",
  )

const cells = (model: string, row: Row): ReadonlyArray<string> => {
  const counts = [row.calls.size, row.attempts, row.retries, row.fallbacks, sum([...row.failures.values()])]
  const times = [row.firstPart, row.latency].flatMap((values) => [quantile(values, 0.5), quantile(values, 0.95)])
  return [model, ...counts.map(String), ...Object.values(row.tokens).map(String), ...times.map(millis)]
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

const millis = (value: number | undefined): string => (value === undefined ? "-" : `${Math.round(value)} ms`)

/** The value that a share of the others does not exceed (nearest rank). */
const quantile = (values: ReadonlyArray<number>, share: number): number | undefined =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)]
