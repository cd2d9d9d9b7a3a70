import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Stream } from "effect"
import { type AiError, type Response } from "effect/ai"
import * as fc from "fast-check"

import * as CommitPoint from "../src/CommitPoint.ts"
import * as Failure from "../src/Failure.ts"
import { isContent, type Part } from "../src/ModelCall.ts"
import { delta, end, errorOf, errors, finish, metadata, start, textOf } from "./scripted.ts"

const source = { provider: "acme", model: "acme-1" }

type StreamPart = Response.StreamPartEncoded

const inChunks = (chunks: ReadonlyArray<ReadonlyArray<StreamPart>>): Stream.Stream<Part<"chat">> =>
  Stream.fromIterable(chunks).pipe(
    Stream.filter((chunk) => chunk.length > 0),
    Stream.rechunk(1),
    Stream.flatMap((chunk) => Stream.fromArray(chunk as Array<Part<"chat">>)),
  )

const oneByOne = (...parts: ReadonlyArray<StreamPart>) => inChunks(parts.map((part) => [part]))

interface Committed {
  readonly committed: boolean
  readonly parts: ReadonlyArray<Part<"chat">>
  readonly exit: Exit.Exit<void, CommitPoint.BrokenAnswer>
}

/** Commits and reads to the end, keeping what was delivered. */
const read = (
  raw: Stream.Stream<Part<"chat">, AiError.AiError>,
  observer?: CommitPoint.Observer,
): Effect.Effect<Committed> => {
  let committed = false
  const parts: Array<Part<"chat">> = []
  return Effect.scoped(
    Effect.flatMap(CommitPoint.commit(raw, source, observer), (answer) => {
      committed = true
      return Stream.runForEachArray(answer, (some) => Effect.sync(() => parts.push(...some)))
    }),
  ).pipe(
    Effect.exit,
    Effect.map((exit) => ({ committed, parts, exit })),
  )
}

const watching = () => {
  const seen: Array<Part<"chat">> = []
  const failures: Array<unknown> = []
  const observer: CommitPoint.Observer = {
    parts: (parts) => void seen.push(...parts),
    failure: (error) => void failures.push(error),
  }
  return { seen, failures, observer }
}

const error = (value: unknown): StreamPart => ({ type: "error", error: value })

describe("the preamble", () => {
  it.effect("is held back until content comes, and then given out first", () =>
    Effect.gen(function* () {
      let pulled = 0
      const raw = Stream.tap(oneByOne(metadata, start, delta(""), delta("a"), delta("b"), end, finish()), () =>
        Effect.sync(() => pulled++),
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const answer = yield* CommitPoint.commit(raw, source)
          assert.strictEqual(pulled, 4)
          const parts = yield* Stream.runCollect(answer)
          assert.deepStrictEqual(parts, [metadata, start, delta(""), delta("a"), delta("b"), end, finish()])
        }),
      )
    }),
  )

  it.effect("that never ends is a malformed answer", () =>
    Effect.gen(function* () {
      const { committed, exit } = yield* read(Stream.forever(Stream.make<[Part<"chat">]>(metadata)))
      assert.isFalse(committed)
      const failure = errorOf(exit)
      assert.strictEqual(Failure.tagOf(failure), "InvalidResponseError")
      assert.deepInclude(Failure.classify(failure), { kind: "transient", billed: true })
    }),
  )

  it.effect("of 1,024 parts is still one", () =>
    Effect.gen(function* () {
      const preamble = Array.from({ length: 1024 }, () => metadata)
      const { exit, parts } = yield* read(oneByOne(...preamble, delta("a"), finish()))
      assert.isTrue(Exit.isSuccess(exit))
      assert.lengthOf(parts, 1026)
    }),
  )
})

