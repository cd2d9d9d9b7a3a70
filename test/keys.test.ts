/**
 * No key of any client in anything that Holdfast tells: one test that looks for all of them everywhere, after answers and failures of
 * all kinds, while a proxy echoes them in whatever form it can.
 */
import { inspect } from "node:util"

import { NodeRedis } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { Breaker, Event, Files, FileSource, KeySource, RateLimit, ResilientModel } from "@holdfast/core"
import { Budget, Ledger, PriceBook } from "@holdfast/cost"
import { GoogleClient, GoogleFiles, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiCompatible, OpenAiFiles, OpenAiLanguageModel } from "@holdfast/openai"
import { ConfigKey } from "@holdfast/secrets"
import { SqliteClient } from "@holdfast/sqlite"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import {
  Cause,
  ConfigProvider,
  Effect,
  Exit,
  type Layer,
  Layer as Layers,
  Logger,
  Option,
  Redacted,
  Stream,
  Tracer,
} from "effect"
import { LanguageModel } from "effect/ai"
import { Redis } from "effect/persistence"
import { SqlClient } from "effect/sql"

type Model = ResilientModel.ResilientModel<ResilientModel.CallFailure>

interface Subject {
  readonly name: string
  readonly dialect: Emulator.ChatDialect
  readonly model: (apiUrl: string) => Effect.Effect<Model>
}

const secretOf = (name: string, part: string) => `sk-${part}+/=${btoa(name).replaceAll("=", "")}-0123456789abcdefXYZ`

/** The two keys of a subject, of which the first is rotated away, and what is secret in a header of its own. */
const secretsOf = (name: string) => ({
  first: secretOf(name, "one"),
  second: secretOf(name, "two"),
  header: secretOf(name, "header"),
})

const rotating = (name: string) => {
  const { first, second } = secretsOf(name)
  let next = first
  return Effect.orDie(
    KeySource.make(
      Effect.sync(() => {
        const key = next
        next = second
        return Redacted.make(key)
      }),
      { pause: 0 },
    ),
  )
}

const connected = <R>(
  model: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>,
  client: Layer.Layer<R, unknown>,
): Model => model.pipe(ResilientModel.connect(Layers.orDie(client))) as Model

const options = (name: string, apiUrl: string) => ({
  apiUrl,
  headers: { "X-Proxy": Redacted.make(secretsOf(name).header), "X-Proxy-Key": `Bearer ${secretsOf(name).header}` },
})

const subjectOf = <R>(
  name: string,
  dialect: Emulator.ChatDialect,
  model: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>,
  client: (source: KeySource.KeySource, common: ReturnType<typeof options>) => Layer.Layer<R, unknown>,
): Subject => ({
  name,
  dialect,
  model: (apiUrl) => Effect.map(rotating(name), (source) => connected(model, client(source, options(name, apiUrl)))),
})

const gpt = OpenAiLanguageModel.model("gpt-6-luna")
const sonnet = AnthropicLanguageModel.model("claude-sonnet-5-5")
const flash = GoogleLanguageModel.model("gemini-3.8-flash")
const project = { project: "p", location: "europe-west1" }

