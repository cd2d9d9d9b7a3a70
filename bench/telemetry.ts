/**
 * What telemetry adds to a call: a bare generate call, the same one through a provider of ours, and that one with all of it on.
 */
import { Event } from "@holdfast/core"
import { Collector, Metrics, RequestLog, Telemetry, Traces } from "@holdfast/telemetry"
import { Context, Effect, Layer, Redacted } from "effect"
import { LanguageModel } from "effect/ai"

import { type Contestant } from "./measure.ts"
import { models, plain } from "./models.ts"

const calls = 2_000

const prompt = "Why do ships float?"

/** Many calls in one fiber, as a server would have them under one layer. */
const contestant = (model: LanguageModel.LanguageModel, context: Context.Context<never>): Contestant => {
  const one = Effect.ignore(model.generateText({ prompt }))
  const all = Effect.forEach(Array.from({ length: calls }), () => one, { discard: true }).pipe(
    Effect.provideContext(context),
  )
  return { run: () => Effect.runPromise(all), units: calls, runs: 1 }
}

/** Takes lines and forgets them: what a disk does is not measured here. */
const nowhere = RequestLog.toNothing

const context = <A, E>(layer: Layer.Layer<A, E>) => Layer.build(layer) as unknown as Effect.Effect<Context.Context<never>, E>

export const telemetry = Effect.gen(function* () {
  const { bare } = yield* models
  const none = yield* Effect.map(Layer.build(plain("only")), (built) => Context.get(built, LanguageModel.LanguageModel))
  const log = {
    to: nowhere,
    oneIn: 10,
    hashKey: { name: "bench", secret: Redacted.make("secret") },
  }
  const everyLine = { ...log, oneIn: 1 }
  const [plainContext, all, everything, metrics, traces, listened, collected] = yield* Effect.all([
    context(Layer.empty),
    context(Telemetry.layer({ log })),
    context(Telemetry.layer({ log: everyLine })),
    context(Metrics.layer()),
    context(Traces.layer()),
    context(Event.layerSink(() => {})),
    context(Collector.layer),
  ])
  return {
    bare: contestant(bare, plainContext),
    none: contestant(none, plainContext),
    listened: contestant(none, listened),
    collected: contestant(none, collected),
    metrics: contestant(none, metrics),
    traces: contestant(none, traces),
    all: contestant(none, all),
    everything: contestant(none, everything),
  }
})