describe("an answer that breaks", () => {
  it.effect("before content fails without being committed", () =>
    Effect.gen(function* () {
      const { committed, exit } = yield* read(Stream.concat(oneByOne(metadata, start), Stream.fail(errors.overloaded)))
      assert.isFalse(committed)
      assert.strictEqual(errorOf(exit), errors.overloaded)
    }),
  )

  it.effect("after content keeps what was delivered", () =>
    Effect.gen(function* () {
      const { committed, exit, parts } = yield* read(Stream.concat(oneByOne(delta("a")), Stream.fail(errors.broken)))
      assert.isTrue(committed)
      assert.strictEqual(textOf(parts), "a")
      assert.strictEqual(errorOf(exit), errors.broken)
    }),
  )

  it.effect("with an error part fails with the provider's own error", () =>
    Effect.gen(function* () {
      const { committed, exit } = yield* read(oneByOne(metadata, error(errors.overloaded)))
      assert.isFalse(committed)
      assert.strictEqual(errorOf(exit), errors.overloaded)
    }),
  )

  it.effect("with an error part after content has delivered the content", () =>
    Effect.gen(function* () {
      const { exit, parts } = yield* read(oneByOne(delta("a"), error(errors.overloaded), delta("b"), finish()))
      assert.strictEqual(textOf(parts), "a")
      assert.strictEqual(errorOf(exit), errors.overloaded)
    }),
  )

  it.effect("in the middle of a chunk has delivered what stood before", () =>
    Effect.gen(function* () {
      const chunks = [[delta("a")], [delta("b"), error(errors.overloaded), delta("c"), finish()]]
      const { exit, parts } = yield* read(inChunks(chunks))
      assert.strictEqual(textOf(parts), "ab")
      assert.strictEqual(errorOf(exit), errors.overloaded)
    }),
  )

  it.effect("is told in the words of whatever the error part holds", () =>
    Effect.gen(function* () {
      const told = (value: unknown) =>
        Effect.map(read(oneByOne(error(value))), ({ exit }) => Failure.messageOf(errorOf(exit)))
      assert.strictEqual(yield* told(new Error("boom")), "boom")
      assert.strictEqual(yield* told("boom"), "boom")
      assert.strictEqual(yield* told({ code: 7 }), '{"code":7}')
      assert.strictEqual(yield* told(undefined), "undefined")
      const circle: Record<string, unknown> = { code: 7 }
      circle["self"] = circle
      assert.include(yield* told(circle), '"code":7')
      assert.include(yield* told({ big: 1n }), "1n")
      assert.include(yield* told(Symbol("odd")), "odd")
      assert.strictEqual(yield* told(Object.create(null)), "{}")
      assert.include(yield* told(Object.assign(new Error("e"), { message: undefined })), "Error")
      const { exit } = yield* read(oneByOne(error("the model is overloaded")))
      assert.deepInclude(Failure.classify(errorOf(exit)), { kind: "overloaded", billed: true })
    }),
  )

  it.effect("by a bug stays a defect", () =>
    Effect.gen(function* () {
      const { exit } = yield* read(Stream.die("bug"))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }),
  )
})

describe("an answer after its finish", () => {
  it.effect("is broken neither by the connection nor by an error part", () =>
    Effect.gen(function* () {
      const all = [delta("a"), finish()]
      const late = error(errors.overloaded)
      for (const raw of [
        Stream.concat(oneByOne(...all), Stream.fail(errors.broken)),
        oneByOne(...all, late),
        inChunks([[...all, late, delta("never seen")]]),
        Stream.concat(inChunks([all]), oneByOne(late)),
      ]) {
        const { failures, observer } = watching()
        const { exit, parts } = yield* read(raw, observer)
        assert.isTrue(Exit.isSuccess(exit))
        assert.deepStrictEqual([parts, failures], [all, []])
      }
      const whole: ReadonlyArray<Part<"chat">> = [...all, late]
      const kept: ReadonlyArray<Part<"chat">> = yield* CommitPoint.commitWhole(
        whole as Array<Response.PartEncoded>,
        source,
      )
      assert.deepStrictEqual(kept, all)
    }),
  )

  it.effect("may still have a bug", () =>
    Effect.gen(function* () {
      const { exit } = yield* read(Stream.concat(oneByOne(delta("a"), finish()), Stream.die("bug")))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }),
  )
})