const subjects: ReadonlyArray<Subject> = [
  subjectOf("openai", "openai-responses", gpt, (apiKey, common) => OpenAiClient.layer({ ...common, apiKey })),
  subjectOf("chat", "openai-chat", OpenAiLanguageModel.chat("gpt-4.1"), (apiKey, common) =>
    OpenAiClient.layer({ ...common, apiKey }),
  ),
  subjectOf("compatible", "openai-chat", OpenAiCompatible.model(OpenAiCompatible.groq, "m"), (apiKey, common) =>
    OpenAiCompatible.layer(OpenAiCompatible.groq, { ...common, apiKey }),
  ),
  subjectOf("azure", "openai-responses", gpt, (apiKey, common) =>
    OpenAiClient.layerAzure({ ...common, apiKey, resource: "r" }),
  ),
  subjectOf("entra", "openai-responses", gpt, (token, common) =>
    OpenAiClient.layerAzure({ ...common, token, resource: "r" }),
  ),
  subjectOf("bedrock", "openai-responses", gpt, (token, common) =>
    OpenAiClient.layerBedrock({ ...common, token, region: "r" }),
  ),
  subjectOf("anthropic", "anthropic", sonnet, (apiKey, common) => AnthropicClient.layer({ ...common, apiKey })),
  subjectOf("older", "anthropic", sonnet, (apiKey, common) =>
    AnthropicClient.layer({ ...common, apiKey, apiVersion: "2023-06-01" }),
  ),
  subjectOf("claude", "anthropic", sonnet, (apiKey, common) =>
    AnthropicClient.layerBedrock({ ...common, apiKey, region: "r" }),
  ),
  subjectOf("foundry", "anthropic", sonnet, (apiKey, common) =>
    AnthropicClient.layerFoundry({ ...common, apiKey, resource: "r" }),
  ),
  subjectOf("vertex", "anthropic", sonnet, (token, common) =>
    AnthropicClient.layerVertex({ ...common, ...project, token }),
  ),
  subjectOf("google", "google", flash, (apiKey, common) => GoogleClient.layer({ ...common, apiKey })),
  subjectOf("gemini", "google", flash, (token, common) => GoogleClient.layerVertex({ ...common, ...project, token })),
]

const entity = (char: string) => `&#${char.charCodeAt(0)};`
const unicode = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`

/** A secret as it is, and as pages, URLs, JSON and headers have it. */
const formsOf = (secret: string): ReadonlyArray<string> => [
  secret,
  encodeURIComponent(secret),
  encodeURIComponent(encodeURIComponent(secret)),
  secret.replaceAll(/[^\w-]/g, entity),
  secret.replaceAll(/[^\w-]/g, unicode),
  secret.replaceAll("/", "\\/"),
  btoa(secret).replace(/=+$/, ""),
  btoa(`Bearer ${secret}`).replace(/=+$/, ""),
  btoa(secret).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
  Buffer.from(secret).toString("hex"),
]

const allForms = (name: string) => Object.values(secretsOf(name)).flatMap(formsOf)

/** What a proxy does that echoes whatever it was sent, in every failure that the emulator knows. */
const failuresOf = (name: string): ReadonlyArray<Reply.Reply> => {
  const message = `got ${allForms(name).join(" ")}`
  const { first, second } = secretsOf(name)
  const inHeaders = Fault.headers({ "x-request-id": `r-${first}`, "request-id": encodeURIComponent(second) })
  const json = { "content-type": "application/json" }
  const events = { "content-type": "text/event-stream" }
  const statuses = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529]
  return [
    ...statuses.map((code) => Reply.status(code, { message, code: first, type: second }).pipe(inHeaders)),
    Reply.rateLimited({ message, retryAfter: "1 second" }),
    Reply.overloaded({ message }),
    Reply.quotaExhausted({ message }),
    Reply.status(500, { body: `<html><body>${message}</body></html>`, headers: { "content-type": "text/html" } }),
    Reply.status(403, { body: message, headers: { "content-type": "text/plain" } }),
    Reply.html(502),
    Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: `<html>${message}</html>` }),
    Reply.raw({ status: 200, headers: json, body: JSON.stringify({ error: { message, code: first } }) }),
    Reply.raw({ status: 200, headers: json, body: message }),
    Reply.raw({
      status: 302,
      headers: { location: `https://elsewhere.example/?key=${encodeURIComponent(first)}` },
      body: "",
    }),
    Reply.raw({
      status: 200,
      headers: events,
      body: `data: ${JSON.stringify({ error: { message, code: second } })}\n\n`,
    }),
    Reply.raw({
      status: 200,
      headers: events,
      body: `event: error\ndata: ${JSON.stringify({ type: "error", error: { type: first, message } })}\n\n`,
    }),
    ...(["overloaded", "server_error", "rate_limit", "insufficient_quota", "timeout"] as const).map((kind) =>
      Reply.text("a b c d").pipe(Fault.errorAfter(2, kind), inHeaders),
    ),
    ...[
      Fault.endAfter(2),
      Fault.closeAfter(2),
      Fault.resetAfter(2),
      Fault.corruptFrame(2),
      Fault.omitTerminal,
      Fault.emptyBody,
    ].map((fault) => Reply.text("a b c d").pipe(fault, inHeaders)),
    Reply.reset,
    Reply.text("yes").pipe(inHeaders),
  ]
}

