import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import { type AiError } from "effect/ai"

import { noMoreEvents } from "../../src/provider/AnswerBody.ts"
import * as EventReader from "../../src/provider/EventReader.ts"
import { chunk, delta, end, errorOf, errors, metadata, textOf, timed, timePasses } from "../scripted.ts"

/** Reads words: each becomes a part, and some mean more. */
const words = (): EventReader.EventReader => {
  let complete = false
  return {
    read: (event, out) => {
      if (event === "break") return errors.overloaded
      if (event === "complete") complete = true
      else if (event === "call") out.push({ type: "tool-call", id: "c", name: "n", params: {} })
      else if (event !== "nothing") out.push(delta(String(event)))
      return undefined
    },
    end: (out) => {
      if (complete) out.push(end)
    },
    isComplete: () => complete,
  }
}

const unchanged = (part: EventReader.Part) => Effect.succeed(part)

const read = (
  events: Stream.Stream<unknown, AiError.AiError>,
  canonical: (part: EventReader.Part) => Effect.Effect<EventReader.Part> = unchanged,
) => {
  const chunks: Array<ReadonlyArray<EventReader.Part>> = []
  return EventReader.mapEvents(events, words(), canonical).pipe(
    Stream.runForEachArray((parts) => Effect.sync(() => chunks.push(parts))),
    Effect.exit,
    Effect.map((exit) => ({ exit, chunks, text: textOf(chunks.flat()) })),
  )
}

describe("events", () => {
  it.effect("become parts as they come, and those without parts are passed over", () =>
    Effect.gen(function* () {
      const events = Stream.rechunk(Stream.make("a", "nothing", "b"), 1)
      const { chunks, exit } = yield* read(events)
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(chunks, [[delta("a")], [delta("b")]])
    }),
  )

  it.effect("that came together stay together, before those of the end", () =>
    Effect.gen(function* () {
      const { chunks } = yield* read(Stream.make("a", "b", "complete"))
      assert.deepStrictEqual(chunks, [[delta("a"), delta("b")], [end]])
    }),
  )

  it.effect("before one that breaks the answer are still delivered", () =>
    Effect.gen(function* () {
      for (const events of [Stream.make("a", "break", "b"), Stream.rechunk(Stream.make("a", "break", "b"), 1)]) {
        const { exit, text } = yield* read(events)
        assert.strictEqual(text, "a")
        assert.strictEqual(errorOf(exit), errors.overloaded)
      }
    }),
  )

  it.effect("that stop in a broken connection fail with it", () =>
    Effect.gen(function* () {
      const { exit, text } = yield* read(Stream.concat(Stream.make("a"), Stream.fail(errors.broken)))
      assert.strictEqual(text, "a")
      assert.strictEqual(errorOf(exit), errors.broken)
    }),
  )

  it.effect("that were complete do not mind a connection that breaks afterwards", () =>
    Effect.gen(function* () {
      const { chunks, exit } = yield* read(Stream.concat(Stream.make("a", "complete"), Stream.fail(errors.broken)))
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(chunks.at(-1), [end])
    }),
  )

  it.effect("after the terminal one are read to the end, but not waited for", () =>
    Effect.gen(function* () {
      const over = { ...words(), isOver: () => true }
      const endings: ReadonlyArray<Stream.Stream<unknown, AiError.AiError>> = [
        Stream.make("late"),
        Stream.fail(errors.broken),
        Stream.fromEffect(Effect.sleep("200 millis")),
        Stream.never,
      ]
      for (const ending of endings) {
        const parts = EventReader.mapEvents(Stream.concat(Stream.succeed<unknown>("a"), ending), over, unchanged)
        const [found, took] = yield* timePasses(timed(Stream.runCollect(parts)))
        assert.strictEqual(textOf(found), "a")
        assert.isAtMost(took, 250)
      }
    }),
  )

  it.effect("end with their mark once, and nothing after it counts", () =>
    Effect.gen(function* () {
      const endings: ReadonlyArray<Stream.Stream<unknown, AiError.AiError>> = [
        Stream.make("late"),
        Stream.make(noMoreEvents),
        Stream.never,
        Stream.fail(errors.broken),
      ]
      for (const after of endings) {
        const events: Stream.Stream<unknown, AiError.AiError> = Stream.make("a", "complete", noMoreEvents)
        const parts = EventReader.mapEvents(Stream.concat(events, after), words(), unchanged)
        assert.deepStrictEqual(yield* timePasses(Stream.runCollect(parts)), [delta("a"), end])
      }
      const { text } = yield* read(Stream.make("a", noMoreEvents, "b"))
      assert.strictEqual(text, "a")
    }),
  )

  it.effect("of tool calls are made canonical, and others are not looked at", () =>
    Effect.gen(function* () {
      let canonicalised = 0
      const canonical = (part: EventReader.Part) =>
        Effect.sync(() => {
          canonicalised++
          return part.type === "tool-call" ? { ...part, params: { done: true } } : part
        })
      const { chunks } = yield* read(Stream.rechunk(Stream.make("a", "call", "b"), 1), canonical)
      assert.strictEqual(canonicalised, 1)
      assert.deepStrictEqual(chunks[1], [{ type: "tool-call", id: "c", name: "n", params: { done: true } }])
    }),
  )

  it("may be gathered up to some size", () => {
    assert.isAbove(EventReader.longestGathered, 1_000_000)
    assert.deepStrictEqual(chunk(metadata), { _tag: "Chunk", parts: [metadata] })
  })
})
