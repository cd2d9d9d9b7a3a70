/**
 * The provider APIs on a loopback port: OpenAI Responses and Chat Completions, Anthropic Messages and Gemini, the embeddings of
 * OpenAI and Gemini, and OpenAI's endpoints for moderation, images, speech, transcripts and decisions. Gemini answers with
 * images and speech where a request asks for them.
 *
 * **When to use**
 *
 * To test what talks to a provider over real sockets: which bytes it sends, what it makes of rate limits, overloads, cut
 * and stalled streams, and whether it closes the connection when it gives up. No key and no network is needed.
 *
 * **Details**
 *
 * The dialect is chosen by the path of a request, below any prefix. A request must look like one that the provider
 * would accept: without credentials, model or messages it is refused as the provider refuses it, and no script is used
 * up. Delays and times come from the clock that the layer is built with.
 *
 * **Gotchas**
 *
 * Under a `TestClock` the delays wait for `TestClock.adjust`, while bytes still take real time on the socket. Tests with
 * delays read better with `it.live`, or with `Fault.holdAfter` and a `Deferred`.
 *
 * **Example** (From a program)
 *
 * ```ts
 * import { Emulator, Reply } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const emulator = yield* Emulator.Emulator
 *   yield* emulator.script("openai-chat", Reply.overloaded(), Reply.text("hello world"))
 *   const ask = Effect.promise(() =>
 *     fetch(`${emulator.baseUrl("openai-chat")}/chat/completions`, {
 *       method: "POST",
 *       headers: { authorization: "Bearer test" },
 *       body: JSON.stringify({ model: "gpt-test", messages: [{ role: "user", content: "hi" }] }),
 *     }).then((response) => response.status),
 *   )
 *   return [yield* ask, yield* ask]
 * }).pipe(Effect.provide(Emulator.layer()))
 *
 * await Effect.runPromise(program) // => [503, 200]
 * ```
 *
 * @since 0.1.0
 */
import { createServer } from "node:http"

import { Context, Effect, Layer, Queue } from "effect"
import { type HttpServerError } from "effect/http"
import { NetAddress } from "effect/net"

import { type BatchHabit } from "./BatchHabit.ts"
import { type Chaos } from "./Chaos.ts"
import { type FileHabit } from "./FileHabit.ts"
import { mistakeIn } from "./internal/chaos/rate.ts"
import { finishAll, forgetAll, seen, type Seen } from "./internal/emulator/batch/control.ts"
import { behave, empty, type VendorName } from "./internal/emulator/batch/state.ts"
import { watch } from "./internal/emulator/connection.ts"
import { baseUrl } from "./internal/emulator/dialects.ts"
import { behaveFiles, emptyStore, forgetFiles, type SeenCache, type SeenFile } from "./internal/emulator/files/state.ts"
import { handle } from "./internal/emulator/handler.ts"
import { rulesOf } from "./internal/emulator/history/rules.ts"
import { fingerprint as fingerprintOf } from "./internal/emulator/redact.ts"
import { type Entry, snapshot, type State } from "./internal/emulator/state.ts"
import { type Dialect, type RecordedRequest } from "./RecordedRequest.ts"
import { type Reply } from "./Reply.ts"

export type { ChatDialect, Dialect, RecordedRequest } from "./RecordedRequest.ts"

export type { SeenCache, SeenFile } from "./internal/emulator/files/state.ts"

export type { Seen, SeenBatch, SeenItem } from "./internal/emulator/batch/control.ts"

/**
 * A vendor with a batch API.
 *
 * @since 0.1.0
 * @category models
 */
export type BatchVendor = VendorName

/**
 * The batch APIs of an emulator.
 *
 * **Details**
 *
 * Batches go on with the polls of them, or by `finish`, and never with time; chaos leaves them alone. Items get the replies of their dialect: scripted
 * ones, those of a responder, or a short text. By HTTP, from another process, there are `GET /emulator/batches`, which is
 * `seen`, and `POST /emulator/batches/finish`, `/reset` and `/habits`.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchControl {
  /** What a client takes as its base URL. */
  readonly baseUrl: (vendor: BatchVendor) => string
  /** Lays down what goes wrong from now on, in place of what was laid down before. */
  readonly behave: (...habits: ReadonlyArray<BatchHabit>) => Effect.Effect<void>
  /** Ends all batches that are running. */
  readonly finish: Effect.Effect<void>
  /** All batches since the start or the last reset, and what they used. */
  readonly seen: Effect.Effect<Seen>
}

