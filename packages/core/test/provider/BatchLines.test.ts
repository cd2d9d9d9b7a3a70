import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"

import * as Failure from "../../src/Failure.ts"
import * as BatchLines from "../../src/provider/BatchLines.ts"
import { type Item } from "../../src/provider/BatchProvider.ts"
import { origin } from "../scripted.ts"

const encoder = new TextEncoder()

const inPieces = (text: string, size: number): Stream.Stream<Uint8Array> => {
  const bytes = encoder.encode(text)
  const count = Math.ceil(bytes.length / size)
  return Stream.fromIterable(Array.from({ length: count }, (_, index) => bytes.slice(index * size, (index + 1) * size)))
}

const read = (text: string, options: { readonly size?: number; readonly longest?: number } = {}) =>
  Stream.runCollect(BatchLines.read(inPieces(text, options.size ?? 7), options.longest))

const broken = (id: string | undefined, what: string) => ({ _tag: "Broken" as const, id, what })

describe("lines that are read", () => {
  it.effect("are the same however they are cut, also within a character", () =>
    Effect.gen(function* () {
      const text = '{"a":"größe 🌧"}\r\n\n  {"b":[1,2]}\n{"c":null}'
      for (const size of [1, 2, 3, 5, 100]) {
        assert.deepStrictEqual(yield* read(text, { size }), [
          { _tag: "Object", value: { a: "größe 🌧" } },
          { _tag: "Object", value: { b: [1, 2] } },
          { _tag: "Object", value: { c: null } },
        ])
      }
      assert.deepStrictEqual(yield* read(""), [])
      assert.deepStrictEqual(yield* read("\n\n"), [])
    }),
  )

  it.effect("are broken one by one, with the id that they begin with", () =>
    Effect.gen(function* () {
      const lines = [
        '{"custom_id":"a","response":{',
        '{"id":"batch_req_1","custom_id":"b-2_X","response":{"body"',
        '{"response":{"args":{"key":"not-this"}',
        '{"response":{"args":{"key":"nor-this"}}',
        '{"text":"\\"custom_id\\":\\"no\\"',
        "[1]",
        "17",
        '"text"',
        "null",
      ]
      assert.deepStrictEqual(yield* read(lines.join("\n")), [
        broken("a", "a line is not JSON"),
        broken("b-2_X", "a line is not JSON"),
        broken(undefined, "a line is not JSON"),
        broken(undefined, "a line is not JSON"),
        broken(undefined, "a line is not JSON"),
        ...["[1]", "17", '"text"', "null"].map(() => broken(undefined, "a line is no object")),
      ])
    }),
  )

  it.effect("are dropped where they are too long, and the next ones are read", () =>
    Effect.gen(function* () {
      const long = "x".repeat(20_000)
      const text = `{"custom_id":"a","text":"${long}"}\n{"b":1}\n{"text":"${long}","key":"c"}\n{"text":"${long}","key":"no"}`
      for (const size of [3, 1_000, 100_000]) {
        assert.deepStrictEqual(yield* read(text, { size, longest: 10_000 }), [
          broken("a", "a line exceeds 10000 characters"),
          { _tag: "Object", value: { b: 1 } },
          broken("c", "a line exceeds 10000 characters"),
          broken(undefined, "a line exceeds 10000 characters"),
        ])
      }
    }),
  )

  it.effect("come before the end of what breaks", () =>
    Effect.gen(function* () {
      const seen: Array<BatchLines.Line> = []
      const bytes = Stream.concat(inPieces('{"a":1}\n{"b"', 100), Stream.fail("broken"))
      const exit = yield* Effect.exit(
        Stream.runForEach(BatchLines.read(bytes), (line) => Effect.sync(() => seen.push(line))),
      )
      assert.deepStrictEqual(seen, [{ _tag: "Object", value: { a: 1 } }])
      assert.deepStrictEqual(exit, Exit.fail("broken"))
    }),
  )
})

describe("what is told of an item", () => {
  const tell = BatchLines.telling(origin, "custom_id", (id) => ({ _tag: "Canceled", id }))

  it("is an error that may be billed where its line cannot be read", () => {
    const refused = tell(broken("a", "a line is not JSON"))
    assert.strictEqual(refused._tag, "Refused")
    if (refused._tag === "Refused") {
      assert.strictEqual(refused.id, "a")
      assert.isTrue(Failure.classify(refused.error).billed)
    }
  })

  it("is nothing where the line names none", () => {
    assert.strictEqual(tell(broken(undefined, "a line is not JSON"))._tag, "Unreadable")
    assert.strictEqual(tell({ _tag: "Object", value: { custom_id: 7 } })._tag, "Unreadable")
    assert.deepStrictEqual(tell({ _tag: "Object", value: { custom_id: "a" } }), { _tag: "Canceled", id: "a" })
  })
})

describe("lines that are written", () => {
  const line = ({ body, id }: Item) => ({ custom_id: id, body })
  const textOf = (pieces: ReadonlyArray<Uint8Array>) => pieces.map((piece) => new TextDecoder().decode(piece)).join("")
  const write = (items: ReadonlyArray<Item>, limits: BatchLines.Limits = { items: 9, bytes: 999 }) =>
    BatchLines.write(Stream.fromIterable(items), { origin, limits, line })

  it.effect("have the size that was foretold", () =>
    Effect.gen(function* () {
      const items = [
        { id: "a", body: { text: "größe\n🌧" } },
        { id: "b", body: [1] },
      ]
      const { bytes, pieces } = yield* write(items)
      assert.strictEqual(
        bytes,
        items.reduce((sum, item) => sum + BatchLines.sizeOf(line(item)), 0),
      )
      assert.strictEqual(textOf(pieces), items.map((item) => `${JSON.stringify(line(item))}\n`).join(""))
    }),
  )

  it.effect("stand in a list as well, and in pieces where they are many", () =>
    Effect.gen(function* () {
      const items = Array.from({ length: 300 }, (_, index) => ({ id: `i${index}`, body: "ü".repeat(9_000) }))
      const writing = { origin, limits: { items: 300, bytes: 9_000_000 }, line }
      const { bytes, pieces } = yield* BatchLines.writeList(Stream.fromIterable(items), writing)
      assert.deepStrictEqual(JSON.parse(`[${textOf(pieces)}]`), items.map(line))
      assert.isAbove(pieces.length, 1)
      assert.isBelow(pieces.length, 10)
      assert.strictEqual(
        bytes,
        pieces.reduce((sum, piece) => sum + piece.length, 0),
      )
      assert.deepStrictEqual(yield* BatchLines.writeList(Stream.empty, writing), { pieces: [], bytes: 0 })
    }),
  )

  it.effect("are refused where a batch would not take them", () =>
    Effect.gen(function* () {
      const two = [
        { id: "a", body: 1 },
        { id: "b", body: 1 },
      ]
      for (const refused of [
        write([{ id: "a b", body: 1 }]),
        write([...two, { id: "a", body: 2 }]),
        write(two, { items: 1, bytes: 999 }),
        write(two, { items: 9, bytes: 40 }),
      ]) {
        assert.strictEqual(Failure.tagOf(yield* Effect.flip(refused)), "InvalidRequestError")
      }
    }),
  )
})
