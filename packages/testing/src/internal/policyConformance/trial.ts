import type * as ModelCall from "@holdfast/core/ModelCall"
/**
 * A policy around two probes, and how checks make calls through it.
 */
import * as ModelRequest from "@holdfast/core/ModelRequest"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Effect, Exit, Fiber, Layer, Random, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

import { type Model, Probe } from "./probe.ts"

/** What a check knows of the policy under test. */
export interface Tested {
  /** The policy around a model. One that chooses between models uses the other one as well. */
  readonly policy: (model: Model, other: Model) => ResilientModel.ResilientModel<unknown>
  /** How often one call may open the models beneath, all together. Once if left out. */
  readonly opens?: number | "several" | undefined
  /** Whether it decides by what it remembers of other calls, when it is used as here. */
  readonly remembers?: boolean | undefined
  /** The `_tag` of the error that it refuses with, when it is used as here. */
  readonly refusal?: string | undefined
  /** Whether it measures time for its own decisions. */
  readonly measuresTime?: boolean | undefined
}

export type Mode = ModelRequest.Mode

type Call = ModelCall.ModelCall<unknown, "chat">

export class Trial {
  readonly tested: Tested
  readonly first = new Probe("first")
  readonly other = new Probe("other")
  readonly model: ResilientModel.ResilientModel<unknown>

  constructor(tested: Tested) {
    this.tested = tested
    this.model = tested.policy(this.first.model, this.other.model)
  }

  get held(): number {
    return this.first.held + this.other.held
  }

  get requests(): ReadonlyArray<ModelCall.ModelRequest> {
    return [...this.first.requests, ...this.other.requests]
  }

  /** What both models do from now on. */
  behave(...behaviours: Probe["behaviours"]): void {
    this.first.behave(...behaviours)
    this.other.behave(...behaviours)
  }

  get call(): Effect.Effect<Call, never, Scope.Scope> {
    return ResilientModel.callOf(this.model)
  }
}

export interface Check {
  readonly name: string
  readonly run: (tested: Tested) => Effect.Effect<void, unknown, Scope.Scope>
}

export const inBothModes = (
  name: string,
  run: (tested: Tested, mode: Mode) => Effect.Effect<void, unknown, Scope.Scope>,
): ReadonlyArray<Check> =>
  (["generate", "stream"] as const).map((mode) => ({ name: `${name} (${mode})`, run: (tested) => run(tested, mode) }))

/** Runs a check by a clock of its own, and with the same chance each time. */
export const bound = ({ run }: Check, tested: Tested): Effect.Effect<void, unknown> =>
  run(tested).pipe(Random.withSeed("PolicyConformance"), Effect.scoped, Effect.provide(Layer.fresh(TestClock.layer())))

export const request = (mode: Mode): ModelCall.ModelRequest<"chat"> => ModelRequest.make(mode, "hi")

export interface Outcome {
  readonly exit: Exit.Exit<void, unknown>
  readonly text: string
}

/** Makes a call and reads its answer to the end. */
export const deliver = (call: Call, asked: ModelCall.ModelRequest<"chat">): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    let text = ""
    return Effect.scoped(
      Effect.flatMap(call.open(asked), (answer) =>
        Stream.runForEach(answer, (part) =>
          Effect.sync(() => {
            if (part.type === "text-delta") text += part.delta
            if (part.type === "text") text += part.text
          }),
        ),
      ),
    ).pipe(
      Effect.exit,
      Effect.map((exit) => ({ exit, text })),
    )
  })

/** Lets time pass, and gives what has ended by then. What has not is interrupted. */
export const within = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  duration: Parameters<typeof TestClock.adjust>[0],
): Effect.Effect<A | undefined, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(self, { startImmediately: true })
    yield* TestClock.adjust(duration)
    if (fiber.pollUnsafe() !== undefined) return yield* Fiber.join(fiber)
    yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
    yield* TestClock.adjust(duration)
    return undefined
  })

/** What must be over within a day. */
export const over = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(within(Effect.exit(self), "1 day"), (exit) =>
    exit === undefined ? Effect.die(new Error("the call hangs")) : exit,
  )

export const errorOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  const found = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail") : undefined
  return found?.error
}

/** What became of a call, in a word. */
export const wordFor = (outcome: Outcome | undefined): string => {
  if (outcome === undefined) return "pending"
  if (Exit.isSuccess(outcome.exit)) return `answered ${outcome.text}`
  const error = errorOf(outcome.exit)
  return typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : "defect"
}
