/**
 * A budget of whole units, one per attempt: the smallest policy that guards attempts.
 */
import { type Duration, Effect, Schema } from "effect"
import { AiError } from "effect/ai"

import type * as Attempt from "../src/Attempt.ts"
import * as AttemptGuard from "../src/AttemptGuard.ts"
import type * as PolicyError from "../src/PolicyError.ts"
import * as PolicyErrors from "../src/PolicyError.ts"
import * as ResilientModel from "../src/ResilientModel.ts"

export class OverBudget
  extends Schema.TaggedError<OverBudget>("@holdfast/core/test/OverBudget")("OverBudget", {
    budget: Schema.String,
    limit: Schema.Int,
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyErrors.TypeId] = "refusal" as const

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.QuotaExhaustedError({ metadata })
  }
}

/** Lets `limit` attempts pass, and writes down what it was asked. */
export const budget = (
  limit: number,
  options?: {
    readonly name?: string
    readonly answersAfter?: Duration.Input
    readonly settlesAfter?: Duration.Input
  },
) => {
  const log: Array<string> = []
  const settled: Array<Attempt.Attempt> = []
  let spent = 0
  let reserved = 0
  const take = (start: Attempt.AttemptStart): Effect.Effect<AttemptGuard.Reservation, OverBudget> =>
    Effect.suspend(() => {
      if (spent + reserved >= limit) {
        log.push(`refuse ${start.provider}`)
        return Effect.fail(new OverBudget({ budget: options?.name ?? "budget", limit }))
      }
      reserved++
      log.push(`reserve ${start.provider}`)
      return Effect.succeed({
        settle: (attempt) =>
          Effect.andThen(
            waitFor(options?.settlesAfter),
            Effect.sync(() => {
              reserved--
              spent++
              settled.push(attempt)
              log.push(`settle ${attempt.outcome._tag}`)
            }),
          ),
        release: Effect.sync(() => {
          reserved--
          log.push("release")
        }),
      })
    })
  const waiting = waitFor(options?.answersAfter)
  const enforce = ResilientModel.policy<OverBudget>({ name: "budget", place: "budget", settings: { limit } }, (call) =>
    Effect.succeed(
      AttemptGuard.install(call, { reserve: (start) => Effect.andThen(Effect.interruptible(waiting), take(start)) }),
    ),
  )
  return { enforce, log, settled, spent: () => spent, reserved: () => reserved }
}

const waitFor = (duration: Duration.Input | undefined) =>
  duration === undefined ? Effect.void : Effect.sleep(duration)
