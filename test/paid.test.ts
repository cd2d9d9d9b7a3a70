import { assert, describe, layer } from "@effect/vitest"
/**
 * What was paid and then cut, broken or not understood counts against its budget: every provider, both modes, every way in which an
 * answer can go wrong, with what the provider served counted by the provider.
 */
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import { Failure, ModelRequest, ResilientModel } from "@holdfast/core"
import { Budget, Ledger, Money } from "@holdfast/cost"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Effect, Exit, Layer, Redacted, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"

const apiKey = Redacted.make("test")
const maxOutputTokens = 100

interface Speaker {
  readonly dialect: Emulator.ChatDialect
  /** Its model, connected to a provider at a URL. */
  readonly at: (apiUrl: string) => ResilientModel.ResilientModel<ResilientModel.CallFailure>
}

const speakers: ReadonlyArray<Speaker> = [
  {
    dialect: "openai-responses",
    at: (apiUrl) =>
      OpenAiLanguageModel.model("gpt-4o-mini", { maxOutputTokens }).pipe(
        ResilientModel.connect(OpenAiClient.layer({ apiKey, apiUrl })),
      ),
  },
  {
    dialect: "openai-chat",
    at: (apiUrl) =>
      OpenAiLanguageModel.chat("gpt-4o-mini", { maxOutputTokens }).pipe(
        ResilientModel.connect(OpenAiClient.layer({ apiKey, apiUrl })),
      ),
  },
  {
    dialect: "anthropic",
    at: (apiUrl) =>
      AnthropicLanguageModel.model("claude-haiku-4-5", { maxOutputTokens }).pipe(
        ResilientModel.connect(AnthropicClient.layer({ apiKey, apiUrl })),
      ),
  },
  {
    dialect: "google",
    at: (apiUrl) =>
      GoogleLanguageModel.model("gemini-2.5-flash", { maxOutputTokens }).pipe(
        ResilientModel.connect(GoogleClient.layer({ apiKey, apiUrl })),
      ),
  },
]

const served = Reply.text("Because they displace as much water as they weigh, and so does everybody who swims.", {
  usage: { input: 10, output: 20 },
})

/** Answers that a provider made, and its customer pays for, though nothing or not all of it arrives. */
const broken: Readonly<Record<string, Reply.Reply>> = {
  "without usage": Reply.text("Because they displace water.", { usage: null }),
  "reset after a frame": served.pipe(Fault.resetAfter(1)),
  "reset after three": served.pipe(Fault.resetAfter(3)),
  "closed after three": served.pipe(Fault.closeAfter(3)),
  "ended with nothing": served.pipe(Fault.endAfter(0)),
  "ended after three": served.pipe(Fault.endAfter(3)),
  "stalled at once": served.pipe(Fault.stallAfter(0)),
  "stalled after three": served.pipe(Fault.stallAfter(3)),
  "an error in the place of the answer": served.pipe(Fault.errorAfter(0, "overloaded")),
  "an error in its midst": served.pipe(Fault.errorAfter(3, "server_error")),
  "corrupt at first": served.pipe(Fault.corruptFrame(1)),
  "corrupt later on": served.pipe(Fault.corruptFrame(5)),
  "an empty body": served.pipe(Fault.emptyBody),
  "a page of a gateway": Reply.html(200),
}

/** Of these it is not known whether they were paid: under `atMost` they count, by estimate they cost nothing. */
const doubtful: Readonly<Record<string, Reply.Reply>> = { "a reset before any status": Reply.reset }

const refused: Readonly<Record<string, Reply.Reply>> = {
  "a mistake of the request": Reply.status(400),
  "a failure of the provider": Reply.status(500),
  "a rate limit": Reply.rateLimited(),
  "no capacity": Reply.overloaded(),
  "no quota": Reply.quotaExhausted(),
  "a page of a gateway": Reply.html(502),
}

const modes = ["generate", "stream"] as const

type Unreported = NonNullable<Budget.Settings["unreported"]>

