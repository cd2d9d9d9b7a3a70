import { assert, describe, it } from "@effect/vitest"
import { Failure, FileSource, RequestContext, Resilient, type StorageMeter } from "@holdfast/core"
import { Emulator, FileHabit, Reply } from "@holdfast/testing"
import { Data, Effect, Layer, Redacted, Schema, Stream } from "effect"
import { LanguageModel, Tool } from "effect/ai"
import { TestClock } from "effect/testing"

import * as GoogleCache from "../src/GoogleCache.ts"
import * as GoogleClient from "../src/GoogleClient.ts"
import * as GoogleFiles from "../src/GoogleFiles.ts"
import * as GoogleLanguageModel from "../src/GoogleLanguageModel.ts"
import * as GoogleTokenCounter from "../src/GoogleTokenCounter.ts"

const clients = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    GoogleClient.layer({ apiKey: Redacted.make("test-key"), apiUrl: emulator.baseUrl("google") }),
  ),
)

const live = clients.pipe(Layer.provideMerge(Emulator.layer()))

const model = GoogleLanguageModel.model("gemini-3.8-flash")

const book = "It was the best of times, it was the worst of times. ".repeat(200)

const lookUp = Tool.make("look_up", { parameters: Schema.Struct({ term: Schema.String }), success: Schema.String })

class NoMoney extends Data.TaggedError("NoMoney")<{}> {}

/** Writes down what it is told, and refuses all spans after so many. */
const recording = (most = Infinity) => {
  const told: Array<unknown> = []
  const spans: Array<StorageMeter.Span> = []
  const meter: StorageMeter.StorageMeter<NoMoney> = {
    reserve: (span) =>
      Effect.suspend(() => {
        if (spans.length >= most) return Effect.fail(new NoMoney())
        spans.push(span)
        const [from, until] = [span.from / 1000, span.until / 1000]
        told.push(["reserve", from, until])
        return Effect.succeed({
          settle: (stored: StorageMeter.Stored) =>
            Effect.sync(() => void told.push(["settle", from, stored.until / 1000, stored.tokens])),
          release: Effect.sync(() => void told.push(["release", from])),
        })
      }),
  }
  return { told, spans, meter }
}

const emulator = Emulator.Emulator

const caches = Effect.flatMap(emulator, ({ files }) => Effect.map(files.seen, (seen) => seen.caches))

/** Waits until something was asked for that is a request of this kind. */
const asked = (method: string): Effect.Effect<void, never, Emulator.Emulator> =>
  Effect.flatMap(emulator, ({ nextRequest }) =>
    Effect.flatMap(nextRequest, (request) => (request.method === method ? Effect.void : asked(method))),
  )

/** Lets what was asked for come to its end, in real time. */
const answered = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 0)))

const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.andThen(answered, until(holds))))

