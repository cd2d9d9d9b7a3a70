/**
 * Nothing that this package writes has a prompt, an answer, a vendor's words or a key in it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deadline, Event, Fallback, Retry } from "@holdfast/core"
import { Budget, Ledger } from "@holdfast/cost"
import { VirtualTime } from "@holdfast/testing"
import { Effect, Exit, Layer, Logger, Redacted, Schedule, Stream, Tracer } from "effect"
import { LanguageModel } from "effect/ai"

import { Content, DecisionTrace, Explain, Prometheus, RequestLog, Summary, Telemetry, Traces } from "../src/index.ts"
import { chaotic, type EndedSpan, keeping, ownMetrics, prices, secretAnswer, secretPrompt } from "./chaotic.ts"

const key = "sk-test-0123456789-secret"

const model = chaotic({ seed: 5, failing: 0.5, delay: 300 }).pipe(
  Deadline.firstPart("2 seconds"),
  Retry.schedule(Schedule.recurs(1)),
  Fallback.to(
    chaotic({ seed: 6, provider: "anthropic", model: "claude-sonnet-5", failing: 0.5 }).pipe(
      Deadline.firstPart("2 seconds"),
    ),
  ),
  Budget.enforce({ name: "all", daily: "1000 USD" }),
)

const everything = Effect.gen(function* () {
  const outputs: Array<string> = []
  const lines: Array<RequestLog.Line> = []
  const traces: Array<DecisionTrace.DecisionTrace> = []
  const spans: Array<EndedSpan> = []
  const own = ownMetrics()
  const logger = Logger.make<unknown, void>(({ message }) => void outputs.push(`log ${show(message)}`))
  const hashKey = { name: "k", secret: Redacted.make(key) }
  const telemetry = Layer.mergeAll(
    Telemetry.layer({ log: { to: RequestLog.toLogger, hashKey } }),
    RequestLog.layer({ to: RequestLog.toArray(lines, { atMost: 10_000 }), hashKey }),
    DecisionTrace.layer({ to: DecisionTrace.toArray(traces, { atMost: 10_000 }) }),
  ).pipe(
    Layer.provide([own.layer, prices, Logger.layer([logger])]),
    Layer.provideMerge(Layer.provide(Traces.layerRedacted, Layer.succeed(Tracer.Tracer, keeping(spans)))),
  )
  const ask = (index: number): Effect.Effect<unknown, unknown, LanguageModel.LanguageModel> =>
    index % 2 === 0
      ? LanguageModel.generateText({ prompt: `${secretPrompt} ${index}` })
      : Stream.runDrain(LanguageModel.streamText({ prompt: `${secretPrompt} ${index}` }))
  yield* Effect.forEach(Array.from({ length: 200 }), (_, index) => Effect.ignore(ask(index)), {
    concurrency: 20,
    discard: true,
  }).pipe(
    (program) => Event.listen(program, (event) => void outputs.push(`event ${show(event)}`)),
    Effect.provide(Layer.provideMerge(model, Layer.mergeAll(telemetry, prices, Ledger.layerMemory()))),
  )
  outputs.push(...lines.map(RequestLog.toJson), Summary.toTable(Summary.of(lines)), Summary.toJson(Summary.of(lines)))
  outputs.push(...traces.map(DecisionTrace.toJson))
  for (const rows of traces.map(Explain.call)) outputs.push(Explain.toText(rows), Explain.toSvg(rows))
  outputs.push(yield* Effect.provide(Prometheus.format, own.layer))
  // No exporter looks at what an effect succeeded with.
  for (const { exit, parent: _, ...span } of spans) {
    outputs.push(`span ${show({ ...span, ...(Exit.isFailure(exit) && { exit }) })}`)
  }
  return { outputs, lines }
})

const show = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === "bigint") return String(each)
    if (each instanceof Map) return [...each]
    return each instanceof Error
      ? { fields: Object.entries(each), name: each.name, message: each.message, stack: each.stack }
      : each
  })

describe("no output", () => {
  it.effect("has a prompt, an answer or a key in it", () =>
    Effect.gen(function* () {
      const { lines, outputs } = yield* VirtualTime.run(everything, { seed: 1 })
      const ours = outputs.filter((output) => !output.startsWith("event "))
      assert.isAbove(ours.length, 1_000)
      assert.isAbove(lines.length, 400)
      for (const output of ours) {
        for (const secret of [secretPrompt, secretAnswer, key]) assert.notInclude(output, secret)
      }
    }),
  )

  it.effect("but what was asked for, after it was redacted", () =>
    Effect.gen(function* () {
      const kept: Array<Content.Content> = []
      const recorded = chaotic({ seed: 1, failing: 0 }).pipe(
        Content.record({
          redact: (content) =>
            content.tenant === "none"
              ? undefined
              : {
                  ...content,
                  prompt: content.prompt.replace(secretPrompt, "[prompt]"),
                  answer: content.answer.slice(0, 3),
                },
          to: (content) => void kept.push(content),
        }),
      )
      yield* Effect.provide(LanguageModel.generateText({ prompt: secretPrompt }), recorded)
      yield* Effect.provide(Stream.runDrain(LanguageModel.streamText({ prompt: secretPrompt })), recorded)
      assert.lengthOf(kept, 2)
      for (const { answer, prompt } of kept) {
        assert.strictEqual(answer, "the")
        assert.include(prompt, "[prompt]")
        assert.notInclude(prompt, secretPrompt)
      }
    }),
  )
})
