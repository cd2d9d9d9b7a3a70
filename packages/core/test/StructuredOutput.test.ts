import { assert, describe, it } from "@effect/vitest"
import { ScriptedModel } from "@holdfast/testing"
import { Effect, Schema } from "effect"
import { LanguageModel } from "effect/ai"

import * as Deadline from "../src/Deadline.ts"
import * as Event from "../src/Event.ts"
import * as Failure from "../src/Failure.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import * as StructuredOutput from "../src/StructuredOutput.ts"

const Person = Schema.Struct({ age: Schema.Int, born: Schema.optional(Schema.Date) })
const bad = ScriptedModel.text('{"age":"ten"}')
const good = ScriptedModel.text('{"age":10,"born":"2020-01-02T00:00:00.000Z"}')

const ask = LanguageModel.generateObject({ prompt: "How old?", schema: Person })

type Model = ResilientModel.ResilientModel<ResilientModel.CallFailure>

/** Asks a scripted model through a stack. */
const asked = (
  replies: ReadonlyArray<ScriptedModel.Answer>,
  policy: (model: Model) => ResilientModel.ResilientModel<unknown> = StructuredOutput.repair(),
) =>
  Effect.gen(function* () {
    const provider = yield* ScriptedModel.make()
    yield* provider.script(...replies)
    const events: Array<Event.Event> = []
    const end = yield* Event.listen(Effect.result(ResilientModel.provide(ask, policy(provider.model))), (event) => {
      events.push(event)
    })
    return { end, events, requests: yield* provider.requests }
  })

describe("a repair", () => {
  it.effect("shows the model its answer and what is wrong with it, once", () =>
    Effect.gen(function* () {
      const { end, events, requests } = yield* asked([bad, good])
      assert.strictEqual(end._tag, "Success")
      if (end._tag === "Success") {
        assert.deepStrictEqual(end.success.value, { age: 10, born: new Date("2020-01-02T00:00:00.000Z") })
      }
      assert.lengthOf(requests, 2)
      const said = JSON.stringify(requests[1]?.options.prompt.content)
      assert.include(said, '{\\"age\\":\\"ten\\"}')
      assert.include(said, "This answer does not fit the schema")
      const tags = events.map(({ _tag }) => _tag)
      assert.deepStrictEqual(
        tags.filter((tag) => tag === "AttemptEnded" || tag === "RetryScheduled"),
        ["AttemptEnded", "RetryScheduled", "AttemptEnded"],
      )
    }),
  )

  it.effect("fails with what is wrong with the second answer", () =>
    Effect.gen(function* () {
      const { end, requests } = yield* asked([bad, ScriptedModel.text('{"age":1.5}'), good])
      assert.lengthOf(requests, 2)
      assert.strictEqual(end._tag === "Failure" ? Failure.tagOf(end.failure) : "", "StructuredOutputError")
      assert.include(JSON.stringify(end), "1.5")
    }),
  )

  it.effect("is not made of an answer that fits, failed or was cut", () =>
    Effect.gen(function* () {
      assert.lengthOf((yield* asked([good])).requests, 1)
      assert.lengthOf((yield* asked([ScriptedModel.fail({ status: 500, message: "broken" }), good])).requests, 1)
      assert.lengthOf((yield* asked([ScriptedModel.text('{"age":1', { finish: "length" }), good])).requests, 1)
    }),
  )

  it.effect("is bounded by attempts, deadlines and budgets", () =>
    Effect.gen(function* () {
      const few = yield* asked([bad, good], StructuredOutput.repair({ maxAttempts: 1 }))
      assert.lengthOf(few.requests, 1)
      const poor = yield* asked([bad, good], (model) =>
        model.pipe(StructuredOutput.repair(), RetryBudget.ratio(0, { minRetries: 0 })),
      )
      assert.lengthOf(poor.requests, 1)
      assert.strictEqual(poor.end._tag === "Failure" ? Failure.tagOf(poor.end.failure) : "", "RetryBudgetExhausted")
      const late = yield* asked([bad, good], (model) => model.pipe(StructuredOutput.repair(), Deadline.total(60_000)))
      assert.lengthOf(late.requests, 2)
    }),
  )

  it.effect("leaves texts alone", () =>
    Effect.gen(function* () {
      const provider = yield* ScriptedModel.make()
      yield* provider.script(bad)
      const text = LanguageModel.generateText({ prompt: "hi" })
      const { text: said } = yield* ResilientModel.provide(text, provider.model.pipe(StructuredOutput.repair()))
      assert.strictEqual(said, '{"age":"ten"}')
      assert.lengthOf(yield* provider.requests, 1)
    }),
  )
})
