/**
 * Log, metrics, spans and ledger are four ways to say the same. After many calls on a bad day they agree on every attempt, token and
 * picodollar.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deadline, Fallback, Hedge, RequestContext, Retry } from "@holdfast/core"
import { Budget, Ledger, Money } from "@holdfast/cost"
import { VirtualTime } from "@holdfast/testing"
import { Effect, Layer, Metric, Schedule, Stream, Tracer } from "effect"
import { LanguageModel } from "effect/ai"

import { Collector, type CallTrace, RequestLog, Telemetry } from "../src/index.ts"
import { chaotic, type EndedSpan, keeping, ownMetrics, prices } from "./chaotic.ts"

const calls = 10_000

const stack = (seed: number) =>
  chaotic({ seed, delay: 800 }).pipe(
    Deadline.firstPart("3 seconds"),
    Hedge.after("1 second"),
    Retry.schedule(Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 2 }))),
    Fallback.to(
      chaotic({ seed: seed + 1, provider: "anthropic", model: "claude-sonnet-5", delay: 500 }).pipe(
        Deadline.firstPart("3 seconds"),
      ),
    ),
    Budget.enforce({ name: "all", daily: "100000 USD" }),
  )

const everything = Effect.gen(function* () {
  const [lines, spans, traces]: [Array<RequestLog.Line>, Array<EndedSpan>, Array<CallTrace.CallTrace>] = [[], [], []]
  const metrics = ownMetrics()
  const telemetry = Layer.mergeAll(
    Telemetry.layer({ log: { to: RequestLog.toArray(lines, { atMost: 1_000_000 }), capacity: 1_000_000 } }),
    Collector.consuming(Effect.succeed({ call: (trace) => void traces.push(trace) })),
  ).pipe(Layer.provide([metrics.layer, prices]), Layer.provideMerge(Layer.succeed(Tracer.Tracer, keeping(spans))))
  const model = stack(7)
  const one = (index: number) => {
    const call: Effect.Effect<unknown, unknown, LanguageModel.LanguageModel> =
      index % 2 === 0
        ? LanguageModel.generateText({ prompt: "hi" })
        : Stream.runDrain(
            index % 20 === 1
              ? Stream.take(LanguageModel.streamText({ prompt: "hi" }), 1)
              : LanguageModel.streamText({ prompt: "hi" }),
          )
    return Effect.ignore(RequestContext.annotate(call, { tenant: `tenant-${index % 7}` }))
  }
  const entries = yield* Effect.gen(function* () {
    yield* Effect.forEach(Array.from({ length: calls }), (_, index) => one(index), {
      concurrency: 200,
      discard: true,
    }).pipe(Effect.provide(model))
    assert.strictEqual(yield* Effect.flatMap(Collector.Collector, ({ open }) => open), 0)
    return yield* Effect.flatMap(Ledger.Ledger, (ledger) => Stream.runCollect(ledger.entries()))
  }).pipe(Effect.provide(Layer.mergeAll(telemetry, prices, Ledger.layerMemory({ keep: 1_000_000 }))))
  return { lines, spans, traces, entries, snapshot: Metric.snapshotUnsafe(metrics.context) }
})

const sum = <A>(all: ReadonlyArray<A>, of: (value: A) => number | undefined): number =>
  all.reduce((total, each) => total + (of(each) ?? 0), 0)

const picodollars = (dollars: unknown): bigint => BigInt(Math.round(Number(dollars) * 1e12))

const counted = (snapshot: ReadonlyArray<Metric.Metric.Snapshot>, id: string): bigint => {
  let total = 0n
  for (const metric of snapshot) {
    if (metric.id === id && metric.type === "Counter") total += BigInt(metric.state.count)
    if (metric.id === id && metric.type === "Histogram") total += BigInt(metric.state.count)
  }
  return total
}

describe("after a bad day", async () => {
  const day = await Effect.runPromise(Effect.scoped(VirtualTime.run(everything, { seed: 3 })))

  it("log, metrics, spans and ledger agree on attempts, tokens and money", () => {
    const { entries, lines, snapshot, spans, traces } = day
    const settled = entries.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : []))
    const attempts = lines.filter(({ line }) => line === "attempt")
    const attemptSpans = spans.filter(({ attributes }) => attributes.has("holdfast.attempt.id"))

    assert.strictEqual(traces.length, calls)
    assert.strictEqual(lines.length - attempts.length, calls)
    assert.isAbove(settled.length, calls)
    assert.deepStrictEqual(
      attempts.map(({ attemptId }) => String(attemptId)).toSorted(),
      settled.map(({ subject }) => subject.attempt).toSorted(),
    )
    assert.deepStrictEqual(
      attemptSpans.map(({ attributes }) => String(attributes.get("holdfast.attempt.id"))).toSorted(),
      settled.map(({ subject }) => subject.attempt).toSorted(),
    )
    assert.strictEqual(counted(snapshot, "holdfast.attempts"), BigInt(settled.length))
    assert.strictEqual(counted(snapshot, "gen_ai.client.inference.duration"), BigInt(settled.length))

    const tokens = { input: "input_tokens", output: "output_tokens", cacheRead: "cache_read.input_tokens" } as const
    for (const [name, convention] of Object.entries(tokens) as Array<[keyof typeof tokens, string]>) {
      const total = sum(attempts, (line) => line.tokens[name])
      assert.isAbove(total, 0)
      assert.strictEqual(counted(snapshot, `gen_ai.client.inference.usage.${convention}`), BigInt(total))
      assert.strictEqual(
        sum(attemptSpans, ({ attributes }) => attributes.get(`gen_ai.usage.${convention}`) as number | undefined),
        total,
      )
    }
    assert.strictEqual(
      sum(attempts, ({ tokens: { input = 0, output = 0 } }) => input + output),
      sum(settled, (settlement) => sum(Object.values(settlement.tokens), (count) => count)),
    )

    const money = Money.sum(settled.map(({ cost }) => cost))
    assert.isTrue(money > 0n)
    assert.strictEqual(Money.sum(attempts.map(({ cost }) => cost)), money)
    assert.strictEqual(Money.sum(lines.flatMap(({ cost, line }) => (line === "call" ? [cost] : []))), money)
    assert.strictEqual(counted(snapshot, "holdfast.cost.picodollars"), BigInt(money))
    assert.strictEqual(
      attemptSpans.reduce((total, { attributes }) => total + picodollars(attributes.get("holdfast.cost.usd")), 0n),
      BigInt(money),
    )
    // The day was as bad as it should be.
    assert.deepStrictEqual([...new Set(attempts.map(({ outcome }) => outcome))].toSorted(), [
      "Abandoned",
      "Completed",
      "Failed",
      "Interrupted",
    ])
    assert.isAbove(Number(counted(snapshot, "holdfast.hedges")), 100)
    assert.isAbove(Number(counted(snapshot, "holdfast.fallbacks")), 100)
  })

  it("the spans of attempts lie in that of their call, which has what was decided", () => {
    const { spans } = day
    const operations = new Map(
      spans.filter(({ attributes }) => attributes.has("holdfast.attempts")).map((span) => [span.spanId, span]),
    )
    let decided = 0
    for (const span of spans) {
      decided += span.events.filter(([name]) => name.startsWith("holdfast.")).length
      if (!span.attributes.has("holdfast.attempt.id")) continue
      const parent = span.parent._tag === "Some" ? operations.get(span.parent.value.spanId) : undefined
      if (parent === undefined) return assert.fail("an attempt without its call")
      assert.strictEqual(span.traceId, parent.traceId)
      assert.isTrue(span.startTime >= parent.startTime - 1_000n, `${span.startTime} ${parent.startTime}`)
      assert.isTrue(span.endTime <= parent.endTime + 1_000n, `${span.endTime} ${parent.endTime}`)
    }
    assert.isAbove(decided, calls / 2)
  })
})