describe("GoogleCache", () => {
  it.effect("caches system messages, tools and contents, and deletes them in the end", () =>
    Effect.gen(function* () {
      const { requests } = yield* emulator
      yield* Effect.scoped(
        Effect.gen(function* () {
          const cache = yield* GoogleCache.make({
            model: "gemini-3.8-flash",
            prompt: [
              { role: "system", content: "You know this book." },
              { role: "user", content: [{ type: "text", text: book }] },
            ],
            tools: [lookUp],
            displayName: "the book",
            timeToLive: "5 minutes",
          })
          const [stored] = yield* caches
          assert.strictEqual(cache.tokens, stored?.tokens)
          assert.strictEqual(stored?.displayName, "the book")
          assert.deepStrictEqual(yield* Stream.runCollect(Stream.map(GoogleCache.list, ({ name }) => name)), [
            cache.name,
          ])
        }),
      )
      const [{ body } = { body: undefined }] = yield* requests
      const { contents, systemInstruction, tools, ...rest } = body as Record<string, unknown>
      assert.include(JSON.stringify(contents), "the best of times")
      assert.include(JSON.stringify(systemInstruction), "You know this book.")
      assert.include(JSON.stringify(tools), "look_up")
      assert.deepStrictEqual(rest["ttl"], "300s")
      assert.strictEqual(rest["model"], "models/gemini-3.8-flash")
      assert.isDefined((yield* caches)[0]?.deletedAt)
    }).pipe(Effect.provide(live)),
  )

  it.effect("is extended while it is used, and paid for span by span", () =>
    Effect.gen(function* () {
      const { meter, spans, told } = recording()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const cache = yield* GoogleCache.make({
            model: "gemini-3.8-flash",
            prompt: book,
            timeToLive: "600 seconds",
            meter,
          })
          for (const _ of [1, 2]) {
            yield* TestClock.adjust("300 seconds")
            yield* asked("PATCH")
            yield* until(() => told.length === spans.length * 2 - 1)
          }
          assert.strictEqual(yield* cache.expiresAt, 1_200_000)
          yield* TestClock.adjust("100 seconds")
        }),
      ).pipe(RequestContext.annotate({ tenant: "acme", tags: { feature: "books" } }))
      const [cache] = yield* caches
      const tokens = cache?.tokens ?? 0
      assert.deepStrictEqual(told, [
        ["reserve", 0, 600],
        ["reserve", 300, 900],
        ["settle", 0, 300, tokens],
        ["reserve", 600, 1_200],
        ["settle", 300, 600, tokens],
        ["settle", 600, 700, tokens],
      ])
      assert.deepStrictEqual(
        spans.map(({ isSent }) => isSent),
        [true, false, false],
      )
      assert.deepInclude(spans[2]?.context, { tenant: "acme", tags: { feature: "books" } })
      assert.deepInclude(cache, { extended: 2, deletedAt: 700_000 })
    }).pipe(Effect.provide(live)),
  )

  it.effect("is what prompts begin with, until it has expired", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { files, requests, script } = yield* emulator
        yield* script("google", Reply.text("A tale of two cities."))
        const { meter } = recording(1)
        const cache = yield* GoogleCache.make({
          model: "gemini-3.8-flash",
          prompt: book,
          meter,
          timeToLive: "60 seconds",
        })
        const ask = LanguageModel.generateText({ prompt: "Which book is it?" }).pipe(
          Resilient.provide(model),
          GoogleCache.use(cache),
        )
        assert.strictEqual((yield* ask).text, "A tale of two cities.")
        const bodies = (yield* requests).map(({ body }) => body as { readonly cachedContent?: string })
        assert.strictEqual(bodies.at(-1)?.cachedContent, cache.name)
        // The meter lets no further span in.
        yield* TestClock.adjust("60 seconds")
        assert.strictEqual((yield* Effect.flip(ask))._tag, "FileExpired")
        assert.strictEqual((yield* files.seen).caches[0]?.extended, 0)
      }),
    ).pipe(Effect.provide(live)),
  )

  it.effect("releases what was reserved for a cache that Google refuses, and keeps what may have been made", () =>
    Effect.gen(function* () {
      const { files } = yield* emulator
      const { meter, told } = recording()
      const made = (prompt: string) =>
        Effect.flip(Effect.scoped(GoogleCache.make({ model: "gemini-3.8-flash", prompt, meter })))
      const tooShort = yield* made("It was the best of times.")
      assert.include(tooShort.message, "too small")
      assert.deepStrictEqual(
        told.map((one) => (one as ReadonlyArray<unknown>)[0]),
        ["reserve", "release"],
      )
      yield* files.behave(FileHabit.loseAnswer("createCache"))
      assert.isTrue(Failure.isRetryable(yield* made(book)))
      assert.deepStrictEqual(
        told.map((one) => (one as ReadonlyArray<unknown>)[0]),
        ["reserve", "release", "reserve"],
      )
      assert.lengthOf(yield* caches, 1)
    }).pipe(Effect.provide(live)),
  )

  it.effect("is below the project at Vertex AI, where there are counts and no files", () =>
    Effect.gen(function* () {
      const server = yield* emulator
      const vertex = GoogleClient.layerVertex({
        project: "my-project",
        location: "europe-west1",
        token: Effect.succeed(Redacted.make("ya29.test")),
        apiUrl: server.baseUrl("google"),
      })
      yield* Effect.gen(function* () {
        const refused = Effect.flatMap(GoogleFiles.GoogleFiles, ({ upload }) =>
          upload(FileSource.bytes(new Uint8Array(3), { fileName: "report.txt" })),
        )
        assert.strictEqual((yield* Effect.flip(refused))._tag, "UnsupportedOption")
        yield* Effect.scoped(GoogleCache.make({ model: "gemini-3.8-flash", prompt: book }))
        const { count } = yield* GoogleTokenCounter.make("gemini-3.8-flash")
        assert.strictEqual((yield* count("Why do ships float?"))._tag, "Counted")
      }).pipe(Effect.provide(GoogleFiles.layer.pipe(Layer.provideMerge(vertex))))
      const all = yield* server.requests
      const base = "/google/v1/projects/my-project/locations/europe-west1"
      assert.deepStrictEqual(
        all.map(({ method, path }) => [method, path.replace(/\w+$/, (last) => (/^\d/.test(last) ? "1" : last))]),
        [
          ["POST", `${base}/cachedContents`],
          ["DELETE", `${base}/cachedContents/1`],
          ["POST", `${base}/publishers/google/models/gemini-3.8-flash:countTokens`],
        ],
      )
      const cached = (all[0]?.body as { readonly model: string } | undefined)?.model
      assert.strictEqual(cached, "projects/my-project/locations/europe-west1/publishers/google/models/gemini-3.8-flash")
    }).pipe(Effect.provide(live)),
  )

  it.effect("fails by a meter that refuses it, before any request", () =>
    Effect.gen(function* () {
      const { requests } = yield* emulator
      const { meter } = recording(0)
      const error = yield* Effect.flip(
        Effect.scoped(GoogleCache.make({ model: "gemini-3.8-flash", prompt: book, meter })),
      )
      assert.strictEqual(error._tag, "NoMoney")
      assert.lengthOf(yield* requests, 0)
    }).pipe(Effect.provide(live)),
  )

  it.effect("is paid for until it expires where it cannot be deleted", () =>
    Effect.gen(function* () {
      const { files } = yield* emulator
      const { meter, told } = recording()
      yield* files.behave(FileHabit.refuse("deleteCache", 400))
      yield* Effect.scoped(
        Effect.andThen(
          GoogleCache.make({ model: "gemini-3.8-flash", prompt: book, meter, timeToLive: "600 seconds" }),
          TestClock.adjust("10 seconds"),
        ),
      )
      assert.deepStrictEqual((told.at(-1) as ReadonlyArray<unknown>).slice(0, 3), ["settle", 0, 600])
    }).pipe(Effect.provide(live)),
  )
})
