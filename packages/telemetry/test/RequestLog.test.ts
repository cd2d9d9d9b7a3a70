import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeFileSystem } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Breaker, Event, RequestContext, Retry } from "@holdfast/core"
import { SqliteClient } from "@holdfast/sqlite"
import { Context, Effect, Fiber, Layer, Logger, Redacted, Schedule, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import { RequestLog, Summary } from "../src/index.ts"
import { chaotic, ownMetrics, prices } from "./chaotic.ts"
import { tell } from "./events.ts"

const hashKey = { name: "2026-11", secret: Redacted.make("a secret for hashes") }

/** The lines of one program. */
const logged = <A, E, R>(self: Effect.Effect<A, E, R>, options: Partial<RequestLog.Options> = {}) =>
  Effect.suspend(() => {
    const lines: Array<RequestLog.Line> = []
    const layer = RequestLog.layer({ to: RequestLog.toArray(lines, { atMost: 100_000 }), ...options })
    return Effect.as(Effect.exit(Effect.provide(self, Layer.provide(layer, prices))), lines)
  })

const ask = (prompt = "hi") => LanguageModel.generateText({ prompt })

const well = chaotic({ seed: 1, failing: 0 })

describe("a request log", () => {
  it.effect("has a line for the attempt and one for its call, with all that is known of them", () =>
    Effect.gen(function* () {
      const [attempt, call] = yield* logged(
        ask().pipe(
          RequestContext.annotate({ tenant: "acme", user: "u1", session: "s1", tags: { feature: "search" } }),
          Effect.withSpan("request"),
          Effect.provide(well),
        ),
        { hashKey },
      )
      assert.deepInclude(attempt, {
        line: "attempt",
        index: 1,
        tenant: "acme",
        user: "u1",
        session: "s1",
        tags: { feature: "search" },
        operation: "chat",
        mode: "generate",
        provider: "openai",
        model: "gpt-5.4",
        outcome: "Completed",
        finish: "stop",
        requestId: "req_1",
        basis: "reported",
        hashKey: "2026-11",
        sampled: 1,
      })
      assert.deepInclude(call, { line: "call", attempts: 1, asked: ["openai/gpt-5.4"], cacheHit: false, queueWait: 0 })
      assert.strictEqual(call?.callId, attempt?.callId)
      assert.strictEqual(call?.cost, attempt?.cost)
      assert.isTrue((call?.cost ?? 0n) > 0n)
      assert.deepStrictEqual(call?.tokens, attempt?.tokens)
      assert.match(String(attempt?.promptHash), /^[0-9a-f]{64}$/)
      assert.strictEqual(call?.promptHash, attempt?.promptHash)
      assert.match(String(call?.traceId), /^[0-9a-f]{32}$/)
    }),
  )

  it.effect("says why an attempt failed, and who refused", () =>
    Effect.gen(function* () {
      const failing = chaotic({ seed: 3, failing: 1 }).pipe(
        Breaker.guard({ trip: { consecutiveFailures: 4 } }),
        Retry.schedule(Schedule.recurs(1)),
      )
      const twenty = Effect.forEach(Array.from({ length: 20 }), () => Effect.timeoutOption(Effect.ignore(ask()), 50))
      const fiber = yield* Effect.forkChild(logged(Effect.provide(twenty, failing)))
      yield* TestClock.adjust("1 minute")
      const lines = yield* Fiber.join(fiber)
      const throttled = lines.find(({ errorType }) => errorType === "RateLimitError")
      assert.deepInclude(throttled, { outcome: "Failed", failure: "throttled", status: 429, retryAfter: 10 })
      assert.isTrue(lines.some(({ refusedBy }) => refusedBy?.includes("Breaker.guard") === true))
    }),
  )

  it.effect("hashes with a key and by tenant", () =>
    Effect.gen(function* () {
      const hashOf = (prompt: string, tenant: string | undefined, secret: string) =>
        Effect.map(
          logged(Effect.provide(RequestContext.annotate(ask(prompt), { tenant }), well), {
            hashKey: { name: "k", secret: Redacted.make(secret) },
          }),
          ([line]) => line?.promptHash,
        )
      const first = yield* hashOf("a", "acme", "one")
      assert.strictEqual(yield* hashOf("a", "acme", "one"), first)
      for (const [prompt, tenant, secret] of [
        ["b", "acme", "one"],
        ["a", "other", "one"],
        ["a", undefined, "one"],
        ["a", "acme", "two"],
      ] as const) {
        assert.notStrictEqual(yield* hashOf(prompt, tenant, secret), first)
      }
    }),
  )

  it.effect("keeps all failures and one in so many of the rest, and says so", () =>
    Effect.gen(function* () {
      const lines: Array<RequestLog.Line> = []
      yield* Effect.gen(function* () {
        const context = yield* Layer.build(
          RequestLog.layer({ to: RequestLog.toArray(lines, { atMost: 100_000 }), oneIn: 20 }).pipe(
            Layer.provide(prices),
          ),
        )
        const sink = Context.get(context as Context.Context<never>, Event.Sink) as Event.Sink
        for (let index = 0; index < 10_000; index++) {
          tell(sink, { index, ...(index % 10 === 0 && { error: { _tag: "Broken" } }) })
        }
      }).pipe(Effect.scoped)
      const calls = lines.filter(({ line }) => line === "call")
      const failed = calls.filter(({ outcome }) => outcome === "Failed")
      assert.lengthOf(failed, 1_000)
      assert.isTrue(failed.every(({ sampled }) => sampled === 1))
      const kept = calls.length - failed.length
      assert.isTrue(kept > 350 && kept < 550, `${kept} of 9,000`)
      assert.isTrue(calls.every(({ outcome, sampled }) => outcome === "Failed" || sampled === 20))
      // Each call is kept with its attempts or not at all.
      assert.lengthOf(lines, calls.length * 2)
      const { count, failed: estimated } = Summary.of(lines).calls
      assert.strictEqual(estimated, 1_000)
      assert.isTrue(Math.abs(count - 10_000) < 2_000, String(count))
    }),
  )

  it.effect("drops and counts what a writer does not take, and a writer that fails harms no call", () =>
    Effect.gen(function* () {
      const { layer, registry } = ownMetrics()
      const failing = RequestLog.layer({
        to: Effect.succeed(() => Effect.die("disk full")),
        capacity: 1,
      }).pipe(Layer.provide([prices, layer]))
      const all = Effect.forEach(Array.from({ length: 3 }), () => ask())
      const answers = yield* Effect.provide(all, Layer.provideMerge(well, failing))
      assert.lengthOf(answers, 3)
      assert.isTrue([...registry.values()].some(({ id }) => id === "holdfast.log.dropped"))
    }),
  )

  it.effect("goes to the logger of Effect, failures as warnings", () =>
    Effect.gen(function* () {
      const told: Array<{ readonly level: string; readonly message: unknown }> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
        told.push({ level: logLevel, message })
      })
      const log = RequestLog.layer({ to: RequestLog.toLogger }).pipe(Layer.provide([prices, Logger.layer([logger])]))
      yield* Effect.provide(ask(), Layer.provideMerge(well, log))
      assert.deepStrictEqual(
        told.map(({ level }) => level),
        ["Info", "Info"],
      )
      assert.include(JSON.stringify(told), '"line":"call"')
    }),
  )

  it.effect("is read again from a file, without lines that a crash left half", () =>
    Effect.gen(function* () {
      const home = mkdtempSync(join(tmpdir(), "log-"))
      const path = join(home, "requests.jsonl")
      const log = RequestLog.layer({ to: RequestLog.toFile(path), hashKey }).pipe(
        Layer.provide([prices, NodeFileSystem.layer]),
      )
      yield* Effect.provide(Effect.all([ask(), ask("there")]), Layer.provideMerge(well, log))
      const text = readFileSync(path, "utf8")
      writeFileSync(path, `${text}{"line":"call","at":1`)
      const lines = yield* Effect.provide(Stream.runCollect(RequestLog.fromFile(path)), NodeFileSystem.layer)
      assert.lengthOf(lines, 4)
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(RequestLog.toJson(line)) as unknown),
        text
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as unknown),
      )
      const encode = Schema.encodeSync(RequestLog.Line)
      for (const line of lines) assert.deepStrictEqual(JSON.parse(RequestLog.toJson(line)), encode(line))
      rmSync(home, { recursive: true })
    }),
  )
})