const everything = { depth: 8, getters: true, maxStringLength: null, maxArrayLength: null } as const

const withoutBigInts = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value)

/** All of them for the APIs, and a third of them for each cloud and server that speaks one of these. */
const failuresFor = (name: string, index: number): ReadonlyArray<Reply.Reply> => {
  const all = failuresOf(name)
  return isApi(name) ? all : all.filter((_, at) => at % 3 === index % 3)
}

const isApi = (name: string): boolean => ["openai", "chat", "anthropic", "google"].includes(name)

/** Everything that is told while a program runs. */
const listening = () => {
  const told: Array<string> = []
  const tell = (...things: ReadonlyArray<unknown>) => {
    for (const thing of things) {
      told.push(typeof thing === "string" ? thing : inspect(thing, everything))
      if (typeof thing !== "string") told.push(JSON.stringify(thing, withoutBigInts) ?? "")
      if (thing instanceof Error) told.push(String(thing), thing.stack ?? "")
    }
  }
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (given) => {
      const span = new Tracer.NativeSpan(given)
      spans.push(span)
      return span
    },
  })
  const tellSpans = () => {
    for (const { attributes, events, name, status } of spans) tell(name, [...attributes], events, status)
    spans.length = 0
  }
  const logger = Logger.make((entry) => tell(entry.message, Cause.pretty(entry.cause)))
  return { told, tell, tellSpans, tracer, logger }
}

// A limit for each call, so that none waits for what another one was told.
let calls = 0

const careful = (model: Model) =>
  model.pipe(
    RateLimit.perMinute({ requests: 10, key: ({ model: name }) => `${name}/${++calls}` }),
    Breaker.guard({ minimumCalls: 1000, trip: { failureRate: 1 } }),
    Budget.enforce({ name: "all", daily: "1000 USD", whenUnknown: PriceBook.unmetered(() => Effect.void) }),
  )

const redisUrl = process.env["REDIS_URL"]
const prefix = `holdfast-test-${crypto.randomUUID()}`

const redisDump = Effect.gen(function* () {
  const found = yield* Effect.serviceOption(Redis.Redis)
  if (Option.isNone(found)) return "no Redis"
  const redis = found.value
  const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `${prefix}*`)
  const values = yield* Effect.forEach(keys, (key) => redis.send("DUMP", key))
  if (keys.length > 0) yield* redis.send("DEL", ...keys)
  return [keys, values]
})

const ledgerDump = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table'`
  return yield* Effect.forEach(tables, ({ name }) => sql.unsafe(`SELECT * FROM "${name}"`))
})

const onRedis =
  redisUrl === undefined
    ? Layers.empty
    : Layers.mergeAll(RateLimit.layerRedis({ prefix }), Breaker.layerRedis({ prefix })).pipe(
        Layers.provideMerge(NodeRedis.layer({ url: redisUrl })),
      )

const services = Layers.mergeAll(Ledger.layerSql(), PriceBook.layer, onRedis).pipe(
  Layers.provideMerge(SqliteClient.layer({ filename: ":memory:" })),
)

const ask = LanguageModel.generateText({ prompt: "hi" })
const stream = Stream.runCollect(LanguageModel.streamText({ prompt: "hi" }))

const lookFor = (name: string, told: ReadonlyArray<string>): void => {
  const all = told.join("\n")
  for (const form of allForms(name)) {
    const at = all.indexOf(form)
    assert.strictEqual(at, -1, `${name}: ${form} in ${all.slice(Math.max(0, at - 300), at + 100)}`)
  }
}

