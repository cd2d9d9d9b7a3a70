import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, ManagedRuntime, Schedule, Schema, type Scope, Stream } from "effect"
import {
  AiError,
  AnthropicStructuredOutput,
  Chat,
  LanguageModel,
  Model,
  OpenAiStructuredOutput,
  Tool,
  Toolkit,
} from "effect/ai"

import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import * as PolicyError from "../src/PolicyError.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import { budget, OverBudget } from "./budget.ts"
import {
  answer,
  call,
  chunk,
  delta,
  errors,
  finish,
  observed,
  ended,
  refused,
  script,
  scripted,
  textOf,
  timePasses,
} from "./scripted.ts"

const ask = LanguageModel.generateText({ prompt: "hi" })
const retry = Retry.schedule(Retry.standard)

const Charge = Tool.make("charge", {
  parameters: Schema.Struct({ amount: Schema.Int }),
  success: Schema.Struct({ receipt: Schema.String }),
})
const Kit = Toolkit.make(Charge)

const charging = Effect.gen(function* () {
  const charged: Array<number> = []
  const handlers = yield* Layer.build(
    Kit.toLayer({ charge: ({ amount }) => Effect.sync(() => ({ receipt: String(charged.push(amount)) })) }),
  )
  return { charged, handlers }
})

const toolCall = script(
  chunk({ type: "tool-call", id: "c1", name: "charge", params: { amount: 5 } }),
  chunk(finish("tool-calls")),
)

describe("the layer", () => {
  it.effect("provides the language model, its names and its call", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const { text } = yield* ask
        return [text, yield* Model.ProviderName, yield* Model.ModelName, (yield* ResilientModel.Call).model]
      })
      const found = yield* Effect.provide(program, scripted([answer("a", "b")]).model)
      assert.deepStrictEqual(found, ["ab", "acme", "acme-1", "acme-1"])
    }),
  )

  it.effect("keeps the names through policies", () =>
    Effect.gen(function* () {
      const stack = scripted([answer("a")]).model.pipe(retry, Fallback.to(scripted([], { name: "other" }).model))
      assert.strictEqual(yield* Effect.provide(Model.ProviderName, stack), "acme")
    }),
  )

  it.effect("is built once where it is used twice", () =>
    Effect.gen(function* () {
      let built = 0
      const { provider } = scripted([refused(errors.badKey)])
      const base = ResilientModel.fromProvider(
        Effect.sync(() => {
          built++
          return provider
        }),
        { name: "counted", settings: {} },
      )
      const stack = base.pipe(retry, Fallback.to(base.pipe(Deadline.firstPart("1 second"))))
      yield* Effect.exit(Effect.provide(ask, stack))
      assert.strictEqual(built, 1)
      yield* ask.pipe(ResilientModel.provide(stack), Effect.exit, Effect.provide(stack))
      assert.strictEqual(built, 2)
    }),
  )

  it.effect("shares the state of its policies with an application that provides it", () =>
    Effect.gen(function* () {
      const money = budget(1)
      let wrapped = 0
      const counted = ResilientModel.policy({ name: "counted", settings: {} }, (inner) =>
        Effect.sync(() => {
          wrapped++
          return inner
        }),
      )
      const stack = scripted([answer("a")]).model.pipe(money.enforce, counted)
      const runtime = ManagedRuntime.make(stack)
      const exits = yield* Effect.promise(() =>
        Promise.all([1, 2].map(() => runtime.runPromiseExit(ask.pipe(ResilientModel.provide(stack))))),
      )
      yield* runtime.disposeEffect
      assert.deepStrictEqual([exits.filter(Exit.isSuccess).length, wrapped], [1, 1])
    }),
  )

  it.effect("keeps what its build acquires until it is released itself", () =>
    Effect.gen(function* () {
      let open = 0
      const { provider } = scripted([answer("a")])
      const build = Effect.acquireRelease(
        Effect.sync(() => {
          open++
          return provider
        }),
        () => Effect.sync(() => open--),
      )
      const model = ResilientModel.fromProvider(build, { name: "opened", settings: {} }).pipe(
        ResilientModel.policy<never, Scope.Scope>({ name: "p", settings: {} }, (inner) =>
          Effect.as(
            Effect.acquireRelease(
              Effect.sync(() => open++),
              () => Effect.sync(() => open--),
            ),
            inner,
          ),
        ),
      )
      yield* Effect.provide(
        Effect.andThen(
          ask,
          Effect.sync(() => assert.strictEqual(open, 2)),
        ),
        model,
      )
      assert.strictEqual(open, 0)
    }),
  )

  it("is told from other layers", () => {
    assert.isTrue(ResilientModel.isResilientModel(scripted([]).model))
    assert.isFalse(ResilientModel.isResilientModel(Layer.empty))
    assert.isFalse(ResilientModel.isResilientModel(undefined))
  })
})

