import * as OtelTracer from "@effect/opentelemetry/OtelTracer"
import { assert, describe, it } from "@effect/vitest"
import { Deadline, Retry } from "@holdfast/core"
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Data, Effect, Layer, Schedule, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { Telemetry } from "../src/index.ts"
import { chaotic, prices, secretAnswer, secretPrompt } from "./chaotic.ts"
import { collector, spansIn } from "./collector.ts"

const model = chaotic({ seed: 5, failing: 0.5 }).pipe(
  Deadline.firstPart("20 millis"),
  Retry.schedule(Schedule.recurs(2)),
)

class NotGraded extends Data.TaggedError("NotGraded")<{ readonly message: string; readonly cause: unknown }> {}

class NotSaved extends Data.TaggedError("NotSaved")<{ readonly message: string }> {}

/** An error of `effect/ai` that quotes the answer, in one of the application's own that quotes it. */
const unreadable = LanguageModel.generateObject({
  prompt: secretPrompt,
  schema: Schema.Struct({ grade: Schema.Number }),
}).pipe(
  Effect.mapError((cause) => new NotGraded({ message: `cannot grade: ${String(cause)}`, cause })),
  Effect.withSpan("grade"),
  Effect.provide(chaotic({ seed: 5, failing: 0 })),
)

const broken = Effect.withSpan(Effect.fail(new NotSaved({ message: "the disk is full" })), "save")

const calls = Effect.forEach(
  Array.from({ length: 30 }),
  (_, index): Effect.Effect<void, never, LanguageModel.LanguageModel> =>
    index % 2 === 0
      ? Effect.ignore(LanguageModel.generateText({ prompt: secretPrompt }))
      : Effect.ignore(Stream.runDrain(LanguageModel.streamText({ prompt: secretPrompt }))),
  { concurrency: 5, discard: true },
).pipe(
  Effect.andThen(Effect.ignore(unreadable)),
  Effect.andThen(Effect.ignore(broken)),
  Effect.withSpan("request"),
  Effect.provide(model),
)

describe.each(["json", "protobuf"] as const)("a collector that is told in %s", (protocol) => {
  it.live("gets a span of each attempt under the operation of effect/ai, in one trace", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector
      const telemetry = Telemetry.layer().pipe(
        Layer.provideMerge(Telemetry.otlp({ baseUrl: url, protocol, resource: { serviceName: "app" } })),
        Layer.provide(prices),
      )
      yield* Effect.provide(calls, telemetry)
      const spans = received.filter(({ path }) => path === "/v1/traces").flatMap(spansIn)
      const operations = new Map(
        spans.filter(({ name }) => name.startsWith("LanguageModel.")).map((each) => [each.spanId, each]),
      )
      const attempts = spans.filter(({ attributes }) => attributes["holdfast.attempt.id"] !== undefined)
      assert.strictEqual(operations.size, 31)
      assert.isAbove(attempts.length, 30)
      for (const { attributes, name, parentSpanId, statusCode, traceId } of attempts) {
        const operation = operations.get(parentSpanId)
        assert.strictEqual(operation?.traceId, traceId)
        assert.strictEqual(name, "chat gpt-5.4")
        assert.strictEqual(attributes["gen_ai.operation.name"], "chat")
        assert.strictEqual(attributes["gen_ai.provider.name"], "openai")
        assert.strictEqual(statusCode === 2, attributes["error.type"] !== undefined)
        if (attributes["holdfast.attempt.outcome"] !== "Completed") continue
        assert.deepStrictEqual(attributes["gen_ai.response.finish_reasons"], ["stop"])
        assert.isNumber(attributes["gen_ai.usage.cache_read.input_tokens"])
      }
      const events = [...operations.values()].flatMap((each) => each.events)
      assert.include(events, "holdfast.retry")
      const metrics = received.filter(({ path }) => path === "/v1/metrics").map(({ body }) => body.toString("latin1"))
      assert.include(metrics.join(""), "gen_ai.client.inference.duration")
      const all = received.map(({ body }) => body.toString("latin1")).join("")
      for (const secret of [secretPrompt, secretAnswer]) assert.notInclude(all, secret)
      // What is no model's error is told whole.
      for (const told of ["StructuredOutputError", "the disk is full"]) assert.include(all, told)
    }).pipe(Effect.scoped),
  )
})

it.live("OpenTelemetry's own SDK gets the same spans", () =>
  Effect.gen(function* () {
    const exporter = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
    const tracer = OtelTracer.layer.pipe(Layer.provide(Layer.succeed(OtelTracer.OtelTracerProvider, provider)))
    yield* Effect.provide(calls, Telemetry.layer().pipe(Layer.provideMerge(tracer), Layer.provide(prices)))
    const spans = exporter.getFinishedSpans()
    const operations = new Map(
      spans.flatMap((span) => (span.name.startsWith("LanguageModel.") ? [[span.spanContext().spanId, span]] : [])),
    )
    const attempts = spans.filter(({ attributes }) => attributes["holdfast.attempt.id"] !== undefined)
    assert.strictEqual(operations.size, 31)
    assert.isAbove(attempts.length, 30)
    for (const attempt of attempts) {
      const operation = operations.get(attempt.parentSpanContext?.spanId ?? "")
      assert.strictEqual(operation?.spanContext().traceId, attempt.spanContext().traceId)
      assert.isDefined(operation?.attributes["holdfast.cost.usd"])
      const { code }: { readonly code: number } = attempt.status
      assert.strictEqual(code === 2, attempt.attributes["error.type"] !== undefined)
    }
  }),
)