const { DATABASE_URL } = process.env

const databases = {
  sqlite: SqliteClient.layer({ filename: ":memory:" }),
  postgres: PgClient.layer({ url: Redacted.make(DATABASE_URL ?? "") }),
} as const

describe.each(["sqlite", "postgres"] as const)("a request log in a table of %s", (name) => {
  it.live.skipIf(name === "postgres" && DATABASE_URL === undefined)("keeps its lines", () =>
    Effect.gen(function* () {
      const table = `request_log_${Math.floor(performance.now() * 1_000)}`
      const log = RequestLog.layer({ to: RequestLog.toTable(table), hashKey }).pipe(Layer.provide(prices))
      yield* Effect.provide(
        Effect.all([ask(), RequestContext.annotate(ask(), { tenant: "acme" })]),
        Layer.provideMerge(well, log),
      )
      const lines = yield* Stream.runCollect(RequestLog.fromTable({}, table))
      assert.lengthOf(lines, 4)
      assert.isTrue(lines.some(({ tenant }) => tenant === "acme"))
      const [first] = lines
      const later = yield* Summary.make(RequestLog.fromTable({ from: (first?.at ?? 0) + 3_600_000 }, table))
      assert.strictEqual(later.calls.count, 0)
      const { calls } = yield* Summary.make(RequestLog.fromTable({}, table))
      assert.strictEqual(calls.count, 2)
    }).pipe(Effect.provide(databases[name]), Effect.scoped),
  )
})