/** Makes so many calls, one after the other, under a limit, and says what the ledger has of them. */
const calls = Effect.fnUntraced(function* (
  { at, dialect }: Speaker,
  options: {
    readonly mode: (typeof modes)[number]
    readonly reply: Reply.Reply
    readonly unreported: Unreported
    readonly limit: bigint
    readonly times: number
    readonly isStalling: boolean
  },
) {
  const emulator = yield* Emulator.Emulator
  yield* emulator.reset
  yield* emulator.respond(dialect, () => options.reply)
  const ledger = yield* Ledger.Ledger
  const budget = Budget.enforce({
    name: "x",
    daily: Money.fromPicodollars(options.limit),
    unreported: options.unreported,
  })
  const call = yield* ResilientModel.callOf(budget(at(emulator.baseUrl(dialect))))
  const errors: Array<string> = []
  for (let turn = 0; turn < options.times; turn++) {
    const asking = Effect.scoped(
      Effect.flatMap(call.open(ModelRequest.make(options.mode, "Why do ships float?")), Stream.runDrain),
    )
    // What never ends is given up when it is under way.
    const exit = yield* Effect.exit(
      options.isStalling
        ? Effect.raceFirst(asking, Effect.andThen(emulator.nextRequest, Effect.sleep("10 millis")))
        : asking,
    )
    if (Exit.isSuccess(exit)) continue
    const failure = exit.cause.reasons.find((reason) => reason._tag === "Fail")
    errors.push(failure === undefined ? "defect" : Failure.tagOf(failure.error))
  }
  const entries = yield* Stream.runCollect(ledger.entries())
  const { spent } = yield* ledger.total({ account: JSON.stringify(["x", "day"]), since: 0 })
  const worst =
    entries.flatMap((entry) => (entry._tag === "Reserved" ? [entry.reservation.worst] : []))[0] ?? Money.zero
  const settlements = entries.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : []))
  return { requests: (yield* emulator.requests).length, errors, spent, worst, settlements }
})

const asked = (speaker: Speaker, options: Parameters<typeof calls>[1]) =>
  Effect.scoped(Effect.provide(calls(speaker, options), Ledger.layerMemory()))

const plenty = 10n ** 12n

layer(Emulator.layer(), { excludeTestServices: true })("what was paid counts", (it) => {
  for (const speaker of speakers) {
    for (const mode of modes) {
      describe(`${speaker.dialect}, ${mode}`, () => {
        it.effect("at least by estimate, and under atMost by its bound, so that no limit is passed", () =>
          Effect.gen(function* () {
            for (const [name, reply] of Object.entries({ ...broken, ...doubtful })) {
              const options = { mode, reply, isStalling: name.startsWith("stalled") }
              const one = yield* asked(speaker, { ...options, unreported: Budget.atEstimate, limit: plenty, times: 1 })
              assert.strictEqual(one.requests, 1, name)
              const [settlement] = one.settlements
              if (name in doubtful) {
                assert.deepInclude(settlement, { basis: "unbilled", cost: Money.zero, maximum: one.worst }, name)
              } else {
                assert.deepInclude(settlement, { basis: "estimated", maximum: one.worst }, name)
                assert.isTrue(one.spent > 0n && one.spent < one.worst, name)
              }
              // Room for two calls at their bound, and for many at their estimate.
              const limit = (one.worst * 5n) / 2n
              const many = yield* asked(speaker, { ...options, unreported: Budget.atMost, limit, times: 3 })
              assert.strictEqual(many.requests, 2, name)
              assert.deepStrictEqual(many.errors.slice(-1), ["BudgetExceeded"], name)
              assert.strictEqual(many.spent, 2n * one.worst, name)
              for (const each of many.settlements) assert.strictEqual(each.basis, "estimated", name)
            }
          }),
        )

        it.effect("and what was refused does not", () =>
          Effect.gen(function* () {
            for (const [name, reply] of Object.entries(refused)) {
              const options = { mode, reply, isStalling: false, limit: plenty, times: 1 }
              const one = yield* asked(speaker, { ...options, unreported: Budget.atMost })
              assert.deepInclude(one.settlements[0], { basis: "unbilled", cost: Money.zero, maximum: Money.zero }, name)
            }
          }),
        )

        it.effect("nor what never left", () =>
          Effect.gen(function* () {
            const nowhere: Speaker = { ...speaker, at: () => speaker.at("http://127.0.0.1:64998/") }
            const options = { mode, reply: served, isStalling: false, limit: plenty, times: 1 }
            const one = yield* asked(nowhere, { ...options, unreported: Budget.atMost })
            assert.strictEqual(one.requests, 0)
            assert.deepInclude(one.settlements[0], { basis: "unbilled", cost: Money.zero, maximum: Money.zero })
          }),
        )
      })
    }

    it.effect(`${speaker.dialect}: an answer that does not fit its schema is paid as it was reported`, () =>
      Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        yield* emulator.respond(speaker.dialect, () => served)
        const ledger = yield* Ledger.Ledger
        const model = speaker.at(emulator.baseUrl(speaker.dialect)).pipe(Budget.enforce({ name: "x", daily: "1 USD" }))
        const exit = yield* Effect.exit(
          LanguageModel.generateObject({
            prompt: "Why do ships float?",
            schema: Schema.Struct({ why: Schema.Int }),
          }).pipe(Effect.provide(model)),
        )
        assert.isTrue(Exit.isFailure(exit))
        const [settlement] = (yield* Stream.runCollect(ledger.entries())).flatMap((entry) =>
          entry._tag === "Settled" ? [entry.settlement] : [],
        )
        assert.deepInclude(settlement, { basis: "reported" })
        assert.isTrue((settlement?.cost ?? 0n) > 0n)
      }).pipe(Effect.provide(Layer.fresh(Ledger.layerMemory()))),
    )
  }
})
