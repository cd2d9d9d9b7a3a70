import { assert, describe, it } from "@effect/vitest"
import { Event } from "@holdfast/core"
import { Ledger, Money } from "@holdfast/cost"
import { type Context, Deferred, Duration, Effect, Fiber, Layer, Schedule, Schema, type Scope, Stream } from "effect"
import { type AiError, LanguageModel, Tool, Toolkit } from "effect/ai"
import { TestClock } from "effect/testing"

import * as BatchEvent from "../src/BatchEvent.ts"
import * as BatchJob from "../src/BatchJob.ts"
import { clientAt, type Kind, place, storesOn, withoutPostgres } from "./support/databases.ts"
import {
  answered,
  lost,
  promptIn,
  providerOn,
  type ProviderOptions,
  refusal,
  stepsOf,
  throttled,
  unit,
  Vendor,
} from "./support/vendor.ts"

const ids = (count: number) => Array.from({ length: count }, (_, index) => `item ${index}`)

const ask = (prompt: string) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)

type Options = BatchJob.Options<string, string, AiError.AiError, LanguageModel.LanguageModel, "chat">

/** Waits are short, so that no test takes long; how long they are decides nothing. */
const optionsFor = (vendor: Vendor, provider: ProviderOptions = {}): Options => ({
  job: "job",
  provider: Effect.succeed(providerOn(stepsOf(vendor), provider)),
  id: (item: string) => item,
  ask,
  poll: Schedule.spaced("5 millis"),
  listDelay: "20 millis",
  createTimeout: "10 millis",
})

type Needs = BatchJob.Jobs | Ledger.Ledger | Scope.Scope

const on = (kind: Kind) =>
  Effect.flatMap(place(kind), (where) => Layer.build(Layer.fresh(storesOn(clientAt(kind, where)))))

/** On one database, which is new. */
const inMemory = <A, E>(self: Effect.Effect<A, E, Needs>) =>
  Effect.scoped(Effect.provide(self, storesOn(clientAt("sqlite", ":memory:"))))

const settledOf = Effect.flatMap(Ledger.Ledger, (ledger) => Stream.runCollect(ledger.entries())).pipe(
  Effect.map((entries) => entries.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : []))),
)

const outstandingOf = Effect.flatMap(Ledger.Ledger, ({ outstanding }) => outstanding)

const sum = (amounts: ReadonlyArray<bigint>): bigint => amounts.reduce((all, one) => all + one, 0n)

/** Every item settled once, and nothing held any more. */
const assertSettled = Effect.fnUntraced(function* (items: number, cost: bigint) {
  const settled = yield* settledOf
  assert.strictEqual(settled.length, items)
  assert.strictEqual(new Set(settled.map(({ id }) => id)).size, items)
  assert.strictEqual(sum(settled.map((each) => each.cost)), cost)
  assert.deepStrictEqual(yield* outstandingOf, [])
})

const run = (vendor: Vendor, count: number, more: Partial<Options> = {}) =>
  Stream.runCollect(BatchJob.run(ids(count), { ...optionsFor(vendor), ...more }))

