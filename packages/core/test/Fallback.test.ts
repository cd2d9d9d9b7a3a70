import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Schedule } from "effect"

import * as CommitPoint from "../src/CommitPoint.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Failure from "../src/Failure.ts"
import * as Fallback from "../src/Fallback.ts"
import { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import { budget, OverBudget } from "./budget.ts"
import {
  answer,
  call,
  chunk,
  delta,
  errorOf,
  errors,
  fails,
  finish,
  metadata,
  type Mode,
  observed,
  refused,
  script,
  type Script,
  scripted,
  silent,
  timePasses,
} from "./scripted.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]
const option = new UnsupportedOption({ provider: "a", model: "a-1", option: "o", explanation: "e" })

const named = (name: string, ...scripts: ReadonlyArray<Script>) => scripted(scripts, { name })
const failing = (name: string, error: Parameters<typeof refused>[0]) => named(name, refused(error))

const trailOf = (error: unknown) => {
  assert.instanceOf(error, Fallback.AllModelsFailed)
  return error.trail.map(({ model, reason }) => `${model} ${reason}`)
}

describe.each(modes)("a fallback to %s", (mode) => {
  it.effect("asks the second model only when the first has failed", () =>
    Effect.gen(function* () {
      const first = named("a", answer("first"))
      const second = named("b", answer("second"))
      assert.strictEqual((yield* call(first.model.pipe(Fallback.to(second.model)), mode)).text, "first")
      assert.lengthOf(second.requests, 0)
    }),
  )

  it.effect("asks in order, each model once, until one answers", () =>
    Effect.gen(function* () {
      const models = [failing("a", errors.badKey), failing("b", errors.transient), named("c", answer("third"))] as const
      const stack = models[0].model.pipe(Fallback.to(models[1].model), Fallback.to(models[2].model))
      assert.strictEqual((yield* call(stack, mode)).text, "third")
      assert.deepStrictEqual(
        models.map(({ requests }) => requests.length),
        [1, 1, 1],
      )
    }),
  )

  it.effect("tells of all models in order when none answers", () =>
    Effect.gen(function* () {
      const stack = failing("a", errors.badKey).model.pipe(
        Fallback.to(failing("b", errors.throttled("9 seconds")).model),
        Fallback.to(failing("c", errors.broken).model),
      )
      const { exit } = yield* call(stack, mode)
      const error = errorOf(exit)
      assert.deepStrictEqual(trailOf(error), ["a-1 AuthenticationError", "b-1 RateLimitError", "c-1 NetworkError"])
      assert.instanceOf(error, Fallback.AllModelsFailed)
      const [, throttled] = error.trail
      assert.deepInclude(throttled, { provider: "b", kind: "throttled", message: "slow down" })
      assert.strictEqual(throttled?.retryAfter && Duration.toSeconds(throttled.retryAfter), 9)
      assert.include(error.message, "all 3 models failed")
    }),
  )

  it.effect("tells one story however fallbacks are nested", () =>
    Effect.gen(function* () {
      const model = (name: string) => failing(name, errors.transient).model
      const left = model("a").pipe(Fallback.to(model("b")))
      const right = model("c").pipe(Fallback.to(model("d")))
      const { exit } = yield* call(left.pipe(Fallback.to(right)), mode)
      assert.deepStrictEqual(
        trailOf(errorOf(exit)).map((line) => line.slice(0, 3)),
        ["a-1", "b-1", "c-1", "d-1"],
      )
    }),
  )

  const takenOver = [
    ["a fatal failure", errors.badRequest],
    ["a bad key", errors.badKey],
    ["an exhausted quota", errors.quota],
    ["an option that the model does not take", option],
    ["a prompt that is too long", errors.contextWindow],
    ["a transient failure", errors.transient],
  ] as const

  it.effect.each(takenOver)("takes over after %s", ([, error]) =>
    Effect.gen(function* () {
      const stack = failing("a", error).model.pipe(Fallback.to(named("b", answer("second")).model))
      assert.strictEqual((yield* call(stack, mode)).text, "second")
    }),
  )

  it.effect.each([errors.contentPolicy, errors.undecodable])("leaves %s to the caller", (error) =>
    Effect.gen(function* () {
      const second = named("b", answer("second"))
      const { exit } = yield* call(failing("a", error).model.pipe(Fallback.to(second.model)), mode)
      assert.strictEqual(errorOf(exit), error)
      assert.lengthOf(second.requests, 0)
    }),
  )

  it.effect("takes over from a model that is silent", () =>
    Effect.gen(function* () {
      const first = named("a", silent)
      const stack = first.model.pipe(Deadline.firstPart("5 seconds"), Fallback.to(named("b", answer("second")).model))
      assert.strictEqual((yield* timePasses(call(stack, mode))).text, "second")
      assert.strictEqual(first.held, 0)
    }),
  )

  it.effect("gives each model its own retries", () =>
    Effect.gen(function* () {
      const first = failing("a", errors.transient)
      const second = failing("b", errors.overloaded)
      const retry = Retry.schedule(Retry.standard)
      const stack = first.model.pipe(retry, Fallback.to(second.model.pipe(retry)))
      const { exit } = yield* timePasses(call(stack, mode))
      assert.lengthOf(trailOf(errorOf(exit)), 2)
      assert.deepStrictEqual([first.requests.length, second.requests.length], [3, 3])
    }),
  )

  it.effect("does not go around a guard, whichever model it refuses", () =>
    Effect.gen(function* () {
      for (const limit of [0, 1]) {
        const stack = failing("a", errors.badKey).model.pipe(
          Fallback.to(failing("b", errors.badKey).model),
          Fallback.to(failing("c", errors.badKey).model),
          budget(limit).enforce,
        )
        const { exit } = yield* call(stack, mode)
        assert.instanceOf(errorOf(exit), OverBudget)
      }
    }),
  )

  it.effect("does not start when the time of the call is up", () =>
    Effect.gen(function* () {
      const first = named("a", silent)
      const second = named("b", answer("second"))
      const stack = first.model.pipe(Fallback.to(second.model), Deadline.total("5 seconds"))
      const { exit } = yield* timePasses(call(stack, mode))
      assert.deepInclude(errorOf(exit), { _tag: "DeadlineExceeded", bound: "total" })
      assert.lengthOf(second.requests, 0)
    }),
  )

  it.effect("does not start after a deadline that nobody enforces has passed", () =>
    Effect.gen(function* () {
      const first = named("a", { opening: silentFor, refuses: errors.badKey, steps: [] })
      const second = named("b", answer("second"))
      const late = call(first.model.pipe(Fallback.to(second.model)), mode).pipe(Deadline.within("5 seconds"))
      const { exit } = yield* timePasses(late)
      assert.strictEqual(errorOf(exit), errors.badKey)
      assert.lengthOf(second.requests, 0)
    }),
  )

  it.effect("takes over when the first model has a total deadline of its own that passed", () =>
    Effect.gen(function* () {
      const second = named("b", answer("second"))
      const stack = named("a", silent).model.pipe(Deadline.total("5 seconds"), Fallback.to(second.model))
      const { exit } = yield* timePasses(call(stack, mode))
      assert.isTrue(Exit.isSuccess(exit))
      assert.lengthOf(second.requests, 1)
    }),
  )

  it.effect("tells of a total deadline of the second model in the trail", () =>
    Effect.gen(function* () {
      const stack = failing("a", errors.badKey).model.pipe(
        Fallback.to(named("b", silent).model.pipe(Deadline.total("5 seconds"))),
      )
      const { exit } = yield* timePasses(call(stack, mode))
      const { trail } = errorOf(exit) as Fallback.AllModelsFailed
      assert.deepStrictEqual(
        trail.map(({ reason }) => reason),
        ["AuthenticationError", "DeadlineExceeded"],
      )
    }),
  )

  it.effect("tells the sink of each choice", () =>
    Effect.gen(function* () {
      const stack = failing("a", errors.badKey).model.pipe(
        Fallback.to(failing("b", errors.transient).model),
        Fallback.to(named("c", answer("third")).model),
      )
      const [, events] = yield* observed(call(stack, mode))
      const choices = events.flatMap((event) =>
        event._tag === "FallbackChosen" ? [`${event.from.model} ${event.to.model} ${Failure.tagOf(event.error)}`] : [],
      )
      assert.deepStrictEqual(choices, ["a-1 b-1 AuthenticationError", "b-1 c-1 AllModelsFailed"])
    }),
  )

  it.effect("passes a defect on", () =>
    Effect.gen(function* () {
      const second = named("b", answer("second"))
      const { exit } = yield* call(named("a", script({ _tag: "Die" })).model.pipe(Fallback.to(second.model)), mode)
      assert.isTrue(Exit.isFailure(exit) && Exit.hasDies(exit))
      assert.lengthOf(second.requests, 0)
    }),
  )
})

const silentFor = [{ _tag: "Wait", duration: Duration.seconds(10) }] as const

describe("the commit point", () => {
  it.effect("ends all fallbacks: no model goes on with another one's answer", () =>
    Effect.gen(function* () {
      const second = named("b", answer("second"))
      const stack = named("a", script(chunk(delta("begun")), fails(errors.broken))).model.pipe(
        Fallback.to(second.model),
      )
      const { exit, text } = yield* call(stack, "stream")
      assert.strictEqual(text, "begun")
      assert.strictEqual(errorOf(exit), errors.broken)
      assert.lengthOf(second.requests, 0)
    }),
  )

  it.effect("is not passed by a preamble, nor by an answer that stops before it begins", () =>
    Effect.gen(function* () {
      const stack = named("a", script(chunk(metadata))).model.pipe(Fallback.to(named("b", answer("second")).model))
      const { parts, text } = yield* call(stack, "stream")
      assert.strictEqual(text, "second")
      assert.strictEqual(parts.filter(({ type }) => type === "response-metadata").length, 1)
    }),
  )
})

describe("all models failed", () => {
  const entry = (kind: Failure.Kind, retryAfter?: Duration.Duration) => ({
    provider: "p",
    model: "m",
    reason: "R",
    kind,
    message: "said",
    ...(retryAfter !== undefined && { retryAfter }),
  })
  const classified = (...trail: ReadonlyArray<ReturnType<typeof entry>>) => {
    const { kind, retryAfter } = Failure.classify(new Fallback.AllModelsFailed({ trail }))
    return [kind, retryAfter === undefined ? undefined : Duration.toSeconds(retryAfter)]
  }

  it("is fatal when no model gives hope", () => {
    assert.deepStrictEqual(classified(entry("fatal"), entry("ignored"), entry("undecodable")), ["fatal", undefined])
  })

  it("is as good as the most hopeful model", () => {
    assert.deepStrictEqual(classified(entry("fatal"), entry("overloaded"), entry("transient")), [
      "overloaded",
      undefined,
    ])
  })

  it("asks to come back after the shortest hint", () => {
    const hints = [entry("throttled", Duration.seconds(20)), entry("overloaded", Duration.seconds(5))]
    assert.deepStrictEqual(classified(...hints), ["throttled", 5])
  })

  it("asks for no wait when a hopeful model did not", () => {
    assert.deepStrictEqual(classified(entry("throttled", Duration.seconds(20)), entry("transient")), [
      "throttled",
      undefined,
    ])
  })

  it("does not let a hopeless model hide the hint of a hopeful one", () => {
    assert.deepStrictEqual(classified(entry("fatal"), entry("throttled", Duration.seconds(20))), ["throttled", 20])
  })

  it.effect("is retried as a whole when that gives hope", () =>
    Effect.gen(function* () {
      const first = named("a", refused(errors.badKey))
      const second = named("b", refused(errors.transient), answer("second"))
      const stack = first.model.pipe(Fallback.to(second.model), Retry.schedule(Schedule.recurs(1)))
      assert.strictEqual((yield* timePasses(call(stack, "stream"))).text, "second")
      assert.deepStrictEqual([first.requests.length, second.requests.length], [2, 2])
    }),
  )
})

describe("a fallback for certain failures", () => {
  it.effect("goes on when the predicate says so", () =>
    Effect.gen(function* () {
      const better = named("b", answer("better"))
      const stack = failing("a", errors.undecodable).model.pipe(Fallback.when(Failure.isUndecodable, better.model))
      assert.strictEqual((yield* call(stack, "generate")).text, "better")
    }),
  )

  it.effect("passes everything else on unchanged", () =>
    Effect.gen(function* () {
      const better = named("b", answer("better"))
      const stack = failing("a", errors.badKey).model.pipe(Fallback.when(Failure.isUndecodable, better.model))
      const { exit } = yield* call(stack, "generate")
      assert.strictEqual(errorOf(exit), errors.badKey)
      assert.lengthOf(better.requests, 0)
    }),
  )

  it.effect("goes on after a refusal that a type guard picks", () =>
    Effect.gen(function* () {
      const isOption = (error: unknown): error is UnsupportedOption => error instanceof UnsupportedOption
      const stack = failing("a", option).model.pipe(Fallback.when(isOption, named("b", answer("second")).model))
      assert.strictEqual((yield* call(stack, "generate")).text, "second")
    }),
  )

  it.effect("goes on to a larger context window, and for nothing else", () =>
    Effect.gen(function* () {
      const larger = named("b", answer("larger"))
      const to = Fallback.onContextWindowExceeded(larger.model)
      assert.strictEqual((yield* call(failing("a", errors.contextWindow).model.pipe(to), "generate")).text, "larger")
      const { exit } = yield* call(failing("a", errors.badRequest).model.pipe(to), "generate")
      assert.strictEqual(errorOf(exit), errors.badRequest)
    }),
  )

  it.effect("goes on after a refusal for reasons of content, also one without an error", () =>
    Effect.gen(function* () {
      const to = Fallback.onContentPolicy(named("b", answer("answered")).model)
      const filtered = named("a", script(chunk(finish("content-filter"))))
      assert.strictEqual((yield* call(failing("a", errors.contentPolicy).model.pipe(to), "stream")).text, "answered")
      assert.strictEqual((yield* call(filtered.model.pipe(to), "stream")).text, "answered")
      const { exit } = yield* call(failing("a", errors.badKey).model.pipe(to), "stream")
      assert.strictEqual(errorOf(exit), errors.badKey)
    }),
  )

  it.effect("does not undo the commit point", () =>
    Effect.gen(function* () {
      const always = Fallback.when(() => true, named("b", answer("second")).model)
      const { exit, text } = yield* call(named("a", script(chunk(delta("a")))).model.pipe(always), "stream")
      assert.strictEqual(text, "a")
      assert.instanceOf(errorOf(exit), CommitPoint.StreamTruncated)
    }),
  )
})

describe("a stack with fallbacks", () => {
  it("describes what stands in for what", () => {
    const second = named("b", answer("b")).model
    const { inner, name } = ResilientModel.describe(named("a", answer("a")).model.pipe(Fallback.to(second)))
    assert.strictEqual(name, "Fallback.to")
    assert.deepStrictEqual(
      inner.map((description) => description.name),
      ["a-1", "b-1"],
    )
  })
})
