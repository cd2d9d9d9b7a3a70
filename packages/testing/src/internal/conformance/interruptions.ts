import { assert } from "@effect/vitest"
import * as Deadline from "@holdfast/core/Deadline"
import type * as Event from "@holdfast/core/Event"
import * as Failure from "@holdfast/core/Failure"
import { Clock, Effect, Fiber, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import {
  attemptsIn,
  type Check,
  check,
  framesToText,
  inBothModes,
  type Mode,
  type Policy,
  type Trial,
  watched,
} from "./trial.ts"

/**
 * How soon a socket must be closed after its answer was given up, in milliseconds. A client that leaves it to a pool closes it after
 * four seconds and more; a slow machine needs some of the time.
 */
const soon = 3_000

const answer = Reply.text(["a", "b", "c"])

/** The emulator has seen the client close the connection, and soon enough. */
const closedSince = (trial: Trial, since: number) =>
  Effect.gen(function* () {
    const { abortedAt } = yield* Effect.timeout(trial.emulator.nextAborted, soon)
    assert.isBelow((abortedAt ?? Number.POSITIVE_INFINITY) - since, soon)
  })

const stalls = (trial: Trial): ReadonlyArray<Reply.Reply> => [
  Reply.stall,
  answer.pipe(Fault.delayHeaders("1 minute")),
  answer.pipe(Fault.stallAfter(0)),
  answer.pipe(Fault.stallAfter(framesToText(trial.dialect))),
]

const interrupts = inBothModes(
  "closes the socket when it is interrupted, also while the provider stalls",
  (trial, mode) =>
    Effect.gen(function* () {
      for (const stall of stalls(trial)) {
        yield* trial.script(stall)
        const fiber = yield* Effect.forkChild(trial.ask(mode))
        yield* trial.emulator.nextRequest
        // The client may need a moment to see what came before the stall.
        yield* Effect.sleep("15 millis")
        const now = yield* Clock.currentTimeMillis
        yield* Fiber.interrupt(fiber)
        yield* closedSince(trial, now)
      }
    }),
)

const enough = check("closes the socket when the consumer stops reading", (trial) =>
  Effect.gen(function* () {
    yield* trial.script(answer.pipe(Fault.stallAfter(framesToText(trial.dialect))))
    const first = LanguageModel.streamText({ prompt: "hi" }).pipe(
      Stream.filter((part) => part.type === "text-delta"),
      Stream.take(1),
      Stream.runCollect,
    )
    const [delta] = yield* trial.run(first)
    const now = yield* Clock.currentTimeMillis
    assert.strictEqual(delta?.delta, "a")
    yield* closedSince(trial, now)
  }),
)

/** Of a deadline, in milliseconds. On a slow machine the first ones may be over before the request has arrived. */
const limits = [60, 600, 6_000]

/** The deadline of the first of the limits that lets a request arrive ends the call, and its socket. */
const exceeds = (
  trial: Trial,
  {
    mode,
    policy,
    stall,
  }: { readonly mode: Mode; readonly policy: (limit: number) => Policy; readonly stall: Reply.Reply },
) =>
  Effect.gen(function* () {
    for (const limit of limits) {
      const before = (yield* trial.emulator.requests).length
      yield* trial.script(stall)
      const error = yield* Effect.flip(trial.ask(mode, { policy: policy(limit) }))
      const now = yield* Clock.currentTimeMillis
      assert.strictEqual((error as { readonly _tag?: unknown })._tag, "DeadlineExceeded")
      if ((yield* trial.emulator.requests).length > before) return yield* closedSince(trial, now)
    }
    assert.fail("no request has arrived")
  })

const noFirstPart = inBothModes("is cut off when no first part comes in time", (trial, mode) =>
  Effect.gen(function* () {
    const policy = (limit: number): Policy => Deadline.firstPart(limit)
    for (const stall of stalls(trial).slice(0, 3)) yield* exceeds(trial, { mode, policy, stall })
  }),
)

const silence = check("is cut off when it falls silent between two parts", (trial) =>
  Effect.gen(function* () {
    const stall = answer.pipe(Fault.stallAfter(framesToText(trial.dialect) + 1))
    yield* exceeds(trial, { mode: "stream", policy: (limit): Policy => Deadline.betweenParts(limit), stall })
  }),
)

const patience = check("is not cut off while parts keep coming", (trial) =>
  Effect.gen(function* () {
    // Longer than the limit in all, and far below it between two parts.
    yield* trial.script(Reply.text(["a", "b", "c", "d", "e", "f"]).pipe(Fault.delayFrames("250 millis")))
    const policy: Policy = Deadline.betweenParts("1400 millis")
    const parts = yield* trial.ask("stream", { policy })
    assert.isTrue(parts.some(({ type }) => type === "finish"))
  }),
)

/** How the only attempt of a program that is given up ended. */
const outcomeOf = (program: Effect.Effect<unknown, unknown>, trial: Trial, giveUp: boolean) =>
  Effect.gen(function* () {
    const events: Array<Event.Event> = []
    const fiber = yield* Effect.forkChild(watched(program, events))
    if (giveUp) {
      yield* trial.emulator.nextRequest
      yield* Effect.sleep("15 millis")
      yield* Fiber.interrupt(fiber)
    }
    yield* Fiber.await(fiber)
    const [attempt, ...others] = attemptsIn(events)
    assert.lengthOf(others, 0)
    return attempt?.outcome
  })

const outcomes = check("tells the caller's own doing from a failure", (trial) =>
  Effect.gen(function* () {
    const late = answer.pipe(Fault.stallAfter(framesToText(trial.dialect) + 1))
    yield* trial.script(Reply.stall, late, late, Reply.stall)
    const cancelled = yield* outcomeOf(trial.ask("generate"), trial, true)
    assert.strictEqual(cancelled?._tag, "Interrupted")
    const abandoned = yield* outcomeOf(trial.ask("stream"), trial, true)
    assert.strictEqual(abandoned?._tag, "Abandoned")
    const between: Policy = Deadline.betweenParts("40 millis")
    const first: Policy = Deadline.firstPart("40 millis")
    for (const policy of [between, first]) {
      const outcome = yield* outcomeOf(trial.ask("stream", { policy }), trial, false)
      assert.strictEqual(outcome?._tag === "Failed" && Failure.tagOf(outcome.error), "DeadlineExceeded")
    }
  }),
)

/** Answers that are given up. */
export const interruptions: ReadonlyArray<Check> = [...interrupts, enough, ...noFirstPart, silence, patience, outcomes]
