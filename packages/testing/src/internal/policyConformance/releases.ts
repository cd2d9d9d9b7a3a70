/**
 * What a call holds, and when it must be free again.
 */
import { assert } from "@effect/vitest"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import * as Retry from "@holdfast/core/Retry"
import { Effect, Exit, Schedule, Scope, Stream } from "effect"

import { type Behaviour } from "./probe.ts"
import { stepped } from "./stepped.ts"
import { type Check, deliver, inBothModes, type Mode, over, request, type Tested, Trial, wordFor } from "./trial.ts"

/** Whether nothing waits in a scope for its end. */
const isEmpty = ({ state }: Scope.Closeable): boolean =>
  state._tag === "Empty" ||
  (state._tag === "Open" && state.finalizer === undefined && (state.finalizers?.size ?? 0) === 0)

const failing = inBothModes("has released everything when its open fails, before the failure is seen", (tested, mode) =>
  Effect.gen(function* () {
    for (const behaviour of ["fails", "dies"] as const) {
      const trial = new Trial(tested)
      trial.behave(behaviour)
      const call = yield* trial.call
      const callers = Scope.makeUnsafe()
      const exit = yield* over(Effect.exit(Scope.provide(call.open(request(mode)), callers)))
      assert.isTrue(Exit.isFailure(exit), `a model that ${behaviour} must not become an answer`)
      assert.strictEqual(trial.held, 0, "the model's request is still open")
      assert.isTrue(isEmpty(callers), "something is left in the scope of the caller; see ModelCall.scoped")
      yield* Scope.close(callers, exit)
    }
  }),
)

const retried = inBothModes("keeps nothing from the next attempt of a retry around it", (tested, mode) =>
  Effect.gen(function* () {
    const trial = new Trial(tested)
    trial.behave("fails", "fails", "answers")
    const stack = trial.model.pipe(Retry.schedule(Schedule.recurs(2)))
    const call = yield* ResilientModel.callOf(stack)
    yield* over(deliver(call, request(mode)))
    assert.strictEqual(trial.held, 0)
  }),
)

/** How often in a row the fiber may run before it yields. Small numbers stop it nearly everywhere. */
const budgets = [3, 4, 5, 7, 11, 17, 31]

const maxTicks = 400

const scripts: ReadonlyArray<ReadonlyArray<Behaviour>> = [["answers"], ["fails", "answers"]]

/** What the next calls get. They must not suffer from one that was given up. */
const nextCalls = (trial: Trial, mode: Mode) =>
  Effect.gen(function* () {
    const call = yield* trial.call
    trial.behave("answers")
    return yield* Effect.replicateEffect(Effect.map(over(deliver(call, request(mode))), wordFor), 2)
  })

/** Calls after one that was given up are let through if they are after one that was completed. */
const asAfterCompletion = (after: ReadonlyArray<string>, completed: ReadonlyArray<string>, at: string) =>
  completed.forEach((word, index) => {
    if (word.startsWith("answered")) assert.strictEqual(after[index], word, `the next call ${at}`)
  })

const afterCompletion = (tested: Tested, mode: Mode, script: ReadonlyArray<Behaviour>) =>
  Effect.gen(function* () {
    const trial = new Trial(tested)
    trial.behave(...script)
    yield* over(deliver(yield* trial.call, request(mode)))
    return yield* nextCalls(trial, mode)
  })

const interrupted = inBothModes("releases everything wherever it is interrupted", (tested, mode) =>
  Effect.gen(function* () {
    for (const script of scripts) {
      const completed = yield* afterCompletion(tested, mode, script)
      for (const budget of budgets) {
        for (let ticks = 0; ticks < maxTicks; ticks++) {
          const trial = new Trial(tested)
          trial.behave(...script)
          const call = yield* trial.call
          const run = yield* stepped(deliver(call, request(mode)), { budget, ticks })
          const at = `after an interruption at ${ticks} ms, with a yield every ${budget} operations`
          assert.strictEqual(trial.held, 0, `the model's request is still open ${at}`)
          asAfterCompletion(yield* nextCalls(trial, mode), completed, at)
          if (run.over) break
        }
      }
    }
  }),
)

/** How a consumer leaves a stream. */
const leavings = {
  "before its first part": () => Effect.void,
  "after its first part": <E>(answer: Stream.Stream<unknown, E>) => Stream.runDrain(Stream.take(answer, 1)),
}

const left: Check = {
  name: "releases everything when a stream is left",
  run: (tested) =>
    Effect.gen(function* () {
      const completed = yield* afterCompletion(tested, "stream", ["answers"])
      for (const [when, leave] of Object.entries(leavings)) {
        const trial = new Trial(tested)
        const call = yield* trial.call
        yield* over(Effect.scoped(Effect.flatMap(call.open(request("stream")), leave)))
        assert.strictEqual(trial.held, 0, `the model's request is still open when a stream is left ${when}`)
        asAfterCompletion(yield* nextCalls(trial, "stream"), completed, `after a stream was left ${when}`)
      }
    }),
}

export const releases: ReadonlyArray<Check> = [...failing, ...retried, ...interrupted, left]
