/**
 * The metrics of whole calls.
 */
import { type Event } from "@holdfast/core"
import { Duration } from "effect"

import { type Instruments } from "./instruments.ts"
import { other, Table, Values } from "./labels.ts"

/** Operations are few, but their names are open. */
const mostOperations = 20

export const calls = (instruments: Instruments, tenants: ReadonlySet<string> | undefined) => {
  const operations = new Values(mostOperations)
  const series = new Table(
    (operation) =>
      new Table(
        (outcome) =>
          new Table((tenant) => {
            const labels = { "gen_ai.operation.name": operation, ...(tenant !== "" && { tenant }) }
            return {
              count: instruments.counter("holdfast.calls", { ...labels, outcome }),
              duration: instruments.histogram("holdfast.call.duration", { ...labels, outcome }),
              firstPart: instruments.histogram("holdfast.call.time_to_first_part", { ...labels, outcome }),
            }
          }),
      ),
  )
  const wait = instruments.histogram("holdfast.queue.wait")
  const tenantOf = (tenant: string | undefined): string => {
    if (tenants === undefined || tenant === undefined) return ""
    return tenants.has(tenant) ? tenant : other
  }
  return ({ context, duration, operation, outcome, queueWait, timeToFirstPart }: Event.CallEnded): void => {
    const own = series.get(operations.of(operation)).get(outcome._tag).get(tenantOf(context.tenant))
    own.count.add(1)
    own.duration.add(Duration.toMillis(duration) / 1000)
    if (timeToFirstPart !== undefined) own.firstPart.add(Duration.toMillis(timeToFirstPart) / 1000)
    const waited = Duration.toMillis(queueWait)
    if (waited > 0) wait.add(waited / 1000)
  }
}