describe("an answer without its finish", () => {
  it.effect("and without content is truncated before the commit point", () =>
    Effect.gen(function* () {
      for (const raw of [oneByOne(), oneByOne(metadata, start)]) {
        const { committed, exit } = yield* read(raw)
        assert.isFalse(committed)
        const truncated = errorOf(exit)
        assert.instanceOf(truncated, CommitPoint.StreamTruncated)
        assert.strictEqual(truncated.deliveredParts, 0)
        assert.include(truncated.message, "before any content")
      }
    }),
  )

  it.effect("counts the content parts that came", () =>
    Effect.gen(function* () {
      const { committed, exit, parts } = yield* read(oneByOne(start, delta("a"), delta(""), delta("b")))
      assert.isTrue(committed)
      assert.strictEqual(textOf(parts), "ab")
      const truncated = errorOf(exit)
      assert.instanceOf(truncated, CommitPoint.StreamTruncated)
      assert.strictEqual(truncated.deliveredParts, 2)
      assert.include(truncated.message, "after 2 content parts")
      assert.deepInclude(Failure.classify(truncated), { kind: "transient", billed: true })
    }),
  )
})

describe("an answer without content", () => {
  it.effect("passes when its reason says why", () =>
    Effect.gen(function* () {
      for (const reason of ["length", "pause"] as const) {
        const { exit, parts } = yield* read(oneByOne(metadata, finish(reason)))
        assert.isTrue(Exit.isSuccess(exit))
        assert.deepStrictEqual(parts, [metadata, finish(reason)])
      }
    }),
  )

  it.effect("is no answer otherwise, and was paid", () =>
    Effect.gen(function* () {
      const thought: StreamPart = { type: "reasoning-delta", id: "r", delta: "hm" }
      for (const reason of ["stop", "tool-calls", "error", "other", "unknown"] as const) {
        for (const parts of [[], [metadata, start, end], [thought]]) {
          const { observer, seen } = watching()
          const { exit } = yield* read(oneByOne(...parts, finish(reason)), observer)
          const failure = errorOf(exit)
          assert.strictEqual(Failure.tagOf(failure), "InvalidResponseError")
          assert.include(Failure.messageOf(failure), "without content")
          assert.deepInclude(Failure.classify(failure), { kind: "transient", billed: true })
          assert.deepStrictEqual(seen.at(-1), finish(reason))
        }
      }
    }),
  )

  it.effect("by a content filter fails with the refusal's words", () =>
    Effect.gen(function* () {
      const refusal = { ...finish("content-filter"), metadata: { a: null, acme: { refusal: "I will not" } } }
      const { committed, exit } = yield* read(oneByOne(metadata, refusal))
      assert.isFalse(committed)
      const failure = errorOf(exit)
      assert.isTrue(Failure.isContentPolicy(failure))
      assert.include(failure.message, "I will not")
      assert.deepInclude(Failure.classify(failure), { kind: "fatal", billed: true })
    }),
  )

  it.effect("by a content filter without words names the model", () =>
    Effect.gen(function* () {
      const { exit } = yield* read(oneByOne({ type: "finish", reason: "content-filter", usage: finish().usage }))
      assert.include(errorOf(exit).message, "acme-1 of acme refused")
    }),
  )

  it.effect("is no refusal when a content filter cuts what had begun", () =>
    Effect.gen(function* () {
      const { exit, parts } = yield* read(oneByOne(delta("a"), finish("content-filter")))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(textOf(parts), "a")
    }),
  )
})

describe("a whole answer", () => {
  const whole: Array<Response.PartEncoded> = [{ type: "text", text: "a" }, finish()]

  it.effect("passes as it came", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* CommitPoint.commitWhole(whole, source), whole)
    }),
  )

  it.effect("without its finish is truncated", () =>
    Effect.gen(function* () {
      const truncated = yield* Effect.flip(CommitPoint.commitWhole(whole.slice(0, 1), source))
      assert.instanceOf(truncated, CommitPoint.StreamTruncated)
    }),
  )

  it.effect("that a content filter emptied is a refusal, and was still seen", () =>
    Effect.gen(function* () {
      const { observer, seen } = watching()
      const failure = yield* Effect.flip(CommitPoint.commitWhole([finish("content-filter")], source, observer))
      assert.isTrue(Failure.isContentPolicy(failure))
      assert.lengthOf(seen, 1)
    }),
  )
})

