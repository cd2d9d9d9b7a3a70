/**
 * A receiver that does with spans what Langfuse's documents say that it does: https://langfuse.com/integrations/native/opentelemetry
 */
import { assert, describe, it } from "@effect/vitest"
import { Deadline, RequestContext, Retry } from "@holdfast/core"
import { ConfigProvider, Effect, Layer, Redacted, Schedule, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { type CallTrace, Collector, Langfuse, Telemetry } from "../src/index.ts"
import { chaotic, prices, secretAnswer, secretPrompt } from "./chaotic.ts"
import { collector, type Span, spansIn } from "./collector.ts"

interface Observation {
  readonly id: string
  readonly parent: string
  readonly traceId: string
  readonly type: string
  readonly model: string | undefined
  readonly usage: Readonly<Record<string, number>>
  readonly cost: Readonly<Record<string, number>>
  readonly session: unknown
  readonly user: unknown
  readonly level: string
}

const attribute = ({ attributes }: Span, ...names: ReadonlyArray<string>): string | undefined => {
  for (const name of names) if (attributes[name] !== undefined) return attributes[name] as string
  return undefined
}

/** Usage: the details, else every `gen_ai.usage.` by its own name. Cost: the details, else `gen_ai.usage.cost`. */
const observed = (span: Span): Observation => {
  const details = attribute(span, "langfuse.observation.usage_details")
  const costs = attribute(span, "langfuse.observation.cost_details")
  const plain = Object.entries(span.attributes).flatMap(([name, value]) =>
    name.startsWith("gen_ai.usage.") ? [[name.slice("gen_ai.usage.".length), Number(value)] as const] : [],
  )
  return {
    id: span.spanId,
    parent: span.parentSpanId,
    traceId: span.traceId,
    type: attribute(span, "langfuse.observation.type") ?? "span",
    model: attribute(span, "langfuse.observation.model.name", "gen_ai.response.model", "gen_ai.request.model"),
    usage: details === undefined ? Object.fromEntries(plain) : (JSON.parse(details) as Record<string, number>),
    cost: costs === undefined ? {} : (JSON.parse(costs) as Record<string, number>),
    session: attribute(span, "langfuse.session.id", "session.id"),
    user: attribute(span, "langfuse.user.id", "user.id"),
    level: attribute(span, "langfuse.observation.level") ?? "DEFAULT",
  }
}

const withoutTotal = (details: Readonly<Record<string, number>>): number =>
  Object.entries(details).reduce((sum, [name, value]) => (name === "total" ? sum : sum + value), 0)

const picodollars = (dollars: number): bigint => BigInt(Math.round(dollars * 1e12))

const model = chaotic({ seed: 11, failing: 0.5 }).pipe(
  Deadline.firstPart("20 millis"),
  Retry.schedule(Schedule.recurs(1)),
)

const calls = 60

const run = (protocol: "json" | "protobuf") =>
  Effect.gen(function* () {
    const { received, url } = yield* collector
    const traces: Array<CallTrace.CallTrace> = []
    const layer = Layer.merge(
      Telemetry.langfuse({
        publicKey: "pk-lf-1",
        secretKey: Redacted.make("sk-lf-secret"),
        baseUrl: `${url}/`,
        environment: "staging",
        protocol,
      }),
      Collector.consuming(Effect.succeed({ call: (trace) => void traces.push(trace) })),
    ).pipe(Layer.provide(prices))
    const one = (index: number) => {
      const call: Effect.Effect<unknown, unknown, LanguageModel.LanguageModel> =
        index % 2 === 0
          ? LanguageModel.generateText({ prompt: secretPrompt })
          : Stream.runDrain(LanguageModel.streamText({ prompt: secretPrompt }))
      return Effect.ignore(
        RequestContext.annotate(call, {
          session: `s-${index % 3}`,
          user: `u-${index % 5}`,
          tags: { feature: "search" },
        }),
      )
    }
    yield* Effect.forEach(Array.from({ length: calls }), (_, index) => one(index), { concurrency: 10 }).pipe(
      Effect.provide(Layer.provideMerge(model, layer)),
    )
    return { received, traces, spans: received.flatMap(spansIn) }
  }).pipe(Effect.scoped)

describe.each(["json", "protobuf"] as const)("Langfuse, told in %s", (protocol) => {
  it.live("adds up to the exact tokens and costs", () =>
    Effect.gen(function* () {
      const { spans, traces } = yield* run(protocol)
      const observations = spans.map(observed)
      const generations = observations.filter(({ type }) => type === "generation")
      const attempts = traces.flatMap((trace) => trace.attempts)
      assert.lengthOf(generations, attempts.length)
      assert.isAbove(attempts.length, calls)
      const expected = { tokens: 0, cost: 0n }
      for (const { attempt, charge } of attempts) {
        expected.tokens += (attempt.usage?.inputTokens.total ?? 0) + (attempt.usage?.outputTokens.total ?? 0)
        expected.cost += charge.cost
      }
      assert.isAbove(expected.tokens, 0)
      // Exclusive: the classes add up to what is stated as the total, and that to what was used.
      assert.strictEqual(
        generations.reduce((sum, { usage }) => sum + withoutTotal(usage), 0),
        expected.tokens,
      )
      assert.strictEqual(
        generations.reduce((sum, { usage }) => sum + (usage["total"] ?? 0), 0),
        expected.tokens,
      )
      const total = generations.reduce((sum, { cost }) => sum + picodollars(cost["total"] ?? 0), 0n)
      assert.strictEqual(total, expected.cost)
      for (const { cost, usage } of generations) {
        if (Object.keys(usage).length === 0) continue
        assert.strictEqual(picodollars(withoutTotal(cost)), picodollars(cost["total"] ?? 0))
        for (const name of Object.keys(cost)) assert.isDefined(usage[name], `a cost of ${name} without tokens`)
      }
    }),
  )

  it.live("has each generation under its call, with session, user and level", () =>
    Effect.gen(function* () {
      const { received, spans, traces } = yield* run(protocol)
      const observations = spans.map(observed)
      const operations = new Map(observations.flatMap((each) => (each.type === "span" ? [[each.id, each]] : [])))
      assert.strictEqual(operations.size, traces.length)
      for (const { level, model: name, parent, session, traceId, type, user } of observations) {
        assert.match(String(session), /^s-\d$/)
        assert.match(String(user), /^u-\d$/)
        if (type !== "generation") assert.strictEqual(parent, "")
        else {
          assert.strictEqual(operations.get(parent)?.traceId, traceId)
          assert.match(String(name), /^gpt-5\.4/)
        }
        assert.include(["DEFAULT", "ERROR"], level)
      }
      const [first] = received
      assert.strictEqual(first?.path, "/api/public/otel/v1/traces")
      assert.strictEqual(first?.headers["authorization"], `Basic ${btoa("pk-lf-1:sk-lf-secret")}`)
      assert.strictEqual(first?.headers["x-langfuse-ingestion-version"], "4")
      const all = Buffer.concat(received.map(({ body }) => body)).toString("latin1")
      for (const secret of [secretPrompt, secretAnswer, "sk-lf-secret"]) assert.notInclude(all, secret)
    }),
  )
})

it.live("Langfuse takes its keys from where Langfuse's own SDKs do", () =>
  Effect.gen(function* () {
    const { received, url } = yield* collector
    const environment = ConfigProvider.layer(
      ConfigProvider.fromUnknown({ LANGFUSE_PUBLIC_KEY: "pk", LANGFUSE_SECRET_KEY: "sk", LANGFUSE_BASE_URL: url }),
    )
    yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
      Effect.provide(
        Layer.provideMerge(chaotic({ seed: 1, failing: 0 }), Langfuse.layerConfig().pipe(Layer.provide(environment))),
      ),
    )
    assert.strictEqual(received[0]?.headers["authorization"], `Basic ${btoa("pk:sk")}`)
  }),
)
