/**
 * A gate whose limit follows what the model bears.
 */
import { Clock, Effect, Exit, type Scope, type Stream } from "effect"

import * as Failure from "../../Failure.ts"
import { type ModelRequest, type Part } from "../../ModelCall.ts"
import { millis } from "../millis.ts"
import * as AdaptiveLimit from "./adaptiveState.ts"
import { priorities } from "./priorities.ts"
import { FairSemaphore } from "./state.ts"

export class AdaptiveSemaphore {
  readonly semaphore: FairSemaphore
  private readonly rules: AdaptiveLimit.Rules
  private readonly size: (request: ModelRequest) => number
  private state: AdaptiveLimit.State

  constructor(
    rules: AdaptiveLimit.Rules,
    options: { readonly queue: number; readonly size: (request: ModelRequest) => number },
  ) {
    this.rules = rules
    this.size = options.size
    this.state = AdaptiveLimit.initialState(rules)
    this.semaphore = new FairSemaphore({ limit: this.limit, places: options.queue, urgencies: priorities.length })
  }

  get limit(): number {
    return AdaptiveLimit.placesOf(this.state)
  }

  /** Learns from how a call begins. */
  observed<E>(
    request: ModelRequest,
    opening: Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope>,
  ): Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope> {
    return Effect.withFiber((fiber) => {
      const clock = fiber.getRef(Clock.Clock)
      const began = millis(clock)
      const inFlight = this.semaphore.inUse
      return Effect.onExitPrimitive(opening, (exit) => {
        const now = millis(clock)
        if (Exit.isSuccess(exit)) this.answered(request, { took: now - began, inFlight })
        else if (exit.cause.reasons.some((reason) => reason._tag === "Fail" && isTooMuch(reason.error))) {
          this.follow(AdaptiveLimit.refused(this.state, this.rules, now))
        }
        return undefined
      })
    })
  }

  private answered(request: ModelRequest, sample: { readonly took: number; readonly inFlight: number }): void {
    this.follow(AdaptiveLimit.answered(this.state, this.rules, { ...sample, size: this.size(request) }))
  }

  private follow(next: AdaptiveLimit.State): void {
    this.state = next
    this.semaphore.resize(this.limit)
  }
}

/** The model says that it has too much to do, or shows it. */
const isTooMuch = (error: unknown): boolean => {
  const { kind } = Failure.classify(error)
  return kind === "throttled" || kind === "overloaded" || Failure.tagOf(error) === "DeadlineExceeded"
}