/** Lets sockets and files of the machine go on, while the clock of the test stands. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

const tagsOf = (results: ReadonlyArray<{ readonly _tag: string; readonly error?: unknown }>) =>
  results.map((result) => (result._tag === "Failed" ? (result.error as { readonly _tag: string })._tag : result._tag))

const kinds: ReadonlyArray<{ readonly kind: Kind; readonly missing: string | undefined }> = [
  { kind: "sqlite", missing: undefined },
  { kind: "postgres", missing: withoutPostgres },
]

for (const { kind, missing } of kinds) {
  describe.skipIf(missing !== undefined)(
    `a job on ${kind}${missing === undefined ? "" : ` (${missing})`}`,
    { concurrent: true },
    () => {
      it.live("answers each item, settles it once at the price of a batch, and reads it again for nothing", () =>
        Effect.gen(function* () {
          const stores = yield* on(kind)
          const vendor = new Vendor()
          yield* Effect.gen(function* () {
            const results = yield* run(vendor, 300)
            assert.deepStrictEqual(
              results.map((result) => (result._tag === "Answered" ? [result.index, result.answer] : [])),
              ids(300).map((item, index) => [index, `re: ${item}`]),
            )
            const bill = {
              attempts: 1,
              tokens: { input: 100, output: 20 },
              cost: Money.fromPicodollars(unit),
              exact: true,
            }
            assert.deepStrictEqual(results[0]?.bill, bill)
            assert.deepStrictEqual(vendor.forgotten, ["file-1"])
            assert.deepStrictEqual(yield* run(vendor, 300), results)
            yield* assertSettled(300, 300n * unit)
            assert.strictEqual(vendor.calls["create"], 1)
            const status = yield* BatchJob.status("job")
            assert.deepStrictEqual(
              [status.state, status.items, status.ends, status.pieces],
              ["settled", 300, { Answered: 300 }, [{ state: "settled", batch: "batch-1", items: 300 }]],
            )
            yield* BatchJob.forget("job")
            assert.strictEqual((yield* Effect.flip(BatchJob.status("job")))._tag, "JobUnknown")
          }).pipe(Effect.provideContext(stores))
        }),
      )

      it.live("is one batch for several workers, who all get its results", () =>
        Effect.gen(function* () {
          const where = yield* place(kind)
          const workers = yield* Effect.forEach([0, 1, 2], () =>
            Layer.build(Layer.fresh(storesOn(clientAt(kind, where)))),
          )
          const vendor = new Vendor()
          const all = yield* Effect.forEach(workers, (stores) => Effect.provideContext(run(vendor, 50), stores), {
            concurrency: "unbounded",
          })
          for (const results of all)
            assert.deepStrictEqual(
              tagsOf(results),
              ids(50).map(() => "Answered"),
            )
          assert.strictEqual(vendor.batches.length, 1)
          yield* Effect.provideContext(assertSettled(50, 50n * unit), workers[0] as Context.Context<Needs>)
        }),
      )

      it.live("cuts what is too much for one batch into several, and drops the lines that fail a whole one", () =>
        Effect.gen(function* () {
          const stores = yield* on(kind)
          const vendor = new Vendor()
          vendor.invalid = (item) => (promptIn(item) === "item 7" ? "no such model" : undefined)
          yield* Effect.gen(function* () {
            const results = yield* run(vendor, 25, optionsFor(vendor, { limits: { items: 10, bytes: 1_000_000 } }))
            assert.deepStrictEqual(
              tagsOf(results),
              ids(25).map((item) => (item === "item 7" ? "AiError" : "Answered")),
            )
            // The first one is made again without the line that the vendor named.
            assert.deepStrictEqual(
              vendor.batches.map(({ items }) => items.length).toSorted((a, b) => a - b),
              [5, 9, 10, 10],
            )
            yield* assertSettled(25, 24n * unit)
          }).pipe(Effect.provideContext(stores))
        }),
      )
    },
  )
}

describe("the program of an item", { concurrent: true }, () => {
  const Label = Schema.Struct({ label: Schema.Literals(["good", "bad"]), since: Schema.DateFromString })
  const Lookup = Tool.make("Lookup", {
    parameters: Schema.Struct({ at: Schema.DateFromString }),
    success: Schema.String,
  })
  const tools = Toolkit.make(Lookup)

  it.live("reads structured answers and tools as it does live, streamed ones as well", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.answer = (item) => {
          const prompt = promptIn(item)
          if (prompt === "object") return answered(item, '{"label":"good","since":"2026-01-02T00:00:00.000Z"}')
          if (prompt === "misfit") return answered(item, '{"label":"neither"}')
          const tool = { name: "Lookup", params: { at: "2026-01-02T00:00:00.000Z" } }
          return prompt === "tool"
            ? { _tag: "Answered", body: { tool, usage: { input: 100, output: 20 } } }
            : answered(item)
        }
        const programs: Record<string, Effect.Effect<unknown, unknown, LanguageModel.LanguageModel>> = {
          object: Effect.map(LanguageModel.generateObject({ prompt: "object", schema: Label }), ({ value }) =>
            value.since.getTime(),
          ),
          misfit: LanguageModel.generateObject({ prompt: "misfit", schema: Label }),
          tool: Effect.map(
            LanguageModel.generateText({ prompt: "tool", toolkit: tools, disableToolCallResolution: true }),
            ({ toolCalls }) => toolCalls.map(({ name, params }) => [name, new Date(params.at).getTime()]),
          ).pipe(Effect.provide(tools.toLayer({ Lookup: () => Effect.die("nobody runs it") }))),
          stream: LanguageModel.streamText({ prompt: "stream" }).pipe(
            Stream.runFold(
              () => "",
              (text, part) => (part.type === "text-delta" ? text + part.delta : text),
            ),
          ),
          twice: Effect.andThen(ask("one"), ask("two")),
          careful: Effect.catch(ask("careful"), () => Effect.succeed("never")),
          nothing: Effect.succeed("knew it"),
          unsendable: ask("unsendable"),
        }
        const started: Array<string> = []
        const results = yield* Stream.runCollect(
          BatchJob.run(Object.keys(programs), {
            ...optionsFor(vendor),
            ask: (name: string) => programs[name] ?? Effect.void,
          }),
        ).pipe(Event.listen((event) => started.push(event._tag)))
        const date = Date.UTC(2026, 0, 2)
        assert.deepStrictEqual(
          results.map((result) =>
            result._tag === "Answered" ? result.answer : (result.error as { readonly _tag: string })._tag,
          ),
          [date, "AiError", [["Lookup", date]], "re: stream", "NoSecondTurn", "re: careful", "knew it", "AiError"],
        )
        // Six were sent. One that asks nothing, and one that cannot be sent, cost nothing.
        assert.strictEqual(vendor.batches[0]?.items.length, 6)
        yield* assertSettled(6, 6n * unit)
        // The first run of a program is not heard of. The second turn, and what could not be sent, are attempts that failed.
        assert.strictEqual(started.filter((tag) => tag === "AttemptStarted").length, 8)
        assert.strictEqual(started.filter((tag) => tag === "AttemptCharged").length, 7)
      }),
    ),
  )
})

describe("what became of items", { concurrent: true }, () => {
  it.live("is billed for answers only, and as an interval where nobody can know", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.missing = "unknown"
        vendor.answer = (item) => {
          switch (promptIn(item)) {
            case "item 1":
              return { _tag: "Refused", error: refusal("no") }
            case "item 2":
              return { _tag: "Expired" }
            case "item 3":
              return { _tag: "Canceled" }
            case "item 4":
              return undefined
            default:
              return answered(item)
          }
        }
        const results = yield* run(vendor, 6)
        assert.deepStrictEqual(tagsOf(results), [
          "Answered",
          "AiError",
          "ItemExpired",
          "ItemCanceled",
          "ItemLost",
          "Answered",
        ])
        const settled = yield* settledOf
        const byId = new Map(settled.map((each) => [Number(each.id.split("/").at(-1)), each]))
        for (const free of [1, 2, 3]) {
          const { basis, maximum } = byId.get(free) as (typeof settled)[number]
          assert.deepStrictEqual([basis, maximum], ["unbilled", Money.zero])
        }
        const { basis, cost, maximum, minimum } = byId.get(4) as (typeof settled)[number]
        assert.deepStrictEqual([basis, minimum, cost], ["estimated", Money.zero, maximum])
        assert.isTrue(maximum > 0n)
        assert.deepStrictEqual(results[4]?.bill.cost, maximum)
        assert.isFalse(results[4]?.bill.exact)
        assert.deepStrictEqual(
          results.slice(1, 4).map(({ bill }) => bill.cost),
          [Money.zero, Money.zero, Money.zero],
        )
        assert.deepStrictEqual(yield* outstandingOf, [])
      }),
    ),
  )

  it.live("is that they are refused alone, where they are too large for any batch", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        const items = ["small", "large".repeat(100), "tiny"]
        const results = yield* Stream.runCollect(BatchJob.run(items, { ...optionsFor(vendor), limits: { bytes: 200 } }))
        assert.deepStrictEqual(tagsOf(results), ["Answered", "AiError", "Answered"])
        const [first] = yield* Effect.map(settledOf, (settled) => settled.filter(({ cost }) => cost === 0n))
        assert.strictEqual(first?.basis, "unbilled")
      }),
    ),
  )
})

describe("a job that somebody listens to", { concurrent: true }, () => {
  const seconds = (event: BatchEvent.BatchMoved) => event.took !== undefined && Duration.toMillis(event.took) >= 0

  it.live("tells once what becomes of its batches and its items, whoever works on it", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.answer = (item) => {
          const prompt = promptIn(item)
          if (prompt === "item 1") return { _tag: "Refused", error: refusal("no") }
          if (prompt === "item 2") return { _tag: "Expired" }
          return prompt === "item 3" ? undefined : answered(item)
        }
        vendor.missing = "unknown"
        const events: Array<BatchEvent.Event> = []
        const heard = <A, E, R>(self: Effect.Effect<A, E, R>) =>
          Event.listen(self, (event) => {
            if (BatchEvent.isBatchEvent(event)) events.push(event)
          })
        const items = [...ids(6), "unsendable"]
        const job = Stream.runCollect(
          BatchJob.run(items, optionsFor(vendor, { limits: { items: 4, bytes: 1_000_000 } })),
        )
        const [results] = yield* heard(Effect.all([job, job], { concurrency: 2 }))
        yield* heard(job)
        assert.strictEqual(results.length, 7)
        const moves = events.flatMap((event) => (event._tag === "BatchMoved" ? [event] : []))
        for (const piece of [0, 1]) {
          assert.deepStrictEqual(
            moves.filter((event) => event.piece === piece).map(({ to }) => to),
            ["prepared", "uploaded", "submitting", "submitted", "ended", "settled"],
          )
        }
        assert.deepStrictEqual(moves.filter(({ to }) => to === "ended").map(seconds), [true, true])
        const counts: Record<string, number> = {}
        for (const event of events) {
          if (event._tag === "BatchItemsEnded") counts[event.outcome] = (counts[event.outcome] ?? 0) + event.count
        }
        assert.deepStrictEqual(counts, { failed: 2, succeeded: 3, expired: 1, lost: 1 })
        const { job: of, model, operation, provider } = moves[0] as BatchEvent.BatchMoved
        assert.deepStrictEqual([of, operation, provider, model], ["job", "chat", "acme", "acme-1"])
        assert.strictEqual(Event.summary(moves[0] as BatchEvent.Event), "batch 0 of job at acme-1 of acme is prepared")
      }),
    ),
  )
})

describe("a job under a budget", { concurrent: true }, () => {
  it.live("is refused whole before anything is sent, holds nothing, and may come again", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        const under = (daily: Money.Input) => run(vendor, 300, { budgets: [{ name: "team", daily }] })
        const refused = yield* Effect.flip(under("0.001 USD"))
        assert.strictEqual(refused._tag, "BudgetExceeded")
        assert.deepStrictEqual(yield* outstandingOf, [])
        assert.deepStrictEqual(vendor.calls, {})
        const results = yield* under("1 USD")
        assert.isTrue(results.every(({ _tag }) => _tag === "Answered"))
        const ledger = yield* Ledger.Ledger
        const total = yield* ledger.total({ account: JSON.stringify(["team", "day"]), since: 0 })
        assert.deepStrictEqual([total.spent, total.reserved, total.uncertain], [300n * unit, 0n, 0n])
      }),
    ),
  )

  it.live("begins again where a process was killed while it gave its reservations back", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        const ledger = yield* Ledger.Ledger
        // What it leaves: the last ones given back, the round not begun.
        yield* Effect.flip(run(vendor, 3, { budgets: [{ name: "team", daily: "0.00000001 USD" }] }))
        yield* ledger.release("batch/job/2/2")
        const results = yield* run(vendor, 3)
        assert.deepStrictEqual(tagsOf(results), ["Answered", "Answered", "Answered"])
        assert.deepStrictEqual(yield* outstandingOf, [])
        assert.isTrue((yield* settledOf).every(({ id }) => id.startsWith("batch/job/3/")))
      }),
    ),
  )

  it.live("is refused where its model has no price", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        const error = yield* Effect.flip(run(vendor, 3, optionsFor(vendor, { model: "unheard-of" })))
        assert.strictEqual(error._tag, "PriceUnknown")
        assert.deepStrictEqual(vendor.calls, {})
      }),
    ),
  )
})

describe("a create whose answer is lost", { concurrent: true }, () => {
  /** Fails once after the vendor has made the batch. */
  const losing = (vendor: Vendor) => {
    vendor.after = (step) => (step === "create" && vendor.calls["create"] === 1 ? Effect.fail(lost) : Effect.void)
  }

  it.live("is found in the vendor's list, also where that lags", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        losing(vendor)
        vendor.listLag = 2
        // Two looks are over long before, also on a machine that is busy.
        const results = yield* run(vendor, 5, { listDelay: "4 seconds" })
        assert.strictEqual(results.length, 5)
        assert.strictEqual(vendor.batches.length, 1)
        assert.isAtLeast(vendor.calls["find"] ?? 0, 3)
        yield* assertSettled(5, 5n * unit)
      }),
    ),
  )

  it.live("is made again where nothing was made", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.before = (step) => (step === "create" && vendor.calls["create"] === 1 ? Effect.fail(lost) : Effect.void)
        yield* run(vendor, 5)
        assert.strictEqual(vendor.batches.length, 1)
        assert.strictEqual(vendor.calls["create"], 2)
        yield* assertSettled(5, 5n * unit)
      }),
    ),
  )

  it.live("is also one that takes too long", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.after = (step) => (step === "create" ? Effect.never : Effect.void)
        yield* run(vendor, 5)
        assert.strictEqual(vendor.batches.length, 1)
        yield* assertSettled(5, 5n * unit)
      }),
    ),
  )

  it.live("is not one that the vendor refused: that comes again later, or fails the job", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.before = (step) =>
          step === "create" && (vendor.calls["create"] ?? 0) < 3 ? Effect.fail(throttled) : Effect.void
        yield* run(vendor, 5)
        assert.deepStrictEqual([vendor.batches.length, vendor.calls["find"]], [1, undefined])
      }),
    ),
  )

  for (const foreign of [false, true]) {
    it.live(
      `is waited for where the list shows no names, and ${foreign ? "made again when another batch was not it" : "adopted by its answers"}`,
      () =>
        inMemory(
          Effect.gen(function* () {
            const vendor = new Vendor()
            vendor.showsNames = false
            if (foreign) {
              vendor.before = (step) =>
                step === "create" && vendor.calls["create"] === 1
                  ? Effect.andThen(
                      Effect.sync(() => {
                        const items = ids(5).map((prompt) => ({ id: `other-${prompt.slice(5)}`, body: { prompt } }))
                        vendor.create("", items, Date.now())
                      }),
                      Effect.fail(lost),
                    )
                  : Effect.void
            } else losing(vendor)
            const results = yield* run(vendor, 5, optionsFor(vendor, { files: false }))
            assert.strictEqual(results.length, 5)
            assert.strictEqual(vendor.batches.length, foreign ? 2 : 1)
            yield* assertSettled(5, 5n * unit)
          }),
        ),
    )
  }

  it.live("fails or is made again where that was chosen", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.showsNames = false
        losing(vendor)
        const unsure = yield* Effect.flip(run(vendor, 5, { whenUnsure: BatchJob.fail }))
        assert.deepStrictEqual(unsure._tag === "BatchUnsure" ? unsure.candidates : [], ["batch-1"])
        assert.strictEqual((yield* BatchJob.status("job")).state, "submitting")
        yield* run(vendor, 5, { whenUnsure: BatchJob.createAgain })
        assert.strictEqual(vendor.batches.length, 2)
        yield* assertSettled(5, 5n * unit)
      }),
    ),
  )
})