describe("connecting a model to what it needs", () => {
  class Account extends Context.Service<Account, string>()("test/Account") {}
  const seen: Array<string> = []
  const model = ResilientModel.fromProvider(
    Effect.map(Account, (account) => {
      seen.push(account)
      return scripted([refused(errors.badKey)]).provider
    }),
    { name: "connected", settings: {} },
  )

  it.effect("gives each use its own, and describes the same", () =>
    Effect.gen(function* () {
      const one = ResilientModel.connect(Layer.succeed(Account, "one"))(model)
      const two = ResilientModel.connect(Layer.succeed(Account, "two"))(model)
      yield* Effect.exit(Effect.provide(ask, one.pipe(Fallback.to(two))))
      assert.deepStrictEqual(seen, ["one", "two"])
      assert.deepStrictEqual(ResilientModel.describe(one), ResilientModel.describe(model))
    }),
  )
})

describe("programs of effect/ai", () => {
  it.effect("chat over a model that fails at first", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient), answer("one"), answer("two")])
      const texts = Effect.gen(function* () {
        const chat = yield* Chat.empty
        const first = yield* chat.generateText({ prompt: "a" })
        const second = yield* chat.generateText({ prompt: "b" })
        return [first.text, second.text]
      })
      assert.deepStrictEqual(yield* timePasses(Effect.provide(texts, model.model.pipe(retry))), ["one", "two"])
      assert.lengthOf(model.requests[2]?.options.prompt.content ?? [], 3)
    }),
  )

  it.effect("run a tool's handler once, although its model call was made three times", () =>
    Effect.gen(function* () {
      const { charged, handlers } = yield* charging
      const model = scripted([refused(errors.transient), refused(errors.overloaded), toolCall])
      const asked = LanguageModel.generateText({ prompt: "pay", toolkit: Kit }).pipe(
        Effect.provide(model.model.pipe(retry, Fallback.to(scripted([]).model))),
        Effect.provide(handlers),
      )
      const { toolResults } = yield* timePasses(asked)
      assert.deepStrictEqual(
        toolResults.map(({ result }) => result),
        [{ receipt: "1" }],
      )
      assert.deepStrictEqual([charged, model.requests.length], [[5], 3])
    }),
  )

  it.effect("run a tool's handler once in a stream too", () =>
    Effect.gen(function* () {
      const { charged, handlers } = yield* charging
      const model = scripted([refused(errors.transient), toolCall])
      const streamed = LanguageModel.streamText({ prompt: "pay", toolkit: Kit }).pipe(
        Stream.provide(model.model.pipe(retry)),
        Stream.runCollect,
        Effect.provide(handlers),
      )
      const parts = yield* timePasses(streamed)
      assert.isTrue(parts.some((part) => part.type === "tool-result" && !part.isFailure))
      assert.deepStrictEqual(charged, [5])
    }),
  )
})

describe("a structured answer", () => {
  const schema = Schema.Struct({
    name: Schema.String,
    born: Schema.optionalKey(Schema.DateFromString),
    note: Schema.optional(Schema.String),
    scores: Schema.Record(Schema.String, Schema.Int),
  })
  const value = { name: "Ada", born: new Date("1815-12-10T00:00:00.000Z"), scores: { maths: 1 } }
  const transformers = {
    default: LanguageModel.defaultCodecTransformer,
    openai: OpenAiStructuredOutput.toCodecOpenAI,
    anthropic: AnthropicStructuredOutput.toCodecAnthropic,
  }

  it.effect.each(Object.keys(transformers) as ReadonlyArray<keyof typeof transformers>)(
    "decodes the same whatever the vendor makes of its schema (%s)",
    (name) =>
      Effect.gen(function* () {
        const codecTransformer = transformers[name]
        const encoded = yield* Schema.encodeEffect(
          codecTransformer(schema).codec as Schema.Codec<typeof value, unknown>,
        )(value)
        const model = scripted([answer(JSON.stringify(encoded))], { codecTransformer })
        const asked = LanguageModel.generateObject({ prompt: "who?", schema })
        const answered = yield* Effect.provide(asked, model.model)
        assert.deepStrictEqual(answered.value, value)
        assert.deepStrictEqual(model.requests[0]?.jsonSchema, codecTransformer(schema).jsonSchema)
      }),
  )

  it.effect("may come from another vendor after a fallback", () =>
    Effect.gen(function* () {
      const first = scripted([refused(errors.badKey)], { codecTransformer: OpenAiStructuredOutput.toCodecOpenAI })
      const second = scripted([answer('{"name":"Ada","scores":{}}')])
      const asked = LanguageModel.generateObject({ prompt: "who?", schema })
      const { value: found } = yield* Effect.provide(asked, first.model.pipe(Fallback.to(second.model)))
      assert.deepStrictEqual(found, { name: "Ada", scores: {} })
    }),
  )
})

