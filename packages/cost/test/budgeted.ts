/**
 * Models with budgets whose amounts can be reckoned in the head.
 *
 * A token of a prompt costs one picodollar and one of an answer two. Every attempt may cost 30: a prompt of at most ten tokens
 * and an answer of at most ten. The scripted answers report seven and three tokens, which is 13.
 */
import { Event, RequestContext, ResilientModel } from "@holdfast/core"
import { Context, Effect, Layer, type Scope } from "effect"

import { answer, deliver, type Mode, type Outcome, request, type Script, scripted } from "../../core/test/scripted.ts"
import * as CostEvent from "../src/CostEvent.ts"
import * as Estimate from "../src/Estimate.ts"
import * as Ledger from "../src/Ledger.ts"
import * as Money from "../src/Money.ts"
import * as Price from "../src/Price.ts"
import * as PriceBook from "../src/PriceBook.ts"

export const worst = 30n
export const real = 13n
export const money = Money.fromPicodollars

const priced = (provider: string, perMillion: Price.PriceList, model = `${provider}-1`): Price.Price =>
  Price.make({
    provider,
    model,
    perMillion,
    maxOutputTokens: 10,
    source: "made up",
    checkedOn: "2026-11-24",
  })

/** The dear one costs ten times as much, and a fifth of that for what comes from its cache. */
export const dear = priced("dear", { input: "$0.00001", output: "$0.00002", cacheRead: "$0.000002" })

export const prices = [
  priced("acme", { input: "$0.000001", output: "$0.000002" }),
  priced("google", { input: "$0.000001", output: "$0.000002" }, "gcp.gemini-1"),
  priced("second", { input: "$0.000001", output: "$0.000002" }),
  dear,
]

/** Ten tokens of prompt, whatever it says. */
const tenTokens: Layer.Layer<Estimate.Estimator> = Layer.succeed(Estimate.Estimator, {
  estimate: (_, { maxOutputTokens, model, provider }) =>
    Effect.succeed({
      provider,
      model,
      input: 10,
      audioInput: 0,
      imageInput: 0,
      output: maxOutputTokens ?? 10,
      inputAtMost: 40,
      uncorrected: 10,
      isText: true,
      doubts: [],
    }),
  learn: () => Effect.void,
})

export const pricing = Layer.merge(Layer.succeed(PriceBook.PriceBook, PriceBook.make(prices)), tenTokens)

export const ledgerInMemory: Effect.Effect<Ledger.Service, never, Scope.Scope> = Effect.map(
  Layer.build(Ledger.layerMemory()),
  (context) => Context.get(context, Ledger.Ledger),
)

/** Builds a model once, on a ledger, so that its budgets keep their state, and gives what makes a call with it. */
export const caller = <E>(model: ResilientModel.ResilientModel<E, Ledger.Ledger>, ledger: Ledger.Service) =>
  Effect.map(
    ResilientModel.callOf(
      model.pipe(ResilientModel.connect(Layer.merge(pricing, Layer.succeed(Ledger.Ledger, ledger)))),
    ),
    (built) =>
      (mode: Mode = "generate", context: Partial<RequestContext.RequestContext> = {}): Effect.Effect<Outcome<E>> =>
        RequestContext.annotate(deliver(built, request(mode)), context),
  )

export const acme = (...scripts: ReadonlyArray<Script>) => scripted(scripts.length === 0 ? [answer("a")] : scripts)

const accounts: ReadonlySet<string> = new Set(["AttemptReserved", "AttemptReleased", "AttemptCharged"])

/** What happens inside, in order, but for the money of each attempt. */
export const heard = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(heardAll(self), ([result, events]) => [result, events.filter(({ _tag }) => !accounts.has(_tag))] as const)

/** The events that happen inside, in order. */
export const heardAll = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const events: Array<CostEvent.Event> = []
    return Effect.map(
      Event.listen(self, (event) => {
        if (CostEvent.isCostEvent(event)) events.push(event)
      }),
      (result) => [result, events] as const,
    )
  })
