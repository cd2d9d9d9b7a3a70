import { createServer } from "node:http"
import { type AddressInfo } from "node:net"

import { assert } from "@effect/vitest"
import * as FileSource from "@holdfast/core/FileSource"
import * as KeySource from "@holdfast/core/KeySource"
import * as Resilient from "@holdfast/core/Resilient"
import * as UploadedFile from "@holdfast/core/UploadedFile"
import { Effect, Redacted, Schema } from "effect"
import { LanguageModel, Tool } from "effect/ai"

import type * as Emulator from "../../../Emulator.ts"
import * as FileHabit from "../../../FileHabit.ts"
import * as Reply from "../../../Reply.ts"
import { fingerprint } from "../../emulator/redact.ts"
import { atOnce, bytesOf, type Check, present, report, secret, tagOf, type Trial } from "./trial.ts"

const pdf = FileSource.bytes(bytesOf(2_000), { fileName: "report.pdf" })

const askAbout = <R>({ model }: Pick<Trial<R>, "model">, file: UploadedFile.UploadedFile) =>
  LanguageModel.generateText({
    prompt: [{ role: "user", content: [UploadedFile.part(file), { type: "text", text: "What does it say?" }] }],
  }).pipe(Resilient.provide(model))

const chats = ({ dialect, emulator }: { readonly dialect: string; readonly emulator: Emulator.Emulator["Service"] }) =>
  Effect.map(emulator.requests, (all) => all.filter((request) => request.dialect === dialect && request.model !== ""))

const prompts: ReadonlyArray<Check> = [
  {
    name: "is asked about a file of this machine in one call, and leaves nothing behind",
    run: (trial) =>
      Effect.gen(function* () {
        const { dialect, emulator, files, model } = trial
        yield* emulator.script(dialect, Reply.text("It says that all is well."))
        const { text } = yield* files.ask("What does it say?", pdf, atOnce).pipe(Effect.provide(model))
        assert.strictEqual(text, "It says that all is well.")
        const [chat] = yield* chats(trial)
        const { id } = (yield* emulator.files.seen).files[0] ?? { id: "none" }
        assert.include(JSON.stringify(chat?.body), id)
        assert.lengthOf(yield* present(emulator), 0)
      }),
  },
  {
    name: "is shown a file by its id, until that has expired",
    run: (trial) =>
      Effect.gen(function* () {
        const { emulator, files } = trial
        yield* emulator.files.behave(FileHabit.shortLived(3_600_000))
        const file = yield* files.upload(pdf)
        assert.isDefined(file.expiresAt)
        yield* askAbout(trial, file)
        assert.lengthOf(yield* chats(trial), 1)
        const options = Object.entries(file.options).map(([key, own]) => [key, { ...own, expiresAt: 1_000 }] as const)
        const expired = { ...file, expiresAt: 1_000, options: Object.fromEntries(options) }
        assert.strictEqual(yield* tagOf(askAbout(trial, expired)), "FileExpired")
        assert.strictEqual(yield* tagOf(UploadedFile.check(expired)), "FileExpired")
        assert.strictEqual(yield* tagOf(UploadedFile.check(file, "2 hours")), "FileExpired")
        assert.lengthOf(yield* chats(trial), 1)
      }),
  },
  {
    name: "refuses a file that is at another vendor, before any request",
    run: (trial) =>
      Effect.gen(function* () {
        const file = yield* trial.files.upload(pdf)
        const elsewhere = { ...file, provider: "elsewhere", options: { elsewhere: { fileId: "f-1" } } }
        assert.strictEqual(yield* tagOf(askAbout(trial, elsewhere)), "UnsupportedOption")
        assert.lengthOf(yield* chats(trial), 0)
      }),
  },
  {
    name: "waits until a file can be used, and not for ever",
    run: ({ capabilities, emulator, files }) =>
      Effect.gen(function* () {
        if (!capabilities.processes) return
        yield* emulator.files.behave(FileHabit.processing(3))
        assert.strictEqual((yield* files.upload(report, atOnce)).state, "ready")
        yield* emulator.files.behave(FileHabit.processing(Infinity))
        const waiting = { ...atOnce, timeout: "20 millis" } as const
        assert.strictEqual(yield* tagOf(Effect.scoped(files.scoped(report, waiting))), "FileNotReady")
        assert.lengthOf(yield* present(emulator), 1)
        yield* emulator.files.behave(FileHabit.failing("The film has no frames."))
        const failed = yield* Effect.flip(Effect.scoped(files.scoped(report, atOnce)))
        assert.include(failed.message, "The film has no frames.")
        assert.lengthOf(yield* present(emulator), 1)
      }),
  },
  {
    name: "keeps a file for as long as is asked, or refuses to",
    run: ({ capabilities, emulator, files }) =>
      Effect.gen(function* () {
        const asked = files.upload(report, { expiresIn: "2 hours" })
        if (!capabilities.expires) {
          assert.strictEqual(yield* tagOf(asked), "UnsupportedOption")
          return
        }
        const { createdAt = 0, expiresAt = 0 } = yield* asked
        assert.isAtMost(Math.abs(expiresAt - createdAt - 7_200_000), 2_000)
        assert.strictEqual(yield* tagOf(files.upload(report, { expiresIn: "1 second" })), "UnsupportedOption")
        assert.lengthOf(yield* present(emulator), 1)
      }),
  },
]