describe("an observer", () => {
  it.effect("sees every part once, and no failure of a good answer", () =>
    Effect.gen(function* () {
      const { failures, observer, seen } = watching()
      yield* read(
        inChunks([
          [metadata, start],
          [delta("a"), delta("b")],
          [end, finish()],
        ]),
        observer,
      )
      assert.deepStrictEqual(seen, [metadata, start, delta("a"), delta("b"), end, finish()])
      assert.deepStrictEqual(failures, [])
    }),
  )

  it.effect("hears of each way to break", () =>
    Effect.gen(function* () {
      const heard = Effect.fnUntraced(function* (raw: Stream.Stream<Part<"chat">, AiError.AiError>) {
        const { failures, observer } = watching()
        yield* read(raw, observer)
        return failures.map(Failure.tagOf)
      })
      const begun = oneByOne(delta("a"))
      assert.deepStrictEqual(yield* heard(begun), ["StreamTruncated"])
      assert.deepStrictEqual(yield* heard(Stream.concat(begun, Stream.fail(errors.broken))), ["NetworkError"])
      assert.deepStrictEqual(yield* heard(oneByOne(delta("a"), error(errors.quota))), ["QuotaExhaustedError"])
    }),
  )
})

const anyPart: fc.Arbitrary<StreamPart> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 9_999 }).map((n) => delta(`${n};`)) },
  fc.constantFrom<StreamPart>(metadata, start, end, delta("")),
  fc.constantFrom<StreamPart>(
    { type: "tool-params-start", id: "c", name: "look" },
    { type: "tool-call", id: "c", name: "look", params: {} },
    { type: "file", mediaType: "image/png", data: "AQID" },
  ),
)

const anyEnd = fc.constantFrom<ReadonlyArray<StreamPart>>(
  [finish()],
  [],
  [error(errors.overloaded)],
  [finish("content-filter")],
  [error(errors.broken), delta("never seen"), finish()],
)

/** Cuts a list into pieces of the given sizes. */
const cut = (parts: ReadonlyArray<StreamPart>, sizes: ReadonlyArray<number>) => {
  const chunks: Array<ReadonlyArray<StreamPart>> = []
  let from = 0
  for (const size of sizes) {
    chunks.push(parts.slice(from, from + size))
    from += size
  }
  return [...chunks, parts.slice(from)]
}

describe("any answer in any chunks", () => {
  it.effect("is delivered up to its failure, each part once, the same as one by one", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(anyPart, { maxLength: 12 }),
          anyEnd,
          fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 8 }),
          async (parts, tail, sizes) => {
            const all = [...parts, ...tail]
            const { seen, observer } = watching()
            const chunked = await Effect.runPromise(read(inChunks(cut(all, sizes)), observer))
            const single = await Effect.runPromise(read(oneByOne(...all)))
            const broken = all.findIndex(({ type }) => type === "error")
            const upToFailure = broken < 0 ? all : all.slice(0, broken)
            const hasContent = upToFailure.some(isContent)
            const succeeds = broken < 0 && tail.length > 0 && hasContent
            assert.strictEqual(Exit.isSuccess(chunked.exit), succeeds)
            assert.strictEqual(chunked.committed, hasContent)
            assert.deepStrictEqual(chunked.parts, chunked.committed ? upToFailure : [])
            assert.deepStrictEqual(seen, upToFailure.concat(all.slice(broken, broken + 1).filter(() => broken >= 0)))
            assert.deepStrictEqual(single.parts, chunked.parts)
            assert.deepStrictEqual(single.committed, chunked.committed)
            assert.strictEqual(Exit.isSuccess(single.exit), Exit.isSuccess(chunked.exit))
          },
        ),
        { numRuns: 1000, seed: 7 },
      ),
    ),
  )
})