/**
 * What an emulator has of files and caches, those that were deleted included.
 *
 * @since 0.1.0
 * @category models
 */
export interface SeenFiles {
  readonly files: ReadonlyArray<SeenFile>
  readonly caches: ReadonlyArray<SeenCache>
  /** Uploads that were begun, and neither completed nor cancelled. */
  readonly pending: number
}

/**
 * The file, cache and counting APIs of an emulator, at the addresses of the chats.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileControl {
  /** Lays down what goes wrong from now on, in place of what was laid down before. */
  readonly behave: (...habits: ReadonlyArray<FileHabit>) => Effect.Effect<void>
  readonly seen: Effect.Effect<SeenFiles>
}

/**
 * A running emulator.
 *
 * @since 0.1.0
 * @category services
 */
export class Emulator extends Context.Service<
  Emulator,
  {
    readonly port: number
    /** What the SDK of the provider takes as its base URL. */
    readonly baseUrl: (dialect: Dialect) => string
    /** Queues replies, one per request, first in first out. Chaos leaves them alone. */
    readonly script: (dialect: Dialect, ...replies: ReadonlyArray<Reply>) => Effect.Effect<void>
    /** Answers the requests that find the queue empty; without it they get a short text. */
    readonly respond: (
      dialect: Dialect,
      answer: (request: RecordedRequest) => Reply | Effect.Effect<Reply>,
    ) => Effect.Effect<void>
    /** All requests since the start or the last reset, in order of arrival. */
    readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
    /** Waits for the next request, or gives the oldest one that nobody has taken yet. */
    readonly nextRequest: Effect.Effect<RecordedRequest>
    /** Waits for a client to close the connection of an unfinished answer, or gives the oldest one not taken yet. */
    readonly nextAborted: Effect.Effect<RecordedRequest>
    readonly batches: BatchControl
    readonly files: FileControl
    /** Forgets scripts, responders, batches and requests, and starts the chaos over. */
    readonly reset: Effect.Effect<void>
  }
>()("holdfast/testing/Emulator") {}

/**
 * How to run the emulator.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Any free port if left out. */
  readonly port?: number
  /** How many polls find a batch running before it ends. One if left out; `Infinity` waits for `finish`. */
  readonly batchPolls?: number
  readonly chaos?: Chaos
  /**
   * Whether histories are refused that the provider would refuse, in its words: calls without results, foreign
   * signatures, ids that are too long and so on. See {@link historyRules}.
   */
  readonly strict?: boolean
}

/**
 * One rule of a provider's about the shape of a history.
 *
 * @since 0.1.0
 * @category models
 */
export interface HistoryRule {
  /** What the provider wants, in a sentence. */
  readonly name: string
  /** Where it is written, or where people met it. */
  readonly source: string
  /** A body that breaks this rule and no other. Chat Completions have those of OpenAI, DeepSeek and Mistral. */
  readonly breaks: Readonly<Record<string, unknown>>
}

/**
 * What a strict emulator holds requests to.
 *
 * **Example** (How many rules Anthropic has)
 *
 * ```ts
 * import { Emulator } from "@holdfast/testing"
 *
 * Emulator.historyRules("anthropic").length > 10 // => true
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const historyRules = (dialect: Dialect): ReadonlyArray<HistoryRule> => rulesOf[dialect] ?? []

/**
 * What the log shows instead of a key.
 *
 * @since 0.1.0
 * @category accessors
 */
export const fingerprint = (key: string): string => fingerprintOf(key)

const reset = (state: State): Effect.Effect<void> =>
  Effect.gen(function* () {
    state.entries.length = 0
    state.scripts.clear()
    state.responders.clear()
    state.unscripted.clear()
    state.issued.clear()
    forgetAll(state)
    forgetFiles(state.files)
    yield* Queue.clear(state.arrived)
    yield* Queue.clear(state.aborted)
  })

