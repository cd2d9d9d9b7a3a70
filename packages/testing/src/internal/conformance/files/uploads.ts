import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert } from "@effect/vitest"
import * as Failure from "@holdfast/core/Failure"
import * as FileSource from "@holdfast/core/FileSource"
import { Deferred, Effect, Fiber, Stream } from "effect"

import * as FileHabit from "../../../FileHabit.ts"
import { atOnce, bytesOf, type Check, onlyFile, present, report, sha256, streamed, tagOf } from "./trial.ts"

/** A file of this machine for as long as the scope is open. */
const temporary = (name: string, content: Uint8Array) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = mkdtempSync(join(tmpdir(), "holdfast-"))
      const path = join(directory, name)
      writeFileSync(path, content)
      return { directory, path }
    }),
    ({ directory }) => Effect.sync(() => rmSync(directory, { recursive: true })),
  )

/** More than one piece, and no whole number of them. */
const longOf = (pieceSize: number | undefined): number => (pieceSize ?? 1_000_000) + 1_234_567

const ways: ReadonlyArray<Check> = [
  {
    name: "uploads a file of this machine as it is, and knows its type by its name",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        const content = bytesOf(300_000)
        const { path } = yield* temporary("launch.mp4", content)
        const uploaded = yield* files.upload(FileSource.path(path))
        const seen = yield* onlyFile(emulator)
        assert.strictEqual(seen.sha256, sha256(content))
        assert.deepStrictEqual([seen.fileName, seen.mediaType], ["launch.mp4", "video/mp4"])
        assert.deepStrictEqual([uploaded.id, uploaded.size, uploaded.state], [seen.id, 300_000, "ready"])
        assert.deepStrictEqual([uploaded.fileName, uploaded.mediaType], ["launch.mp4", "video/mp4"])
      }),
  },
  {
    name: "uploads a stream of several pieces as it is, whether or not its size is known",
    run: ({ capabilities, emulator, files }) =>
      Effect.gen(function* () {
        const content = bytesOf(longOf(capabilities.pieceSize))
        for (const size of [content.byteLength, undefined]) {
          yield* files.upload(FileSource.stream(streamed(content), { fileName: "long.bin", size }))
        }
        const hashes = (yield* emulator.files.seen).files.map((file) => file.sha256)
        assert.deepStrictEqual(hashes, [sha256(content), sha256(content)])
      }),
  },
  {
    name: "uploads a file whose name could end its header",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        yield* files.upload(FileSource.bytes(bytesOf(10), { fileName: 'a"b\r\nx: y.txt' }))
        assert.strictEqual((yield* onlyFile(emulator)).size, 10)
      }),
  },
  {
    name: "fails by a file that cannot be read, and by a stream that fails",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        const missing = FileSource.path("/nowhere/at/all.pdf")
        const broken = FileSource.stream(Stream.concat(streamed(bytesOf(1000)), Stream.fail({ _tag: "Oops" })), {
          fileName: "broken.bin",
        })
        assert.strictEqual(yield* tagOf(files.upload(missing)), "FileUnreadable")
        assert.strictEqual(yield* tagOf(files.upload(broken)), "FileUnreadable")
        for (const size of [900, 1_100]) {
          const wrong = FileSource.stream(streamed(bytesOf(1_000)), { fileName: "wrong.bin", size })
          assert.strictEqual(yield* tagOf(files.upload(wrong)), "FileUnreadable")
        }
        assert.lengthOf((yield* emulator.files.seen).files, 0)
      }),
  },
]