describe("failures", () => {
  const broke = scripted([answer("a")]).model.pipe(budget(0).enforce)

  it.effect("arrive typed where the model was provided with its failures", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ResilientModel.provide(ask, broke))
      assert.instanceOf(error, OverBudget)
    }),
  )

  it.effect("arrive typed in streams too, after what was delivered", () =>
    Effect.gen(function* () {
      const cut = scripted([script(chunk(delta("a")))]).model
      const text = LanguageModel.streamText({ prompt: "hi" }).pipe(ResilientModel.provide(cut))
      const seen: Array<{ readonly type: string }> = []
      const error = yield* Effect.flip(Stream.runForEach(text, (part) => Effect.sync(() => seen.push(part))))
      assert.deepInclude(error, { _tag: "StreamTruncated", deliveredParts: 1 })
      assert.strictEqual(textOf(seen), "a")
      const refusedText = LanguageModel.streamText({ prompt: "hi" }).pipe(ResilientModel.provide(broke))
      assert.instanceOf(yield* Effect.flip(Stream.runDrain(refusedText)), OverBudget)
    }),
  )

  it.effect("arrive folded into AiError where the standard service was provided", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.provide(ask, broke))
      assert.isTrue(AiError.isAiError(error))
      assert.strictEqual(AiError.isAiError(error) && error.reason._tag, "QuotaExhaustedError")
      assert.deepInclude(PolicyError.unfold(error), { _tag: "OverBudget", limit: 0 })
    }),
  )

  it.effect("of the provider pass unchanged either way", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.badKey)]).model
      assert.strictEqual(yield* Effect.flip(Effect.provide(ask, model)), errors.badKey)
      assert.strictEqual(yield* Effect.flip(ResilientModel.provide(ask, model)), errors.badKey)
    }),
  )

  it.effect("of another model stay as that one was provided", () =>
    Effect.gen(function* () {
      const other = scripted([answer("b")]).model
      const asked = ResilientModel.provide(Effect.provide(ask, broke), other)
      assert.strictEqual((yield* Effect.flip(asked))._tag, "AiError")
      const text = Stream.provide(LanguageModel.streamText({ prompt: "hi" }), broke).pipe(ResilientModel.provide(other))
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(text)))._tag, "AiError")
      const adopted = ResilientModel.fromLanguageModel(broke)
      assert.strictEqual((yield* Effect.flip(ResilientModel.provide(ask, adopted)))._tag, "AiError")
    }),
  )

  it.effect("of the program itself are left alone", () =>
    Effect.gen(function* () {
      const mine = yield* Effect.flip(ResilientModel.provide(Effect.fail("mine" as const), broke))
      assert.strictEqual(mine, "mine")
    }),
  )
})

describe("the order of policies", () => {
  type Model = ResilientModel.ResilientModel<ResilientModel.CallFailure>
  const attempts = (stack: (model: Model) => ResilientModel.ResilientModel<unknown>) => {
    const model = scripted([refused(errors.transient)])
    return Effect.map(timePasses(observed(call(stack(model.model), "stream"))), ([, events]) => [
      model.requests.length,
      ended(events).length,
    ])
  }
  const twice = Retry.schedule(Schedule.recurs(2))

  it.effect("multiplies: retries inside of a fallback are per model", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* attempts((model) => model.pipe(twice, Fallback.to(model.pipe(twice)))), [6, 6])
    }),
  )

  it.effect("multiplies: a retry around a fallback repeats all models", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* attempts((model) => model.pipe(Fallback.to(model), twice)), [6, 6])
    }),
  )

  it.effect("does not multiply: a retry around a retry stops at six attempts", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* attempts((model) => model.pipe(twice, twice)), [6, 6])
    }),
  )

  it("is read from the outside in by what describes it", () => {
    const model = scripted([]).model
    const stack = model.pipe(retry, Fallback.to(model.pipe(Deadline.firstPart("1 second"))), Deadline.total("1 minute"))
    const names = (description: ResilientModel.Description): unknown =>
      description.inner.length === 0 ? description.name : [description.name, ...description.inner.map(names)]
    assert.deepStrictEqual(names(ResilientModel.describe(stack)), [
      "Deadline.total",
      ["Fallback.to", ["Retry.schedule", "acme-1"], ["Deadline.firstPart", "acme-1"]],
    ])
  })
})
