import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Schedule } from "effect"

import * as Breaker from "../src/Breaker.ts"
import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import * as Hedge from "../src/Hedge.ts"
import * as Resilience from "../src/Resilience.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import * as Retry from "../src/Retry.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import { budget } from "./budget.ts"
import {
  answer,
  call,
  deliver,
  errorOf,
  errors,
  type Mode,
  refused,
  request,
  scripted,
  silent,
  timePasses,
} from "./scripted.ts"

const names = (description: ResilientModel.Description): ReadonlyArray<string> => [
  description.name,
  ...description.inner.slice(0, 1).flatMap(names),
]

const once = Retry.schedule(Schedule.recurs(1))

describe("the standard stack", () => {
  it("has its policies in order, outermost first", () => {
    const plain = scripted([]).model.pipe(Resilience.standard())
    const perModel = [
      "RetryBudget.ratio",
      "Retry.schedule",
      "Breaker.guard",
      "Concurrency.limit",
      "Deadline.betweenParts",
      "Deadline.firstPart",
      "acme-1",
    ]
    assert.deepStrictEqual(names(ResilientModel.describe(plain)), ["Deadline.total", ...perModel])
    const all = scripted([]).model.pipe(
      Resilience.standard({
        cache: { scope: ResponseCache.perTenant, timeToLive: "1 hour" },
        budget: budget(1).enforce,
        fallbacks: [scripted([]).model, scripted([]).model],
        hedge: "2 seconds",
        rateLimit: Concurrency.limit(3),
      }),
    )
    assert.deepStrictEqual(names(ResilientModel.describe(all)), [
      "Deadline.total",
      "ResponseCache.exact",
      "budget",
      "Fallback.to",
      "Fallback.to",
      "RetryBudget.ratio",
      "Hedge.after",
      "Retry.schedule",
      "Breaker.guard",
      "Concurrency.limit",
      ...perModel.slice(3),
    ])
    assert.deepStrictEqual(Resilience.check(plain), [])
    assert.deepStrictEqual(Resilience.check(all), [])
  })

  it("has the settings that its table names", () => {
    const settings = (description: ResilientModel.Description): Record<string, unknown> =>
      Object.assign({ [description.name]: description.settings }, ...description.inner.map(settings))
    const found = settings(ResilientModel.describe(scripted([]).model.pipe(Resilience.standard())))
    assert.deepInclude(found, {
      "Deadline.total": { duration: "10m" },
      "RetryBudget.ratio": { ratio: 0.1, minRetries: 3, window: "1m" },
      "Retry.schedule": { schedule: "standard", maxRetryAfter: "1m", maxAttempts: 6 },
      "Concurrency.limit": { limit: 64, queue: 128 },
      "Deadline.betweenParts": { duration: "20s" },
      "Deadline.firstPart": { stream: "30s", generate: "3m" },
    })
  })
})

describe.each<Mode>(["generate", "stream"])("the standard stack on %s", (mode) => {
  it.effect("retries, goes on to the next model, and ends within its time", () =>
    Effect.gen(function* () {
      const first = scripted([silent, refused(errors.transient), refused(errors.overloaded)], { name: "first" })
      const second = scripted([refused(errors.transient), answer("b")], { name: "second" })
      const stack = first.model.pipe(Resilience.standard({ fallbacks: [second.model] }))
      const { text } = yield* timePasses(call(stack, mode))
      assert.strictEqual(text, "b")
      assert.deepStrictEqual([first.requests.length, second.requests.length], [3, 2])
      const hung = scripted([silent]).model.pipe(Resilience.standard({ total: "1 minute" }))
      const { exit } = yield* timePasses(call(hung, mode))
      assert.deepInclude(errorOf(exit), { _tag: "DeadlineExceeded" })
    }),
  )

  it.effect("is refused by its budget before anything is sent", () =>
    Effect.gen(function* () {
      const model = scripted([answer("a")])
      const money = budget(1)
      const built = yield* ResilientModel.callOf(model.model.pipe(Resilience.standard({ budget: money.enforce })))
      assert.isTrue(Exit.isSuccess((yield* deliver(built, request(mode))).exit))
      assert.strictEqual(errorOf((yield* deliver(built, request(mode))).exit)._tag, "OverBudget")
      assert.lengthOf(model.requests, 1)
    }),
  )
})

describe("a harmful order", () => {
  const model = () => scripted([answer("a")]).model
  const cache = ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 hour" })
  const harmful: ReadonlyArray<readonly [outer: string, inner: string, Resilience.Model]> = [
    ["Retry.schedule", "Retry.schedule", model().pipe(once, Deadline.total("1 minute"), once)],
    ["Retry.schedule", "Fallback.to", model().pipe(Fallback.to(model()), once)],
    ["Concurrency.limit", "Retry.schedule", model().pipe(once, Concurrency.limit(1))],
    ["Breaker.guard", "Retry.schedule", model().pipe(once, Breaker.guard())],
    ["Breaker.guard", "Fallback.to", model().pipe(Fallback.to(model()), Breaker.guard())],
    ["Deadline.firstPart", "Retry.schedule", model().pipe(once, Deadline.firstPart("1 second"))],
    ["Concurrency.limit", "ResponseCache.exact", model().pipe(cache, Concurrency.limit(1))],
    ["Retry.schedule", "RetryBudget.ratio", model().pipe(RetryBudget.ratio(0.1), once)],
    ["Hedge.after", "Deadline.total", model().pipe(Deadline.total("1 second"), Hedge.after("1 second"))],
  ]

  it.each(harmful)("of %s around %s is found, with what to do", (outer, inner, stack) => {
    const found = Resilience.check(stack)
    assert.lengthOf(found, 1)
    assert.deepInclude(found[0], { outer, inner })
    assert.isTrue(found.every(({ fix, problem }) => fix.length > 10 && problem.length > 10))
  })

  it("is not seen where there is none", () => {
    const hedged = model().pipe(Deadline.total("1 second"), Hedge.after("1 second"), Deadline.total("2 seconds"))
    const resampled = model().pipe(once, Retry.resample(Schedule.recurs(1)))
    assert.deepStrictEqual([hedged, resampled].flatMap(Resilience.check), [])
  })

  it.effect("is logged when the stack is built, once, and not again for its parts", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ logLevel, message }) => void logged.push([logLevel, String(message)]))
      const stack = model().pipe(once, Concurrency.limit(1), once, Deadline.total("1 minute"))
      const built = Effect.scoped(Layer.build(stack)).pipe(Effect.provide(Logger.layer([logger])))
      yield* built
      yield* built
      assert.lengthOf(logged, 2)
      assert.deepStrictEqual(logged[0], [
        "Warn",
        "Retry.schedule is around Retry.schedule: two retries ask again after the same failures, until the " +
          "attempts of the call are used up. To fix it, keep one, next to the model, and let a fallback take over " +
          "what it gives up.",
      ])
    }),
  )
})
