import { inspect } from "node:util"

import { assert } from "@effect/vitest"
import type * as KeySource from "@holdfast/core/KeySource"
import { Cause, ConfigProvider, Effect, Exit, Redacted, type Scope, Stream } from "effect"
import { type AiError } from "effect/ai"

import * as Emulator from "../../Emulator.ts"
import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import { type ChatDialectName } from "../emulator/dialect.ts"
import { environment } from "./environment.ts"

/**
 * What every client takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly apiKey: Redacted.Redacted | KeySource.KeySource
  readonly apiUrl?: string | undefined
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * The client under test.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<Client> {
  /** The name of its module, such as `OpenAiClient`. */
  readonly name: string
  readonly dialect: ChatDialectName
  readonly make: (options: Options) => Effect.Effect<Client, unknown>
  /** Sends a request that is answered as a whole. */
  readonly once: (client: Client) => Effect.Effect<unknown, AiError.AiError>
  /** Sends a request that is answered event by event. */
  readonly open: (
    client: Client,
  ) => Effect.Effect<{ readonly parts: Stream.Stream<unknown, AiError.AiError> }, AiError.AiError, Scope.Scope>
  /** Asks the SDK itself, and gives the text of the answer. */
  readonly use: (client: Client) => Effect.Effect<unknown, AiError.AiError>
  /** What the client has when it is made of the configuration; absent where it cannot be. */
  readonly configured?:
    | {
        /** The variable of the key. */
        readonly variable: string
        readonly read: Effect.Effect<unknown, unknown>
        readonly expected: unknown
      }
    | undefined
  /** What the SDK would read from the environment, and the client does not. */
  readonly environment: Readonly<Record<string, string>>
  /** What is sent whatever the environment is: the header of the key, other headers, and the path of `once`. */
  readonly sent: {
    readonly key: string
    readonly headers: Readonly<Record<string, string | undefined>>
    readonly path: string
  }
  /** The SDK's package or its scope, and the `index.ts` of the provider; absent where another subject of it says so. */
  readonly sdk?: { readonly sdk: string; readonly index: URL } | undefined
}

/** One thing that every client must do. */
export interface Check {
  readonly name: string
  readonly run: <Client>(
    subject: Subject<Client>,
    emulator: Emulator.Emulator["Service"],
  ) => Effect.Effect<void, unknown, Scope.Scope>
}

const key = "sk-conformance-0123456789abcdef"
const apiKey = Redacted.make(key)

const drained = <Client>(subject: Subject<Client>, client: Client) =>
  Effect.scoped(Effect.flatMap(subject.open(client), ({ parts }) => Stream.runCollect(parts)))

const html = Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: "<html>busy</html>" })

const optionChecks: ReadonlyArray<Check> = [
  {
    name: "finds options that cannot work at once, and never shows the key",
    run: (subject) =>
      Effect.gen(function* () {
        const mistakes: ReadonlyArray<readonly [option: string, options: Options]> = [
          ["apiUrl", { apiKey, apiUrl: "api.example.com" }],
          ["apiUrl", { apiKey, apiUrl: "ftp://a.example" }],
          ["apiUrl", { apiKey, apiUrl: `https://user:${key}@a.example` }],
          ["apiKey", { apiKey: Redacted.make(" \n") }],
          ["apiKey", { apiKey: Redacted.make(`${key}\u2028${key}`) }],
        ]
        for (const [option, options] of mistakes) {
          const exit = yield* Effect.exit(subject.make(options))
          const message = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "no failure"
          if (option === "apiUrl") assert.include(message, `${subject.name}: apiUrl `)
          else assert.match(message, new RegExp(`${subject.name}[^]*[kK]ey (?:is empty|has characters)`))
          assert.notInclude(message, key)
        }
      }),
  },
  {
    name: "may be made of the configuration",
    run: ({ configured, environment: variables }) =>
      Effect.gen(function* () {
        if (configured === undefined) return
        const { [configured.variable]: _, ...others } = variables
        const read = (values: Record<string, string>) =>
          Effect.exit(
            Effect.provideService(
              configured.read,
              ConfigProvider.ConfigProvider,
              ConfigProvider.fromUnknown({ ...others, ...values }),
            ),
          )
        assert.deepStrictEqual(yield* read({ [configured.variable]: key }), Exit.succeed(configured.expected))
        assert.isTrue(Exit.isFailure(yield* read({})))
      }),
  },
]

const secrecyChecks: ReadonlyArray<Check> = [
  {
    name: "does not show its key",
    run: (subject) =>
      Effect.gen(function* () {
        const client = yield* subject.make({ apiKey })
        for (const shown of [inspect(client, { depth: 9, showHidden: true }), JSON.stringify(client)]) {
          assert.notInclude(shown, key)
        }
      }),
  },
  {
    name: "hides its key from errors that repeat it",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        const refusal = Reply.status(401, { message: `Incorrect API key provided: ${key}` })
        yield* emulator.script(subject.dialect, refusal, refusal)
        const client = yield* subject.make({ apiKey, apiUrl: emulator.baseUrl(subject.dialect) })
        const errors = [yield* Effect.flip(subject.once(client)), yield* Effect.flip(subject.open(client))]
        for (const error of errors) {
          assert.include(inspect(error, { depth: 9 }), "<redacted>")
          for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)]) {
            assert.notInclude(shown, key)
          }
        }
      }),
  },
  {
    name: "knows nothing of the environment",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        yield* environment(subject.environment)
        const client = yield* subject.make({
          apiKey: Redacted.make(`${key}\n`),
          apiUrl: `${emulator.baseUrl(subject.dialect)}/`,
          headers: { "X-Mine": "yes" },
        })
        yield* subject.once(client)
        yield* subject.use(client)
        const requests = yield* emulator.requests
        assert.lengthOf(requests, 2)
        assert.strictEqual(requests[0]?.path, subject.sent.path)
        for (const { headers } of requests) {
          assert.strictEqual(headers[subject.sent.key], Emulator.fingerprint(key))
          const expected: Readonly<Record<string, string | undefined>> = {
            "x-mine": "yes",
            "x-env": undefined,
            ...subject.sent.headers,
          }
          for (const [name, value] of Object.entries(expected)) assert.strictEqual(headers[name], value, name)
        }
      }),
  },
]

