/**
 * What is counted of batch jobs and bulk runs.
 */
import { assert, describe, it } from "@effect/vitest"
import { BatchEvent, Bulk } from "@holdfast/batch"
import { Event } from "@holdfast/core"
import { ScriptedModel } from "@holdfast/testing"
import { Duration, Effect, Layer, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { Metrics, Prometheus } from "../src/index.ts"
import { ownMetrics, prices } from "./chaotic.ts"

/** The samples of batches and bulk runs after an effect, without those of buckets. */
const samplesOf = (self: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const { layer } = ownMetrics()
    yield* Effect.provide(self, Metrics.layer().pipe(Layer.provide([layer, prices])))
    const text = yield* Effect.provide(Prometheus.format, layer)
    return text.split("\n").filter((line) => /^holdfast_(?:batch|bulk)_/.test(line) && !line.includes("_bucket"))
  })

const source = { job: "nightly", operation: "embeddings", provider: "openai", model: "text-embedding-3-small" }

const labels =
  'gen_ai_operation_name="embeddings",gen_ai_provider_name="openai",gen_ai_request_model="text-embedding-3-small"'

describe("the metrics of batches", () => {
  it.effect("count items by what became of them, batches by their states, and how long they took", () =>
    Effect.gen(function* () {
      const told: ReadonlyArray<BatchEvent.Event> = [
        { _tag: "BatchMoved", ...source, piece: 0, to: "submitted", took: undefined },
        { _tag: "BatchMoved", ...source, piece: 1, to: "submitted", took: undefined },
        { _tag: "BatchItemsEnded", ...source, outcome: "succeeded", count: 250 },
        { _tag: "BatchItemsEnded", ...source, outcome: "succeeded", count: 50 },
        { _tag: "BatchItemsEnded", ...source, outcome: "expired", count: 2 },
        { _tag: "BatchMoved", ...source, piece: 0, to: "ended", took: Duration.minutes(90) },
      ]
      const samples = yield* samplesOf(Effect.forEach(told, (event) => BatchEvent.emit(() => event)))
      assert.sameMembers(samples, [
        `holdfast_batch_changes_total{${labels},to="submitted"} 2`,
        `holdfast_batch_changes_total{${labels},to="ended"} 1`,
        `holdfast_batch_items_total{${labels},outcome="succeeded"} 300`,
        `holdfast_batch_items_total{${labels},outcome="expired"} 2`,
        `holdfast_batch_duration_seconds_sum{${labels}} 5400`,
        `holdfast_batch_duration_seconds_count{${labels}} 1`,
      ])
    }),
  )

  it.effect("have no more series than models have", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 1_000 }, (_, index) => `model-${index}`)
      const samples = yield* samplesOf(
        Effect.forEach(many, (model) =>
          BatchEvent.emit(() => ({ _tag: "BatchItemsEnded", ...source, model, outcome: "succeeded", count: 1 })),
        ),
      )
      assert.strictEqual(samples.length, 201)
      const others = samples.find((sample) => sample.includes('gen_ai_request_model="other"'))
      assert.match(others ?? "", /outcome="succeeded"\} 800$/)
    }),
  )

  it.effect("count the items of a bulk run by mode and by how they ended", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(
        ScriptedModel.text("one"),
        ScriptedModel.text("two"),
        ScriptedModel.overloaded(),
      )
      const run = Bulk.runInOrder(["1", "2", "3"], {
        model,
        id: (question) => question,
        window: 1,
        ask: (prompt) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text),
      })
      let events = 0
      const heard = Event.listen(Stream.runDrain(run), ({ _tag }) => {
        if (_tag === "BulkItemEnded") events++
      })
      assert.sameMembers(yield* samplesOf(heard), [
        'holdfast_bulk_items_total{mode="live",outcome="succeeded"} 2',
        'holdfast_bulk_items_total{mode="live",outcome="failed"} 1',
      ])
      assert.strictEqual(events, 3)
    }),
  )
})
