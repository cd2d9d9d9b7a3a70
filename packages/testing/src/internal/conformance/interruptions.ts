import { assert } from "@effect/vitest"
import * as Deadline from "@holdfast/core/Deadline"
import { Clock, Effect, Fiber, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import { type Check, check, framesToText, inBothModes, type Policy, type Session } from "./session.ts"

/** How soon a socket must be closed after its answer was given up, in milliseconds. */
const soon = 100

const answer = Reply.text(["a", "b", "c"])

/** The emulator has seen the client close the connection, and soon enough. */
const closedSince = (session: Session, since: number) =>
  Effect.gen(function* () {
    const { abortedAt } = yield* Effect.timeout(session.emulator.nextAborted, "2 seconds")
    assert.isBelow((abortedAt ?? Number.POSITIVE_INFINITY) - since, soon)
  })

const stalls = (session: Session): ReadonlyArray<Reply.Reply> => [
  Reply.stall,
  answer.pipe(Fault.delayHeaders("1 minute")),
  answer.pipe(Fault.stallAfter(0)),
  answer.pipe(Fault.stallAfter(framesToText(session.dialect))),
]

const interrupts = inBothModes(
  "closes the socket when it is interrupted, also while the provider stalls",
  (session, mode) =>
    Effect.gen(function* () {
      for (const stall of stalls(session)) {
        yield* session.script(stall)
        const fiber = yield* Effect.forkChild(session.ask(mode))
        yield* session.emulator.nextRequest
        // The client may need a moment to see what came before the stall.
        yield* Effect.sleep("15 millis")
        const now = yield* Clock.currentTimeMillis
        yield* Fiber.interrupt(fiber)
        yield* closedSince(session, now)
      }
    }),
)

const enough = check("closes the socket when the consumer stops reading", (session) =>
  Effect.gen(function* () {
    yield* session.script(answer.pipe(Fault.stallAfter(framesToText(session.dialect))))
    const first = LanguageModel.streamText({ prompt: "hi" }).pipe(
      Stream.filter((part) => part.type === "text-delta"),
      Stream.take(1),
      Stream.runCollect,
    )
    const [delta] = yield* session.run(first)
    const now = yield* Clock.currentTimeMillis
    assert.strictEqual(delta?.delta, "a")
    yield* closedSince(session, now)
  }),
)

const exceeds = (session: Session, options: { readonly mode: "generate" | "stream"; readonly policy: Policy }) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(session.ask(options.mode, { policy: options.policy }))
    const now = yield* Clock.currentTimeMillis
    assert.strictEqual((error as { readonly _tag?: unknown })._tag, "DeadlineExceeded")
    yield* closedSince(session, now)
  })

const noFirstPart = inBothModes("is cut off when no first part comes in time", (session, mode) =>
  Effect.gen(function* () {
    const policy: Policy = Deadline.firstPart("60 millis")
    for (const stall of stalls(session).slice(0, 3)) {
      yield* session.script(stall)
      yield* exceeds(session, { mode, policy })
    }
  }),
)

const silence = check("is cut off when it falls silent between two parts", (session) =>
  Effect.gen(function* () {
    yield* session.script(answer.pipe(Fault.stallAfter(framesToText(session.dialect) + 1)))
    yield* exceeds(session, { mode: "stream", policy: Deadline.betweenParts("60 millis") })
  }),
)

const patience = check("is not cut off while parts keep coming", (session) =>
  Effect.gen(function* () {
    yield* session.script(Reply.text(["a", "b", "c", "d", "e", "f"]).pipe(Fault.delayFrames("15 millis")))
    const policy: Policy = Deadline.betweenParts("90 millis")
    const parts = yield* session.ask("stream", { policy })
    assert.isTrue(parts.some(({ type }) => type === "finish"))
  }),
)

/** Answers that are given up. */
export const interruptions: ReadonlyArray<Check> = [...interrupts, enough, ...noFirstPart, silence, patience]
