import { describe, expectTypeOf, it } from "@effect/vitest"
import { Context, Effect } from "effect"

import type * as Breaker from "../src/Breaker.ts"
import type * as Concurrency from "../src/Concurrency.ts"
import type * as Deadline from "../src/Deadline.ts"
import type * as Fallback from "../src/Fallback.ts"
import * as Resilience from "../src/Resilience.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import type * as RetryBudget from "../src/RetryBudget.ts"
import { budget, type OverBudget } from "./budget.ts"
import { scripted } from "./scripted.ts"

const model = scripted([]).model

class Client extends Context.Service<Client, string>()("test/Client") {}

const other: ResilientModel.ResilientModel<ResilientModel.CallFailure, Client> = ResilientModel.fromProvider(
  Effect.as(Client, scripted([]).provider),
  { name: "other", settings: {} },
)

type AiError = Extract<ResilientModel.CallFailure, { readonly _tag: "AiError" }>

describe("the type of a standard stack", () => {
  it("reads like its failures", () => {
    const stack = model.pipe(Resilience.standard())
    expectTypeOf(stack).toEqualTypeOf<
      ResilientModel.ResilientModel<
        | ResilientModel.CallFailure
        | Breaker.CircuitOpen
        | Concurrency.ConcurrencyLimited
        | Deadline.DeadlineExceeded
        | Deadline.FirstPartExceeded
        | RetryBudget.RetryBudgetExhausted
      >
    >()
  })

  it("has what a budget adds, and what the models need", () => {
    const stack = model.pipe(Resilience.standard({ fallbacks: [other], budget: budget(1).enforce }))
    type E = typeof stack extends ResilientModel.ResilientModel<infer Errors, infer _R> ? Errors : never
    type R = typeof stack extends ResilientModel.ResilientModel<infer _E, infer Needs> ? Needs : never
    expectTypeOf<R>().toEqualTypeOf<Client>()
    expectTypeOf<E["_tag"]>().toEqualTypeOf<
      "AiError" | "AllModelsFailed" | "DeadlineExceeded" | "OverBudget" | "StreamTruncated"
    >()
    expectTypeOf<Extract<E, Fallback.AllModelsFailed | OverBudget | AiError>>().not.toBeNever()
  })
})