/** A host that is not the API's, and what it is asked. */
const elsewhere = Effect.acquireRelease(
  Effect.callback<{ readonly origin: string; readonly asked: Array<string>; readonly close: () => void }>((resume) => {
    const asked: Array<string> = []
    const server = createServer((request, response) => {
      asked.push(JSON.stringify([request.url, request.headers]))
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, asked, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close),
)

const keys: ReadonlyArray<Check> = [
  {
    name: "sends a request once more whose key has expired meanwhile",
    run: ({ capabilities, emulator, withKey }) =>
      Effect.gen(function* () {
        const refused: Array<string> = []
        const files = yield* withKey({
          current: Effect.sync(() => Redacted.make(`${secret}-${refused.length}`)),
          refused: (key) => Effect.sync(() => void refused.push(Redacted.value(key))),
        })
        // After the first request where there are several.
        const call = capabilities.pieceSize === undefined ? "upload" : "piece"
        yield* emulator.files.behave(FileHabit.refuse(call, 401))
        const size = (capabilities.pieceSize ?? 1_000_000) + 5_000
        yield* files.upload(FileSource.bytes(bytesOf(size), { fileName: "long.bin" }))
        assert.deepStrictEqual(refused, [`${secret}-0`])
        assert.lengthOf(yield* present(emulator), 1)
      }),
  },
  {
    name: "goes on with a new key where one expires while many uploads are under way",
    run: ({ capabilities, emulator, withKey }) =>
      Effect.gen(function* () {
        let loads = 0
        const source = yield* KeySource.make(Effect.sync(() => Redacted.make(`${secret}-${++loads}`)))
        const files = yield* withKey(source)
        yield* emulator.files.behave(FileHabit.revoked(fingerprint(`${secret}-1`), 5))
        const size = (capabilities.pieceSize ?? 100_000) + 5_000
        const names = Array.from({ length: 4 }, (_, index) => `${index}.bin`)
        yield* Effect.forEach(names, (fileName) => files.upload(FileSource.bytes(bytesOf(size), { fileName })), {
          concurrency: "unbounded",
        })
        yield* files.upload(report)
        yield* Effect.forEach(names, () => files.upload(report), { concurrency: "unbounded" })
        assert.lengthOf(yield* present(emulator), 9)
        assert.strictEqual(loads, 2)
      }),
  },
  {
    name: "gives neither key nor file to a host that an answer names",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        const { asked, origin } = yield* elsewhere
        yield* emulator.files.behave(FileHabit.foreignUploadUrl(origin))
        yield* files.upload(report)
        for (const call of ["upload", "piece", "get"] as const) {
          yield* emulator.files.behave(FileHabit.redirect(call, `${origin}/elsewhere`))
          yield* Effect.exit(files.upload(report, { retry: atOnce.retry }))
          yield* Effect.exit(files.get("file-1"))
        }
        assert.deepStrictEqual(asked, [])
      }),
  },
  {
    name: "says nothing of the key when it fails",
    run: ({ emulator, files }) =>
      Effect.gen(function* () {
        yield* emulator.files.behave(FileHabit.refuse("upload", 401, 9), FileHabit.refuse("piece", 401, 9))
        const error = yield* Effect.flip(files.upload(report, atOnce))
        assert.notInclude(JSON.stringify(error) + String(error), secret)
      }),
  },
]

const lookUp = Tool.make("look_up", {
  description: "Looks something up.",
  parameters: Schema.Struct({ term: Schema.String }),
  success: Schema.String,
})

const countable = {
  prompt: [
    { role: "system", content: "You are a marine engineer." },
    { role: "user", content: [{ type: "text", text: "Why do ships float?" }] },
  ],
  tools: [lookUp],
  toolChoice: "auto",
} as const

const counts: ReadonlyArray<Check> = [
  {
    name: "counts a request with its system message and its tools",
    run: ({ counter, emulator }) =>
      Effect.gen(function* () {
        const { count } = yield* counter()
        const counted = yield* count(countable)
        assert.strictEqual(counted._tag, "Counted")
        const [request] = yield* emulator.requests
        for (const said of ["marine engineer", "Why do ships float?", "look_up"]) {
          assert.include(JSON.stringify(request?.body), said)
        }
        assert.isBelow((yield* count("Why do ships float?")).tokens, counted.tokens)
      }),
  },
  {
    name: "estimates where the vendor is late or does not count",
    run: ({ counter, emulator }) =>
      Effect.gen(function* () {
        yield* emulator.files.behave(FileHabit.refuse("count", "stall", 9))
        const late = yield* (yield* counter({ timeout: "20 millis" })).count(countable)
        assert.deepInclude(late, { _tag: "Estimated", because: "deadline" })
        yield* emulator.files.behave(FileHabit.refuse("count", 503, 9))
        const failed = yield* (yield* counter()).count(countable)
        assert.strictEqual(failed._tag, "Estimated")
        assert.isAbove(failed.tokens, 20)
      }),
  },
]

export const uses: ReadonlyArray<Check> = [...prompts, ...keys, ...counts]