const batchRoots: Readonly<Record<BatchVendor, string>> = {
  openai: "/openai/v1",
  anthropic: "/anthropic",
  google: "/google",
  groq: "/groq/openai/v1",
  mistral: "/mistral/v1",
  openrouter: "/openrouter/api/v1",
}

// Whoever only scripts a model needs no HTTP server, and need not install one.
const platformNode = Effect.tryPromise(() => import("@effect/platform-node")).pipe(
  Effect.mapError(({ cause }) => new Error("the emulator needs the package @effect/platform-node", { cause })),
  Effect.orDie,
)

const make = Effect.fnUntraced(function* (options: Options) {
  const mistake = options.chaos === undefined ? undefined : mistakeIn(options.chaos)
  if (mistake !== undefined) return yield* Effect.die(new Error(`Chaos.seeded: ${mistake}`))
  const state: State = {
    count: 0,
    closed: false,
    entries: [],
    scripts: new Map(),
    responders: new Map(),
    unscripted: new Map(),
    strict: options.strict === true,
    issued: new Map(),
    arrived: yield* Queue.unbounded<Entry>(),
    aborted: yield* Queue.unbounded<Entry>(),
    batches: empty(options.batchPolls ?? 1),
    files: emptyStore(),
  }
  const node = watch(createServer())
  // Closed after five seconds, a connection may just have been chosen for the next request, which a slow machine shows.
  node.keepAliveTimeout = 0
  const { NodeHttpServer } = yield* platformNode
  const server = yield* NodeHttpServer.make(() => node, {
    port: options.port ?? 0,
    host: "127.0.0.1",
    // Stalled answers would hold up an orderly shutdown.
    disablePreemptiveShutdown: true,
  })
  yield* server.serve(handle(state, options.chaos))
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      state.closed = true
      node.closeAllConnections()
    }),
  )
  const port = NetAddress.isUnixPathAddress(server.address) ? 0 : server.address.port
  return Emulator.of({
    port,
    baseUrl: (dialect) => baseUrl(port, dialect),
    script: (dialect, ...replies) =>
      Effect.sync(() => {
        state.scripts.set(dialect, [...(state.scripts.get(dialect) ?? []), ...replies])
      }),
    respond: (dialect, answer) =>
      Effect.sync(() => {
        state.responders.set(dialect, answer)
      }),
    requests: Effect.sync(() => state.entries.map(snapshot)),
    nextRequest: Effect.map(Queue.take(state.arrived), snapshot),
    nextAborted: Effect.map(Queue.take(state.aborted), snapshot),
    batches: {
      baseUrl: (vendor) => `http://127.0.0.1:${port}${batchRoots[vendor]}`,
      behave: (...habits) => Effect.sync(() => behave(state.batches, habits)),
      finish: Effect.suspend(() => finishAll(state)),
      seen: Effect.sync(() => seen(state)),
    },
    files: {
      behave: (...habits) => Effect.sync(() => behaveFiles(state.files, habits)),
      seen: Effect.sync(() => ({
        files: [...state.files.files.values()].map((file) => structuredClone(file)),
        caches: [...state.files.caches.values()].map((cache) => structuredClone(cache)),
        pending: [...state.files.uploads.values()].filter((upload) => upload.state === "active").length,
      })),
    },
    reset: reset(state),
  })
})

/**
 * Starts an emulator and stops it with the scope of the layer.
 *
 * **Example** (Shared by the tests of a file)
 *
 * ```ts
 * // file: provider.test.ts
 * import { expect, layer } from "@effect/vitest"
 * import { Emulator } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * layer(Emulator.layer())("my provider", (it) => {
 *   it.effect("has asked nothing yet", () =>
 *     Effect.gen(function* () {
 *       const emulator = yield* Emulator.Emulator
 *       yield* emulator.reset
 *       expect(yield* emulator.requests).toEqual([])
 *     }),
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Emulator, HttpServerError.ServeError> =>
  Layer.effect(Emulator, make(options))
