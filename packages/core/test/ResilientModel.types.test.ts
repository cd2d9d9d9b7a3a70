import { describe, expectTypeOf, it } from "@effect/vitest"
import { Context, type Duration, Effect, flow, Layer, pipe, Schedule, Stream } from "effect"
import { type AiError, LanguageModel } from "effect/ai"

import type * as CommitPoint from "../src/CommitPoint.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Failure from "../src/Failure.ts"
import * as Fallback from "../src/Fallback.ts"
import type * as PolicyError from "../src/PolicyError.ts"
import { UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import type * as UploadedFile from "../src/UploadedFile.ts"
import { budget, type OverBudget } from "./budget.ts"
import { answer, scripted } from "./scripted.ts"

type ErrorOf<M> = M extends ResilientModel.ResilientModel<infer E, infer _R> ? E : never
type NeedsOf<M> = M extends ResilientModel.ResilientModel<infer _E, infer R> ? R : never
type Call = ResilientModel.CallFailure

class Account extends Context.Service<Account, string>()("test/Account") {}
class Patience extends Context.Service<Patience, number>()("test/Patience") {}

const { model, provider } = scripted([answer("a")])
const needy = ResilientModel.fromProvider(Effect.as(Account, provider), { name: "needy", settings: {} })
const needySchedule = Schedule.fromStep(
  Effect.map(Patience, () => () => Effect.map(Patience, (times) => [times, 0 as never] as [number, Duration.Duration])),
)

describe("the type of a stack", () => {
  it("names how a provider's call can fail", () => {
    expectTypeOf<ErrorOf<typeof model>>().toEqualTypeOf<
      AiError.AiError | UploadedFile.FileExpired | UnsupportedOption | CommitPoint.StreamTruncated
    >()
    expectTypeOf<NeedsOf<typeof model>>().toEqualTypeOf<never>()
  })

  it("grows with each policy by its error", () => {
    const careful = model.pipe(Deadline.firstPart("1 second"), Deadline.total("1 minute"), budget(1).enforce)
    expectTypeOf<ErrorOf<typeof careful>>().toEqualTypeOf<
      Call | Deadline.FirstPartExceeded | Deadline.DeadlineExceeded | OverBudget
    >()
  })

  it("is known to catchTags in a function over models, too", () => {
    const service = <R, R2>(
      first: ResilientModel.ResilientModel<Call, R>,
      second: ResilientModel.ResilientModel<Call, R2>,
    ) =>
      LanguageModel.generateText({ prompt: "hi" }).pipe(
        ResilientModel.provide(first.pipe(Fallback.to(second), Deadline.total("1 minute"))),
        Effect.map(({ text }) => text),
        Effect.catchTags({
          AllModelsFailed: ({ trail }) => Effect.succeed(trail.length),
          DeadlineExceeded: ({ _tag }) => Effect.succeed(_tag),
          StreamTruncated: () => Effect.succeed(""),
          AiError: ({ reason }) => Effect.succeed(reason._tag),
        }),
      )
    const program = service(model, needy)
    expectTypeOf<Effect.Error<typeof program>>().toEqualTypeOf<never>()
    expectTypeOf<Effect.Services<typeof program>>().toEqualTypeOf<Account>()
  })

  it("is left as it is by retries", () => {
    const retried = model.pipe(Retry.schedule(Retry.standard), Retry.resample(Schedule.recurs(1)))
    expectTypeOf<ErrorOf<typeof retried>>().toEqualTypeOf<Call>()
  })

  it("loses what a fallback handles, and keeps what can end an answer that has begun", () => {
    const stack = model.pipe(
      Deadline.firstPart("1 second"),
      budget(1).enforce,
      Fallback.to(model.pipe(Deadline.betweenParts("1 second"))),
    )
    expectTypeOf<ErrorOf<typeof stack>>().toEqualTypeOf<
      Fallback.AllModelsFailed | AiError.AiError | CommitPoint.StreamTruncated | Deadline.DeadlineExceeded
    >()
    const plain = model.pipe(Deadline.firstPart("1 second"), Fallback.to(model))
    expectTypeOf<ErrorOf<typeof plain>>().toEqualTypeOf<
      Fallback.AllModelsFailed | AiError.AiError | CommitPoint.StreamTruncated
    >()
  })

  it("loses a refusal that a type guard hands to another model", () => {
    const isOption = (error: Call): error is UnsupportedOption => error instanceof UnsupportedOption
    const stack = model.pipe(Fallback.when(isOption, model))
    expectTypeOf<ErrorOf<typeof stack>>().toEqualTypeOf<
      Fallback.AllModelsFailed | AiError.AiError | UploadedFile.FileExpired | CommitPoint.StreamTruncated
    >()
  })

  it("keeps everything where only a predicate decides", () => {
    const stack = model.pipe(Fallback.when(Failure.isUndecodable, model))
    expectTypeOf<ErrorOf<typeof stack>>().toEqualTypeOf<Fallback.AllModelsFailed | Call>()
    const named = model.pipe(Fallback.onContentPolicy(model))
    expectTypeOf<ErrorOf<typeof named>>().toEqualTypeOf<Fallback.AllModelsFailed | Call>()
  })

  it("adds up what models and schedules need", () => {
    const stack = needy.pipe(Retry.schedule(needySchedule), Fallback.to(model))
    expectTypeOf<NeedsOf<typeof stack>>().toEqualTypeOf<Account | Patience>()
    const other = model.pipe(Fallback.to(needy))
    expectTypeOf<NeedsOf<typeof other>>().toEqualTypeOf<Account>()
  })

  it("can be widened, because it is covariant", () => {
    expectTypeOf(model).toExtend<ResilientModel.ResilientModel<Call | OverBudget, Account>>()
  })
})

describe("a reusable stack", () => {
  const careful = flow(Deadline.firstPart("1 second"), Retry.schedule(Retry.standard), Deadline.total("1 minute"))
  type Added = Deadline.FirstPartExceeded | Deadline.DeadlineExceeded

  it("adds its failures to those of any model, and keeps what the model needs", () => {
    const stack = careful(needy)
    expectTypeOf<ErrorOf<typeof stack>>().toEqualTypeOf<Call | Added>()
    expectTypeOf<NeedsOf<typeof stack>>().toEqualTypeOf<Account>()
    const connected = pipe(needy, careful, ResilientModel.connect(Layer.succeed(Account, "mine")))
    expectTypeOf<NeedsOf<typeof connected>>().toEqualTypeOf<never>()
  })

  it("may be a function of any model", () => {
    const guarded = <E, R>(some: ResilientModel.ResilientModel<E, R>) => some.pipe(careful, Fallback.to(model))
    const stack = guarded(needy)
    expectTypeOf<ErrorOf<typeof stack>>().toEqualTypeOf<
      Fallback.AllModelsFailed | AiError.AiError | CommitPoint.StreamTruncated | Deadline.DeadlineExceeded
    >()
    expectTypeOf<NeedsOf<typeof stack>>().toEqualTypeOf<Account>()
  })

  it("is provided in a flow as well", () => {
    const ask = flow(
      (prompt: string) => LanguageModel.generateText({ prompt }),
      ResilientModel.provide(careful(needy)),
      Effect.catchTags({ DeadlineExceeded: () => Effect.succeed("late") }),
    )
    expectTypeOf<Effect.Error<ReturnType<typeof ask>>>().toEqualTypeOf<Call>()
    expectTypeOf<Effect.Services<ReturnType<typeof ask>>>().toEqualTypeOf<Account>()
  })
})

describe("what does not compile", () => {
  const program = LanguageModel.generateText({ prompt: "hi" })

  it("is a policy on what is no model any more, or never was", () => {
    const plain = Layer.provide(needy, Layer.succeed(Account, "mine"))
    // @ts-expect-error a layer has lost the failures of its model
    expectTypeOf(() => plain.pipe(Deadline.total("1 minute"))).toBeFunction()
    // @ts-expect-error a policy goes onto a model, not onto a program
    expectTypeOf(() => program.pipe(Retry.schedule(Retry.standard))).toBeFunction()
    // @ts-expect-error a fallback goes on to a model
    expectTypeOf(() => model.pipe(Fallback.to(Layer.empty))).toBeFunction()
    // @ts-expect-error a layer that provides no language model
    expectTypeOf(() => ResilientModel.fromLanguageModel(Layer.succeed(Account, "mine"))).toBeFunction()
  })

  it("is a setting that says nothing", () => {
    // @ts-expect-error not a duration
    expectTypeOf(() => Deadline.total("soon")).toBeFunction()
    // @ts-expect-error one mode without the other
    expectTypeOf(() => Deadline.firstPart({ stream: "1 second" })).toBeFunction()
    // @ts-expect-error not a schedule
    expectTypeOf(() => Retry.schedule(3)).toBeFunction()
  })

  it("is a predicate on errors that the model cannot have", () => {
    const isNope = (error: { readonly _tag: "Nope" }) => error._tag === "Nope"
    // @ts-expect-error no model fails so
    expectTypeOf(() => model.pipe(Fallback.when(isNope, model))).toBeFunction()
  })
})

describe("the type of a program", () => {
  const program = LanguageModel.generateText({ prompt: "hi" })

  it("has the model's failures when the model is provided", () => {
    const provided = program.pipe(ResilientModel.provide(model.pipe(budget(1).enforce)))
    expectTypeOf(provided).toExtend<Effect.Effect<unknown, Call | OverBudget>>()
    expectTypeOf<Effect.Error<typeof provided>>().toEqualTypeOf<Call | OverBudget>()
    expectTypeOf<Effect.Services<typeof provided>>().toEqualTypeOf<never>()
  })

  it("asks for what the model needs", () => {
    const provided = ResilientModel.provide(program, needy)
    expectTypeOf<Effect.Services<typeof provided>>().toEqualTypeOf<Account>()
  })

  it("is narrowed by catching", () => {
    const caught = program.pipe(
      ResilientModel.provide(model.pipe(budget(1).enforce)),
      Effect.catchTag("OverBudget", ({ limit }) => Effect.succeed(limit)),
    )
    expectTypeOf<Effect.Error<typeof caught>>().toEqualTypeOf<Call>()
  })

  it("has only AiError when the standard service is provided", () => {
    const provided = program.pipe(Effect.provide(model.pipe(budget(1).enforce)))
    expectTypeOf<Effect.Error<typeof provided>>().toEqualTypeOf<AiError.AiError>()
  })

  it("has the model's failures in a stream too", () => {
    const text = LanguageModel.streamText({ prompt: "hi" }).pipe(ResilientModel.provide(model.pipe(budget(1).enforce)))
    expectTypeOf<Stream.Error<typeof text>>().toEqualTypeOf<Call | OverBudget>()
    const other = ResilientModel.provide(Stream.fromEffect(LanguageModel.LanguageModel), needy)
    expectTypeOf<Stream.Services<typeof other>>().toEqualTypeOf<Account>()
  })
})

describe("the types of policies' errors", () => {
  it("are told apart by when they happen", () => {
    type Both = OverBudget | CommitPoint.StreamTruncated | AiError.AiError | Deadline.FirstPartExceeded
    expectTypeOf<PolicyError.Refusal<Both>>().toEqualTypeOf<OverBudget | Deadline.FirstPartExceeded>()
    expectTypeOf<PolicyError.AfterCommit<Both>>().toEqualTypeOf<CommitPoint.StreamTruncated | AiError.AiError>()
  })
})