describe("keys", () => {
  it.live("are in nothing that is told, whatever happens and whatever is echoed", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const { logger, tell, tellSpans, told, tracer } = listening()
      let failed = 0
      for (const [index, { dialect, model, name }] of subjects.entries()) {
        const { second } = secretsOf(name)
        const stack = careful(yield* model(emulator.baseUrl(dialect)))
        tell(stack, ResilientModel.describe(stack))
        const rotated = Reply.status(401, { message: allForms(name).join(" ") })
        yield* emulator.respond(dialect, ({ headers }) =>
          Object.values(headers).includes(Emulator.fingerprint(second)) ? Reply.text("yes") : rotated,
        )
        yield* Effect.gen(function* () {
          // A key in the wrong variable is warned of.
          const configured = ConfigProvider.layer(ConfigProvider.fromUnknown({ GROQ_API_KEY: secretsOf(name).first }))
          yield* Effect.provide(ConfigKey.source("GROQ_API_KEY"), configured)
          // The first key is refused, and the second one taken.
          assert.isTrue(Exit.isSuccess(yield* Effect.exit(Effect.provide(ask, stack))), name)
          for (const reply of failuresFor(name, index)) {
            const programs = isApi(name) ? [ask, stream] : [++calls % 2 === 0 ? ask : stream]
            for (const program of programs as ReadonlyArray<
              Effect.Effect<unknown, unknown, LanguageModel.LanguageModel>
            >) {
              // A refused request is sent once more.
              yield* emulator.script(dialect, reply, reply)
              const exit = yield* Effect.exit(Effect.provide(program, stack))
              yield* emulator.reset
              tell(exit, Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "")
              if (Exit.isFailure(exit)) {
                failed++
                yield* Effect.logError("failed", exit.cause)
              }
            }
          }
        }).pipe(
          Effect.withSpan("application"),
          Effect.provideService(Event.Sink, (event) => tell(event, Event.summary(event))),
          Effect.provideService(Tracer.Tracer, tracer),
          Effect.provide(Logger.layer([logger])),
        )
        tellSpans()
        assert.include(told.join("\n"), "<redacted>")
        assert.include(told.join("\n"), "GROQ_API_KEY does not look like a key of groq")
        lookFor(name, told)
        told.length = 0
      }
      tell(yield* ledgerDump)
      tell(yield* redisDump)
      for (const { name } of subjects) lookFor(name, told)
      assert.isAbove(failed, subjects.length * 20)
    }).pipe(Effect.provide(Layers.provideMerge(services, Emulator.layer()))),
  )
})

describe("keys of uploads", () => {
  const answers = (key: string): Readonly<Record<string, object>> => ({
    openai: { id: "file-1", filename: "f", status: "error", status_details: `could not read it with ${key}` },
    google: { file: { name: "files/f", state: "FAILED", error: { message: `no access for ${btoa(key)}` } } },
  })

  it.effect("are in nothing that a vendor tells of a file", () =>
    Effect.gen(function* () {
      const key = secretOf("files", "one")
      for (const vendor of ["openai", "google"] as const) {
        const fetch: typeof globalThis.fetch = async (input) => {
          const url = input instanceof Request ? input.url : String(input)
          return Response.json(answers(key)[vendor], { headers: { "x-goog-upload-url": `${url}?upload_id=1` } })
        }
        const apiKey = Redacted.make(key)
        const provider =
          vendor === "openai"
            ? Effect.provide(OpenAiFiles.make(), OpenAiClient.layer({ apiKey, fetch }))
            : Effect.provide(GoogleFiles.make, GoogleClient.layer({ apiKey, fetch }))
        const files = yield* Effect.flatMap(provider, Files.make)
        const source = FileSource.bytes(Uint8Array.of(1), { fileName: "a.txt" })
        const error = yield* Effect.flip(files.upload(source))
        assert.strictEqual(error._tag, "FileRejected")
        const told = inspect(error, { depth: 9 }) + JSON.stringify(error) + String(error)
        assert.include(told, "<redacted>")
        for (const form of formsOf(key)) assert.notInclude(told, form)
      }
    }),
  )
})
