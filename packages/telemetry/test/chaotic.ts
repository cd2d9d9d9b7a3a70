/**
 * A provider that has a bad day by a seed, and what listens to calls of it.
 */
import { ResilientModel } from "@holdfast/core"
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import { type ProviderModel, type ProviderReply } from "@holdfast/core/provider/ProviderModel"
import { Price, PriceBook } from "@holdfast/cost"
import { Context, type Exit, Duration, Effect, Layer, Metric, type Option, Stream, Tracer } from "effect"
import { LanguageModel, type Response } from "effect/ai"

export const secretAnswer = "the-answer-nobody-may-see"
export const secretPrompt = "the-prompt-nobody-may-see"

/** Numbers from 0 to 1, the same for the same seed. */
export const chance = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Part = Response.StreamPartEncoded

const usageOf = (random: () => number): Response.FinishPartEncoded["usage"] => {
  const [cacheRead, cacheWrite, uncached] = [300, 200, 500].map((most) => Math.floor(random() * most)) as [
    number,
    number,
    number,
  ]
  const [reasoning, text] = [Math.floor(random() * 50), Math.floor(random() * 200)]
  return {
    inputTokens: { total: cacheRead + cacheWrite + uncached, uncached, cacheRead, cacheWrite },
    outputTokens: { total: reasoning + text, text, reasoning },
  }
}

export interface Weather {
  readonly provider?: string
  readonly model?: string
  readonly seed: number
  /** The share of attempts that end in some other way than well. */
  readonly failing?: number
  /** Milliseconds to the first part; up to twice as long. */
  readonly delay?: number
}

/** Fails in every way there is: before the answer, in it, after it, and by silence. */
export const chaotic = ({ delay = 0, failing = 0.4, model = "gpt-5.4", provider = "openai", seed }: Weather) => {
  const random = chance(seed)
  const origin: ProviderError.Origin = {
    module: "Chaotic",
    method: "model",
    provider,
    url: "https://chaotic.test",
    scrub: (text) => text,
  }
  const fault = (status: number, retryAfter?: number) =>
    ProviderError.fromFault(origin, {
      status,
      message: `no: ${secretPrompt}`,
      ...(retryAfter !== undefined && { retryAfter: Duration.millis(retryAfter) }),
    })
  const opened = <A>(reply: () => Effect.Effect<A, ReturnType<typeof fault>>) =>
    Effect.suspend(() => {
      const waits = delay * (0.5 + random() * 1.5)
      const kind = random() < failing ? Math.floor(random() * 4) : 9
      const after = <B, E>(self: Effect.Effect<B, E>) => (waits > 0 ? Effect.delay(self, waits) : self)
      if (kind === 0) return after(Effect.fail(fault(429, 10)))
      if (kind === 1) return after(Effect.fail(fault(529)))
      if (kind === 2) return after(Effect.fail(fault(400)))
      if (kind === 3) return Effect.never
      return after(reply())
    })
  const finish = (): Response.FinishPartEncoded => ({ type: "finish", reason: "stop", usage: usageOf(random) })
  const streamed = (): Stream.Stream<Part, ReturnType<typeof fault>> => {
    const content: ReadonlyArray<Part> = [
      { type: "response-metadata", id: "resp_1", modelId: `${model}-2026-10-01` },
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: secretAnswer },
    ]
    const draw = random()
    const pause = Stream.drain(Stream.fromEffect(Effect.sleep(delay * random())))
    const begins = delay > 0 ? Stream.concat(Stream.fromIterable(content), pause) : Stream.fromIterable(content)
    if (draw < failing / 4) return Stream.concat(begins, Stream.fail(fault(529)))
    if (draw < failing / 2) return begins
    return Stream.concat(begins, Stream.fromIterable<Part>([{ type: "text-end", id: "1" }, finish()]))
  }
  const made: ProviderModel = {
    provider,
    model,
    codecTransformer: LanguageModel.defaultCodecTransformer,
    generate: () =>
      opened(() =>
        Effect.sync((): ProviderReply<Array<Response.PartEncoded>> => ({
          headers: { "x-request-id": "req_1" },
          parts: [{ type: "text", text: secretAnswer }, finish()],
        })),
      ),
    stream: () => opened(() => Effect.sync(() => ({ headers: { "x-request-id": "req_1" }, parts: streamed() }))),
  }
  return ResilientModel.fromProvider(Effect.succeed(made), { name: "chaotic", settings: {} })
}

const priceOf = (provider: string, model: string) =>
  Price.make({
    provider,
    model,
    perMillion: { input: "$1.37", output: "$7.91", cacheRead: "$0.137", cacheWrite5m: "$1.71" },
    maxOutputTokens: 1_000,
    source: "made up",
    checkedOn: "2026-11-28",
  })

export const prices = Layer.succeed(
  PriceBook.PriceBook,
  PriceBook.make([priceOf("openai", "gpt-5.4"), priceOf("anthropic", "claude-sonnet-5")]),
)

/** Metrics of one test, apart from all others of the process. */
export const ownMetrics = () => {
  const registry: Metric.MetricRegistry = new Map()
  return {
    layer: Layer.succeed(Metric.MetricRegistry, registry),
    context: Context.make(Metric.MetricRegistry, registry),
    registry,
  }
}

export interface EndedSpan {
  readonly name: string
  readonly spanId: string
  readonly traceId: string
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly attributes: ReadonlyMap<string, unknown>
  readonly events: ReadonlyArray<readonly [string, bigint, Record<string, unknown>]>
  readonly startTime: bigint
  readonly endTime: bigint
  readonly exit: Exit.Exit<unknown, unknown>
}

/** A tracer that keeps what ends. */
export const keeping = (spans: Array<EndedSpan>): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      const span = Tracer.nativeTracer.span(options) as Tracer.NativeSpan
      const end = span.end.bind(span)
      return Object.assign(span, {
        end: (endTime: bigint, exit: Exit.Exit<unknown, unknown>) => {
          if (span.status._tag === "Ended") return
          const startTime = span.status.startTime
          end(endTime, exit)
          spans.push({
            name: span.name,
            spanId: span.spanId,
            traceId: span.traceId,
            parent: span.parent,
            attributes: span.attributes,
            events: span.events,
            startTime,
            endTime,
            exit,
          })
        },
      })
    },
  })
