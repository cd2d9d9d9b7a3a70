/**
 * The metrics of batch jobs and bulk runs.
 */
import { type BatchEvent } from "@holdfast/batch"
import { Duration } from "effect"

import { type Instruments } from "./instruments.ts"
import { Table } from "./labels.ts"

type Handlers = {
  readonly [Tag in BatchEvent.Event["_tag"]]: (event: Extract<BatchEvent.Event, { readonly _tag: Tag }>) => void
}

/** Labels that are bounded, as those of attempts are. */
interface Bounded {
  readonly sourceOf: (source: { readonly provider: string; readonly model: string }) => Readonly<Record<string, string>>
  readonly operationOf: (operation: string) => string
}

/** What is done with each event, by its tag. Jobs and items are none of the labels: there is no end of them. */
export const batches = (
  { counter, histogram }: Pick<Instruments, "counter" | "histogram">,
  { operationOf, sourceOf }: Bounded,
): Handlers => {
  const labelsOf = (source: BatchEvent.Source) => ({
    "gen_ai.operation.name": operationOf(source.operation),
    ...sourceOf(source),
  })
  const labelled = <A>(make: (labels: Record<string, string>) => A) => {
    const table = new Table((key) => make(JSON.parse(key) as Record<string, string>))
    return (labels: Record<string, string>) => table.get(JSON.stringify(labels))
  }
  const changes = labelled((labels) => counter("holdfast.batch.changes", labels))
  const items = labelled((labels) => counter("holdfast.batch.items", labels))
  const durations = labelled((labels) => histogram("holdfast.batch.duration", labels))
  const bulkItems = labelled((labels) => counter("holdfast.bulk.items", labels))
  return {
    BatchMoved: (event) => {
      const labels = labelsOf(event)
      changes({ ...labels, to: event.to }).add(1)
      if (event.took !== undefined) durations(labels).add(Duration.toSeconds(event.took))
    },
    BatchItemsEnded: (event) => items({ ...labelsOf(event), outcome: event.outcome }).add(event.count),
    BulkItemEnded: ({ mode, outcome }) => bulkItems({ mode, outcome }).add(1),
  }
}
