import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "../src/Emulator.ts"
import * as Fault from "../src/Fault.ts"
import * as Habit from "../src/Habit.ts"
import * as Reply from "../src/Reply.ts"
import { dialects, receive } from "./wire.ts"

type Dialect = (typeof dialects)[number]

const answer = Reply.answer({
  reasoning: ["a", "b"],
  signature: "c2ln",
  text: ["c", "d"],
  toolCalls: [
    { id: "1", name: "n", params: { a: 1 } },
    { id: "2", name: "n", params: { a: 2 } },
  ],
  usage: { input: 9, output: 9 },
})

const all: ReadonlyArray<Dialect> = ["openai-responses", "openai-chat", "anthropic", "google"]
const responses: ReadonlyArray<Dialect> = ["openai-responses"]

/** The APIs that have room for a habit. What changes nothing elsewhere would prove nothing there. */
const known: Readonly<
  Record<Exclude<Fault.HabitName, "alwaysStreams" | "leftOpen" | "unaskedUsage">, ReadonlyArray<Dialect>>
> = {
  finishInEveryEvent: all,
  finishFirst: all,
  unspecifiedFinish: all,
  withoutDone: ["openai-chat"],
  withDone: ["openai-responses", "anthropic", "google"],
  answerAtEnd: all,
  onlyEnds: responses,
  neverStreams: all,
  otherArguments: all,
  changingIds: ["openai-responses", "openai-chat", "google"],
  withoutIds: all,
  oneIndex: ["openai-chat", "anthropic"],
  zeroSequence: responses,
  restartingSequence: responses,
  jumpingSequence: responses,
  zeroUsage: all,
  cumulativeUsage: ["openai-chat"],
  heartbeats: all,
  namelessEvents: ["openai-responses", "anthropic"],
  typelessData: ["openai-responses", "anthropic"],
  withoutLastLine: all,
  byteOrderMark: all,
}

/** What differs between two answers to the same request. */
const unnumbered = (body: string) =>
  body.replaceAll(/"(?:created|created_at)":\d+/g, "").replaceAll(/0{6,}[0-9a-f]+/g, "0")

describe.each(dialects)("habits on %s", (dialect) => {
  it.live("change what is sent, where there is room for them", () =>
    Effect.gen(function* () {
      const asked = answer.pipe(Habit.unaskedUsage)
      const plain = unnumbered((yield* receive(dialect, asked)).body)
      const changed: Array<string> = []
      for (const name of Object.keys(known) as ReadonlyArray<keyof typeof known>) {
        const { body } = yield* receive(dialect, asked.pipe(Fault.modifier({ _tag: "Habit", name })))
        if (unnumbered(body) !== plain) changed.push(name)
      }
      const expected = Object.entries(known).flatMap(([name, places]) => (places.includes(dialect) ? [name] : []))
      assert.deepStrictEqual(changed, expected)
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