/** What is written to the console while a scope is open. */
const written = Effect.acquireRelease(
  Effect.sync(() => {
    const { debug, error, info, log, warn } = console
    const lines: Array<unknown> = []
    const hear = (...words: ReadonlyArray<unknown>) => void lines.push(words)
    Object.assign(console, { debug: hear, error: hear, info: hear, log: hear, warn: hear })
    return { lines, before: { debug, error, info, log, warn } }
  }),
  ({ before }) => Effect.sync(() => Object.assign(console, before)),
)

interface Dispatcher {
  readonly dispatch: (options: object, handler: unknown) => boolean
}

/** The options of what goes through Node's dispatcher while a scope is open. */
const dispatched = Effect.acquireRelease(
  Effect.sync(() => {
    const symbol = Symbol.for("undici.globalDispatcher.1")
    // The dispatcher is there as soon as anything that belongs to `fetch` has been used.
    void globalThis.Headers
    const before = Reflect.get(globalThis, symbol) as Dispatcher
    const seen: Array<object> = []
    const dispatch: Dispatcher["dispatch"] = (options, handler) => {
      seen.push(options)
      return before.dispatch(options, handler)
    }
    Reflect.set(globalThis, symbol, { dispatch })
    return { before, seen, symbol }
  }),
  ({ before, symbol }) => Effect.sync(() => Reflect.set(globalThis, symbol, before)),
)

const requestChecks: ReadonlyArray<Check> = [
  {
    name: "gives access to the whole SDK",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        yield* emulator.script(subject.dialect, Reply.text("hello"), Reply.overloaded())
        const client = yield* subject.make({ apiKey, apiUrl: emulator.baseUrl(subject.dialect) })
        assert.strictEqual(yield* subject.use(client), "hello")
        const error = yield* Effect.flip(subject.use(client))
        assert.strictEqual(error.reason._tag, "InternalProviderError")
        assert.lengthOf(yield* emulator.requests, 2)
      }),
  },
  {
    name: "asks for a stream, and takes no page for one",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        yield* emulator.script(subject.dialect, html, Reply.text("x").pipe(Fault.contentType("application/json")))
        const client = yield* subject.make({ apiKey, apiUrl: emulator.baseUrl(subject.dialect) })
        const error = yield* Effect.flip(drained(subject, client))
        assert.strictEqual(error.reason._tag, "InvalidResponseError")
        assert.notInclude(error.message, "busy")
        assert.isNotEmpty(yield* drained(subject, client))
      }),
  },
  {
    name: "writes nothing to the console, whatever the answer is",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        const { lines } = yield* written
        yield* environment(subject.environment)
        const broken = Reply.text("b").pipe(Fault.corruptFrame(2))
        yield* emulator.script(subject.dialect, Reply.text("a"), broken, Reply.overloaded(), Reply.reset)
        const client = yield* subject.make({ apiKey, apiUrl: emulator.baseUrl(subject.dialect) })
        yield* subject.once(client)
        yield* Effect.exit(drained(subject, client))
        for (const _ of [1, 2]) yield* Effect.flip(subject.once(client))
        assert.deepStrictEqual(lines, [])
      }),
  },
  {
    name: "waits longer than the global fetch does",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        const { seen } = yield* dispatched
        const client = yield* subject.make({ apiKey, apiUrl: emulator.baseUrl(subject.dialect) })
        yield* subject.once(client)
        yield* subject.open(client)
        yield* subject.use(client)
        assert.lengthOf(seen, 3)
        for (const options of seen) assert.deepInclude(options, { headersTimeout: 0, bodyTimeout: 0 })
      }),
  },
  {
    name: "uses the fetch that it is given, and follows no redirect",
    run: (subject, emulator) =>
      Effect.gen(function* () {
        const seen: Array<RequestInit | undefined> = []
        const fetch: typeof globalThis.fetch = (input, init) => {
          seen.push(init)
          return globalThis.fetch(input, init)
        }
        const client = yield* subject.make({ apiKey, apiUrl: emulator.baseUrl(subject.dialect), fetch })
        yield* subject.once(client)
        yield* subject.open(client)
        yield* subject.use(client)
        assert.lengthOf(seen, 3)
        for (const init of seen) {
          assert.strictEqual(init?.redirect, "manual")
          assert.isUndefined((init as { readonly dispatcher?: unknown } | undefined)?.dispatcher)
          assert.isDefined(init?.signal)
        }
      }),
  },
]

/** What a client does, whichever provider's it is. */
export const checks: ReadonlyArray<Check> = [...optionChecks, ...secrecyChecks, ...requestChecks]
