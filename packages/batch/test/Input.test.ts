import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"

import * as Input from "../src/Input.ts"

const Review = Schema.Struct({ id: Schema.String, stars: Schema.FiniteFromString })

const withFile = <A, E, R>(content: string, use: (path: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "input-"))),
    (folder) => {
      const path = join(folder, "items")
      writeFileSync(path, content)
      return use(path)
    },
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  ).pipe(Effect.provide(NodeFileSystem.layer))

const expected = [
  { id: "a", stars: 5 },
  { id: "b\nc", stars: 1 },
]

describe("items from a file", () => {
  it.effect.each([
    ["JSON lines", Input.jsonLines, '{"id":"a","stars":"5"}\n\n{"id":"b\\nc","stars":"1"}'],
    ["JSON lines of Windows", Input.jsonLines, '\ufeff{"id":"a","stars":"5"}\r\n{"id":"b\\nc","stars":"1"}\r\n'],
    ["CSV", Input.csv, 'id,stars\na,5\n"b\nc",1\n'],
    ["CSV with other columns", Input.csv, 'more,stars,id\r\n1,5,a\r\n2,1,"b\nc"\r\n'],
  ] as const)("are read from %s", ([, read, content]) =>
    withFile(content, (path) =>
      Effect.map(Stream.runCollect(read(path, Review)), (items) => {
        assert.deepStrictEqual(
          items.map(({ id, stars }) => ({ id, stars })),
          expected,
        )
      }),
    ),
  )

  it.effect.each([
    ["JSON lines", Input.jsonLines, '{"id":"a","stars":"5"}\n{"id":"b"}\n', 2],
    ["JSON lines that are none", Input.jsonLines, "hello\n", 1],
    ["CSV without a column", Input.csv, "id\na\n", 0],
    ["CSV with an open quote", Input.csv, 'id,stars\n"a,5\n', 2],
  ] as const)("are refused where %s are wrong, by the line", ([, read, content, line]) =>
    withFile(content, (path) =>
      Effect.map(Effect.flip(Stream.runDrain(read(path, Review))), (error) => {
        assert.strictEqual(error._tag, "InputInvalid")
        if (error._tag === "InputInvalid") assert.strictEqual(error.line, line, error.message)
      }),
    ),
  )

  it.effect("are refused where there is no file", () =>
    Effect.map(Effect.flip(Stream.runDrain(Input.csv("/nowhere", Review))), (error) => {
      assert.deepStrictEqual([error._tag, error.line], ["InputInvalid", 0])
    }).pipe(Effect.provide(NodeFileSystem.layer)),
  )
})
