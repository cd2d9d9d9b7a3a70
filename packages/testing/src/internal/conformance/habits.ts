import { assert } from "@effect/vitest"
import * as Deadline from "@holdfast/core/Deadline"
import { Effect } from "effect"

import * as Habit from "../../Habit.ts"
import * as Reply from "../../Reply.ts"
import { reasoningOf } from "./answers.ts"
import { askWithTools } from "./tools.ts"
import { type AnyPart, type Check, check, finishOf, inBothModes, plain, textOf, usage } from "./trial.ts"

/** Something of each kind, in several pieces. */
const answer = Reply.answer({
  reasoning: ["Let", " me", " think."],
  text: ["Hello", " ", "world"],
  toolCalls: [
    { id: "call_a", name: "weather", params: { city: "Oslo" } },
    { id: "call_b", name: "population", params: { city: "Bærum" } },
  ],
  usage,
}).pipe(Habit.unaskedUsage)

/** What an answer says, however it came. */
const meaning = (parts: ReadonlyArray<AnyPart>) => ({
  text: textOf(parts),
  reasoning: reasoningOf(parts),
  calls: parts.flatMap((part) => (part.type === "tool-call" ? [[part.name, part.params]] : [])),
  ends: parts.filter(({ type }) => type === "finish").length,
  reason: finishOf(parts)?.reason,
  usage: plain(finishOf(parts)?.usage),
})

/** All calls of an answer have ids of their own, or their results could not be told apart. */
const idsOf = (parts: ReadonlyArray<AnyPart>): ReadonlyArray<string> =>
  parts.flatMap((part) => (part.type === "tool-call" ? [part.id] : []))

type Named = readonly [name: string, ...habits: ReadonlyArray<Habit.Modifier>]

const withAll = (reply: Reply.Reply, habits: ReadonlyArray<Habit.Modifier>): Reply.Reply =>
  habits.reduce((changed, habit) => habit(changed), reply)

const compares = (habits: ReadonlyArray<Named>) => (name: string) =>
  inBothModes(name, (trial, mode) =>
    Effect.gen(function* () {
      yield* trial.script(answer, ...habits.map(([, ...all]) => withAll(answer, all)))
      const [plainly, ...others] = yield* trial.run(Effect.forEach([answer, ...habits], () => askWithTools(mode, [])))
      const expected = meaning(plainly ?? [])
      assert.deepInclude(expected, { text: "Hello world", ends: 1, reason: "tool-calls" })
      assert.lengthOf(expected.calls, 2)
      for (const [at, parts] of others.entries()) {
        assert.deepStrictEqual(meaning(parts), expected, habits[at]?.[0])
        assert.lengthOf(new Set(idsOf(parts)), 2, habits[at]?.[0])
      }
    }),
  )

const ends = compares([
  ["a reason for the end in every event", Habit.finishInEveryEvent],
  ["a reason for the end in the first event", Habit.finishFirst],
  ["a reason that says nothing in every event", Habit.unspecifiedFinish],
  ["both", Habit.finishFirst, Habit.finishInEveryEvent],
  ["no [DONE]", Habit.withoutDone],
  ["[DONE]", Habit.withDone],
])("reads an answer to its end, whatever says before that it is over")

const content = compares([
  ["all of it in one event", Habit.answerAtEnd],
  ["only the ends", Habit.onlyEnds],
  ["a whole where a stream was asked for", Habit.neverStreams],
  ["a stream where a whole was asked for", Habit.alwaysStreams],
  ["arguments of another type", Habit.otherArguments],
  ["arguments of another type, at the end", Habit.answerAtEnd, Habit.otherArguments],
  ["a whole with arguments of another type", Habit.neverStreams, Habit.otherArguments],
])("loses nothing that comes late, at once or in another type, and delivers nothing twice")

const ids = compares([
  ["other ids in every event", Habit.changingIds],
  ["no ids", Habit.withoutIds],
  ["one index", Habit.oneIndex],
  ["no ids, and the answer at the end", Habit.withoutIds, Habit.answerAtEnd],
  ["other ids, and only the ends", Habit.changingIds, Habit.onlyEnds],
  ["numbers of 0", Habit.zeroSequence],
  ["numbers that restart", Habit.restartingSequence],
  ["a number that is too high", Habit.jumpingSequence],
])("needs no ids, indexes or numbers that servers do not keep")

const counts = compares([
  ["zeros in every event", Habit.zeroUsage],
  ["what there is so far in every event", Habit.cumulativeUsage],
  ["zeros with a reason", Habit.zeroUsage, Habit.finishInEveryEvent],
])("counts what the last report says")

const framing = compares([
  ["heartbeats", Habit.heartbeats],
  ["no event lines", Habit.namelessEvents],
  ["types on event lines only", Habit.typelessData],
  ["no last blank line", Habit.withoutLastLine],
  ["a byte order mark", Habit.byteOrderMark],
  ["all of that", Habit.heartbeats, Habit.withoutLastLine, Habit.byteOrderMark],
])("reads any framing")

const open: ReadonlyArray<ReadonlyArray<Habit.Modifier>> = [
  [Habit.leftOpen],
  [Habit.withoutDone, Habit.leftOpen],
  [Habit.neverStreams, Habit.leftOpen],
]

// What waits does so at the same time. The deadline is far longer than any of them.
const leftOpen = check("ends when all is there, although the connection stays open", (trial) =>
  Effect.gen(function* () {
    const text = Reply.text(["Hello", " ", "world"], { usage }).pipe(Habit.unaskedUsage)
    const replies = open.map((all) => withAll(text, all))
    yield* trial.script(...replies, ...replies)
    const policy = Deadline.betweenParts("9 seconds")
    const modes = [...open.map(() => "stream" as const), ...open.map(() => "generate" as const)]
    const answers = yield* Effect.all(
      modes.map((mode) => trial.ask(mode, { policy })),
      { concurrency: "unbounded" },
    )
    for (const parts of answers) {
      assert.strictEqual(textOf(parts), "Hello world")
      assert.strictEqual(finishOf(parts)?.reason, "stop")
    }
  }),
)

/** What servers do that speak an API in their own way. */
export const habits: ReadonlyArray<Check> = [...ends, ...content, ...ids, ...counts, ...framing, leftOpen]
