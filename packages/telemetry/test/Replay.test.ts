import { assert, describe, it } from "@effect/vitest"
import { Breaker, Deadline, Fallback, Hedge, RequestContext, Retry } from "@holdfast/core"
import { VirtualTime } from "@holdfast/testing"
import { Effect, Layer, Schedule, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { DecisionTrace } from "../src/index.ts"
import * as Replay from "../src/Replay.ts"
import { chaotic, prices } from "./chaotic.ts"

const seeds = [9, 21, 33] as const

const [seed] = seeds

/** The stack that ran when the recording was made. */
const ran = (model: Replay.Models) =>
  model("openai", "gpt-5.4").pipe(
    Deadline.firstPart("3 seconds"),
    Breaker.guard({ trip: { consecutiveFailures: 4 } }),
    Retry.schedule(Schedule.exponential("200 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 2 }))),
    Hedge.after("1500 millis"),
    Fallback.to(model("anthropic", "claude-sonnet-5").pipe(Deadline.firstPart("3 seconds"))),
  )

const real: Replay.Models = (provider, model) =>
  chaotic({ seed: 5, provider, model, delay: provider === "openai" ? 900 : 500, failing: 0.35 })

/** A hundred calls in a second and a half, each of its own kind. */
const recordedWith = (chosen: number) =>
  Effect.suspend(() => {
    const traces: Array<DecisionTrace.DecisionTrace> = []
    const one = (index: number) => {
      const call: Effect.Effect<unknown, unknown, LanguageModel.LanguageModel> =
        index % 3 === 0
          ? LanguageModel.generateText({ prompt: `question ${index}` })
          : Stream.runDrain(
              index % 3 === 1
                ? LanguageModel.streamText({ prompt: `question ${index}` })
                : Stream.take(LanguageModel.streamText({ prompt: `question ${index}` }), 2),
            )
      const patient = index % 10 === 9 ? Effect.timeoutOption(call, 700) : call
      return Effect.andThen(
        Effect.sleep(index * 13.7),
        Effect.ignore(RequestContext.annotate(patient, { tenant: `t-${index % 3}`, tags: { feature: "x" } })),
      )
    }
    const all = Effect.forEach(Array.from({ length: 100 }), (_, index) => one(index), {
      concurrency: "unbounded",
      discard: true,
    })
    const telemetry = DecisionTrace.layer({ to: DecisionTrace.toArray(traces, { atMost: 10_000 }) })
    return VirtualTime.run(all.pipe(Effect.provide(Layer.provideMerge(ran(real), Layer.provide(telemetry, prices)))), {
      seed: chosen,
    }).pipe(Effect.map(() => traces.flatMap((trace) => DecisionTrace.fromJson(DecisionTrace.toJson(trace)))))
  })

const recorded = recordedWith(seed)

/** Durations are kept to the nanosecond, and times to as much. */
const rounded = (traces: ReadonlyArray<DecisionTrace.DecisionTrace>) =>
  traces.map(
    (trace) =>
      JSON.parse(
        JSON.stringify(trace, (key, value: unknown) => {
          if (typeof value === "bigint") return String(value)
          return typeof value === "number" && key !== "index" ? Math.round(value * 1_000) / 1_000 : value
        }),
      ) as unknown,
  )

describe("a replay", () => {
  it.effect.each(seeds)("of the same stack and seed reproduces the recording exactly (%i)", (each) =>
    Effect.gen(function* () {
      const traces = yield* recordedWith(each)
      const {
        recorded: then,
        replayed,
        traces: again,
        unknown,
      } = yield* Replay.decisions(traces, { stack: ran, seed: each })
      const inOrder = traces.toSorted((one, other) => one.startedAt - other.startedAt)
      assert.lengthOf(again, 100)
      assert.deepStrictEqual(rounded(again), rounded(inOrder))
      assert.deepStrictEqual(replayed, then)
      assert.isAbove(then.retries, 10)
      assert.isAbove(then.hedges, 2)
      assert.isAbove(then.fallbacks, 2)
      assert.deepInclude(unknown, { moved: 0, drawn: 0, nothing: 0, skipped: 0 })
    }),
  )

  it.effect("of another stack says what it would have cost, and how much of that is a guess", () =>
    Effect.gen(function* () {
      const traces = yield* recorded
      const alone = yield* Replay.decisions(traces, {
        seed,
        stack: (model) => model("openai", "gpt-5.4").pipe(Deadline.firstPart("3 seconds")),
      })
      assert.strictEqual(alone.replayed.calls, 100)
      assert.strictEqual(alone.replayed.attempts, 100)
      assert.isBelow(alone.replayed.completed, alone.recorded.completed)
      assert.isTrue(alone.replayed.cost < alone.recorded.cost)
      assert.strictEqual(alone.unknown.drawn, 0)

      const hedged = yield* Replay.decisions(traces, {
        seed,
        stack: (model) => ran(model).pipe(Hedge.after("300 millis")),
      })
      assert.isAbove(hedged.replayed.hedges, alone.replayed.hedges)
      assert.isAbove(hedged.unknown.drawn + hedged.unknown.moved, 0)
      assert.deepStrictEqual(
        yield* Replay.decisions(traces, { seed, stack: (model) => ran(model).pipe(Hedge.after("300 millis")) }),
        hedged,
      )
    }),
  )

  it.effect("at a model that was never asked fails, and says so", () =>
    Effect.gen(function* () {
      const traces = yield* recorded
      const { replayed, unknown } = yield* Replay.decisions(traces, {
        seed,
        stack: (model) => model("openai", "other"),
      })
      assert.strictEqual(replayed.failed + replayed.completed, replayed.calls)
      assert.strictEqual(replayed.completed, 0)
      assert.strictEqual(unknown.nothing, replayed.attempts)
    }),
  )
})
