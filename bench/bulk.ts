/**
 * Two thousand items through one stack: by `Effect.forEach` alone, by a bulk run, and by one that keeps a journal.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeFileSystem } from "@effect/platform-node"
import { Bulk, Journal } from "@holdfast/batch"
import { Resilience } from "@holdfast/core"
import { ScriptedModel } from "@holdfast/testing"
import { Effect, Layer, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { type Contestants } from "./measure.ts"

const items = Array.from({ length: 2_000 }, (_, index) => `item ${index}`)

const ask = (prompt: string) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)

const window = 64

export const bulk: Effect.Effect<Contestants<"forEach" | "run" | "journal">> = Effect.gen(function* () {
  const scripted = yield* ScriptedModel.make()
  const answers = scripted.respond(() => ScriptedModel.text("positive", { usage: { input: 20, output: 1 } }))
  // The record of requests is emptied before each round.
  const fresh = Effect.andThen(scripted.reset, answers)
  const model = scripted.model.pipe(Resilience.standard())
  const options = { model, ask, window, id: (item: string) => item }
  const forEach = Effect.scoped(
    Effect.flatMap(Layer.build(model), (context) =>
      Effect.provideContext(Effect.forEach(items, ask, { concurrency: window, discard: true }), context),
    ),
  )
  const journaled = Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "bulk-"))),
    (folder) =>
      Stream.runDrain(Bulk.run(items, { ...options, journal: Journal.file(join(folder, "out"), Schema.String) })),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  ).pipe(Effect.provide(NodeFileSystem.layer))
  const contestant = <A, E>(self: Effect.Effect<A, E>) => ({
    run: () => Effect.runPromise(Effect.andThen(fresh, self)),
    units: items.length,
    runs: 1,
  })
  return {
    forEach: contestant(forEach),
    run: contestant(Stream.runDrain(Bulk.run(items, options))),
    journal: contestant(journaled),
  }
})