describe("a job that was started", { concurrent: true }, () => {
  it.live("is another one with other items, or at another model", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        yield* run(vendor, 5)
        const differs = (error: { readonly _tag: string }) =>
          error instanceof BatchJob.JobDiffers ? [error.reason, error.detail] : []
        assert.deepStrictEqual(differs(yield* Effect.flip(run(vendor, 6))), ["UnknownItem", "item 5"])
        assert.deepStrictEqual(differs(yield* Effect.flip(run(vendor, 4))), ["ItemsMissing", "1"])
        const other = yield* Effect.flip(run(vendor, 5, optionsFor(vendor, { model: "acme-2" })))
        assert.deepStrictEqual(differs(other), ["OtherModel", "acme-1 of acme"])
        const twice = BatchJob.run(["a", "a"], { ...optionsFor(vendor), job: "twice" })
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(twice)))._tag, "DuplicateItem")
      }),
    ),
  )

  it.live("fails where its batch is not there, makes no other one, and leaves what it may cost", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.after = (step) => Effect.sync(() => void (step === "create" && vendor.batches.splice(0)))
        for (const _ of [1, 2]) {
          const error = yield* Effect.flip(run(vendor, 5))
          assert.strictEqual(error._tag, "AiError")
        }
        assert.strictEqual(vendor.calls["create"], 1)
        assert.lengthOf(yield* outstandingOf, 5)
      }),
    ),
  )

  it.live("sends nothing where it was canceled before, and leaves it to the vendor where it was not", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        const early = new Vendor()
        early.before = (step) => (step === "upload" ? Effect.fail(refusal("not now")) : Effect.void)
        yield* Effect.flip(run(early, 3, { job: "early" }))
        yield* BatchJob.cancel("early")
        assert.deepStrictEqual(tagsOf(yield* run(early, 3, { job: "early" })), [
          "ItemCanceled",
          "ItemCanceled",
          "ItemCanceled",
        ])
        assert.deepStrictEqual(early.calls, { upload: 1 })

        vendor.runsFor = 1_000_000
        const asked = yield* Deferred.make<void>()
        vendor.after = (step) => (step === "status" ? Deferred.succeed(asked, undefined) : Effect.void)
        vendor.answer = (item) => (promptIn(item) === "item 1" ? answered(item) : { _tag: "Canceled" })
        const fiber = yield* Effect.forkChild(run(vendor, 3))
        yield* Deferred.await(asked)
        yield* BatchJob.cancel("job")
        yield* Effect.repeat(
          Effect.delay(
            Effect.sync(() => vendor.batches[0]?.isCancelAsked),
            "1 millis",
          ),
          {
            until: (isAsked) => isAsked === true,
          },
        )
        vendor.runsFor = 0
        assert.deepStrictEqual(tagsOf(yield* Fiber.join(fiber)), ["ItemCanceled", "Answered", "ItemCanceled"])
        assert.strictEqual(sum((yield* settledOf).map(({ cost }) => cost)), unit)
        assert.deepStrictEqual(yield* outstandingOf, [])
        assert.strictEqual((yield* Effect.flip(BatchJob.cancel("nobody")))._tag, "JobUnknown")
      }),
    ),
  )

  it.effect("asks by its schedule, and at once when it is woken by the id of its batch", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        vendor.runsFor = 2
        const polls: Array<string> = []
        const fiber = yield* Effect.forkChild(
          run(vendor, 3, {
            poll: Schedule.spaced("1 hour"),
            onProgress: ({ vendorState }) => Effect.sync(() => polls.push(vendorState)),
          }),
        )
        // Leases are renewed on the way.
        const until = (count: number) => Effect.repeat(turn, { until: () => polls.length >= count })
        yield* until(1)
        yield* TestClock.adjust("59 minutes")
        assert.deepStrictEqual(polls, ["running"])
        yield* TestClock.adjust("1 minutes")
        yield* until(2)
        assert.strictEqual(yield* BatchJob.wake("batch-1"), 1)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(polls, ["running", "running", "ended"])
        assert.strictEqual(yield* BatchJob.wake("batch-2"), 0)
      }),
    ),
  )
})
