/**
 * What telemetry adds to a call: a bare generate call, the same one through a provider of ours, and that one with all of it on: metrics
 * of every call, and the log and the traces of one in a hundred, as a busy service has them.
 */
import { Event } from "@holdfast/core"
import { Metrics, RequestLog, Telemetry } from "@holdfast/telemetry"
import { Context, Effect, Layer, Redacted, Tracer } from "effect"
import { LanguageModel } from "effect/ai"

import { type Contestant } from "./measure.ts"
import { models, plain } from "./models.ts"

const calls = 1_000

const prompt = "Why do ships float?"

/** One in so many is kept, of calls as of spans. */
const oneIn = 100

/** Decides at the root, as samplers do; what is made of a span that is kept goes nowhere. */
const sampling = (one: number): Tracer.Tracer => {
  let spans = 0
  return Tracer.make({
    span: (options) => Tracer.nativeTracer.span({ ...options, sampled: options.sampled && spans++ % one === 0 }),
  })
}

/** Many calls in one fiber, as a server would have them under one layer. */
const contestant = (model: LanguageModel.LanguageModel, context: Context.Context<never>): Contestant => {
  const one = Effect.ignore(model.generateText({ prompt }))
  const all = Effect.forEach(Array.from({ length: calls }), () => one, { discard: true }).pipe(
    Effect.provideContext(context),
  )
  return { run: () => Effect.runPromise(all), units: calls, runs: 1 }
}

const built = <A, E>(layer: Layer.Layer<A, E>, one = oneIn) =>
  Effect.map(Layer.build(layer), (context) =>
    Context.add(context as Context.Context<never>, Tracer.Tracer, sampling(one)),
  )

const log = { to: RequestLog.toNothing, hashKey: { name: "bench", secret: Redacted.make("secret") } }

export const telemetry = Effect.gen(function* () {
  const { bare } = yield* models
  const none = yield* Effect.map(Layer.build(plain("only")), (context) =>
    Context.get(context, LanguageModel.LanguageModel),
  )
  const nothing = yield* built(Layer.empty)
  return {
    bare: contestant(bare, nothing),
    none: contestant(none, nothing),
    events: contestant(none, yield* built(Event.layerSink(() => {}))),
    metrics: contestant(none, yield* built(Metrics.layer())),
    all: contestant(none, yield* built(Telemetry.layer({ log: { ...log, oneIn } }))),
    everything: contestant(none, yield* built(Telemetry.layer({ log }), 1)),
  }
})