const lost: ReadonlyArray<Check> = [
  {
    name: "goes on where a connection breaks in the middle",
    run: ({ capabilities, emulator, files }) =>
      Effect.gen(function* () {
        const content = bytesOf(longOf(capabilities.pieceSize))
        yield* emulator.files.behave(
          capabilities.pieceSize === undefined ? FileHabit.refuse("upload", "reset") : FileHabit.lostPiece(70_000),
        )
        yield* files.upload(FileSource.bytes(content, { fileName: "long.bin" }), atOnce)
        assert.strictEqual((yield* onlyFile(emulator)).sha256, sha256(content))
      }),
  },
  {
    name: "makes one file where answers to pieces are lost",
    run: ({ capabilities, emulator, files }) =>
      Effect.gen(function* () {
        if (!capabilities.resumes) return
        const content = bytesOf(longOf(capabilities.pieceSize))
        // The first begins the upload, and may be lost as well.
        for (const times of [1, 2, 3]) {
          yield* emulator.files.behave(FileHabit.loseAnswer("piece", times))
          yield* files.upload(FileSource.bytes(content, { fileName: `long-${times}.bin` }), atOnce)
        }
        const { files: seen } = yield* emulator.files.seen
        assert.deepStrictEqual(
          seen.map((file) => [file.fileName, file.sha256]),
          [1, 2, 3].map((times) => [`long-${times}.bin`, sha256(content)]),
        )
      }),
  },
  {
    name: "asks again where it was overloaded or throttled, and says so after that",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        for (const call of ["upload", "piece"] as const) {
          yield* emulator.files.behave(FileHabit.refuse(call, 503), FileHabit.refuse(call, 429))
          yield* files.upload(report, atOnce)
        }
        yield* emulator.files.behave(FileHabit.refuse("upload", 503, 9), FileHabit.refuse("piece", 503, 9))
        const error = yield* Effect.flip(files.upload(report, atOnce))
        assert.isTrue(Failure.isRetryable(error))
      }),
  },
  {
    name: "says that there is no room, and does not ask again",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        yield* emulator.files.behave(FileHabit.storageFull)
        const error = yield* Effect.flip(files.upload(report, { retry: atOnce.retry }))
        assert.strictEqual(Failure.tagOf(error), "QuotaExhaustedError")
        assert.lengthOf(yield* emulator.requests, 1)
      }),
  },
]

const scopes: ReadonlyArray<Check> = [
  {
    name: "deletes a file when its scope closes, and keeps one that is to be kept",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        yield* files.upload(report)
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* files.scoped(report)
            assert.lengthOf(yield* present(emulator), 2)
          }),
        )
        assert.lengthOf(yield* present(emulator), 1)
      }),
  },
  {
    name: "leaves nothing behind when an upload is given up",
    run: ({ capabilities, emulator, files, vendor }) =>
      Effect.gen(function* () {
        const reached = yield* Deferred.make<void>()
        const closed = yield* Deferred.make<void>()
        const size = longOf(capabilities.pieceSize) * 2
        const stalled = Stream.concat(
          streamed(bytesOf(longOf(capabilities.pieceSize))),
          Stream.fromEffectDrain(Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)),
        ).pipe(Stream.ensuring(Deferred.succeed(closed, undefined)))
        const source = FileSource.stream(stalled, { fileName: "stalled.bin", size })
        const fiber = yield* Effect.forkChild(Effect.scoped(files.scoped(source)))
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(closed)
        assert.lengthOf(yield* present(emulator), 0)
        if (vendor === "openai") assert.strictEqual((yield* emulator.files.seen).pending, 0)
      }),
  },
  {
    name: "uploads equal contents once where that is asked, and again when they have gone",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        const reuse = { reuse: true }
        const both = yield* Effect.all([files.upload(report, reuse), files.upload(report, reuse)], { concurrency: 2 })
        assert.strictEqual(both[0].id, both[1].id)
        const other = FileSource.bytes(bytesOf(12), { fileName: "report.txt" })
        assert.notStrictEqual((yield* files.upload(other, reuse)).id, both[0].id)
        assert.notStrictEqual((yield* files.upload(report)).id, both[0].id)
        assert.lengthOf(yield* present(emulator), 3)
        yield* files.delete(both[0].id)
        assert.notStrictEqual((yield* files.upload(report, reuse)).id, both[0].id)
      }),
  },
  {
    name: "lists all files page by page, tells of one, and deletes it more than once",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        const names = Array.from({ length: 101 }, (_, index) => `file-${index}.txt`)
        for (const fileName of names) yield* files.upload(FileSource.bytes(bytesOf(3), { fileName }))
        const all = yield* Stream.runCollect(files.list)
        assert.deepStrictEqual(
          all.map(({ fileName }) => fileName),
          names,
        )
        const first = all[0]
        assert.isDefined(first)
        assert.strictEqual((yield* files.get(first.id)).fileName, "file-0.txt")
        yield* files.delete(first.id)
        yield* Effect.ignore(files.delete(first.id))
        assert.lengthOf(yield* present(emulator), 100)
      }),
  },
]

export const uploads: ReadonlyArray<Check> = [...ways, ...lost, ...scopes]
