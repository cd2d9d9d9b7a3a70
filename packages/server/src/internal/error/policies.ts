/**
 * The errors of Holdfast's policies on the wire: with their fields, and without what vendors or applications said in them.
 */
import {
  Breaker,
  CommitPoint,
  Concurrency,
  Deadline,
  Fallback,
  PolicyError,
  RateLimit,
  RetryBudget,
} from "@holdfast/core"
import { UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { Budget, PriceBook } from "@holdfast/cost"
import { DateTime, Duration, Match, Option, Schema } from "effect"
import { AiError } from "effect/ai"

import { type WireError } from "./fields.ts"

export const Policy = Schema.Union([
  Budget.BudgetExceeded,
  PriceBook.PriceUnknown,
  RateLimit.RateLimited,
  Concurrency.ConcurrencyLimited,
  Breaker.CircuitOpen,
  Deadline.DeadlineExceeded,
  RetryBudget.RetryBudgetExhausted,
  Fallback.AllModelsFailed,
  CommitPoint.StreamTruncated,
  UnsupportedOption,
])

type Policy = typeof Policy.Type

const Codec = Schema.toCodecJson(Policy)

export const decodePolicy = Schema.decodeUnknownOption(Codec)

const encodePolicy = Schema.encodeOption(Codec)

const isPolicy = Schema.is(Policy)

/** One of the errors above, also where it was folded into an `AiError` in another process. */
export const policyOf = (error: unknown): Policy | undefined => {
  const original = PolicyError.unfold(error)
  if (isPolicy(original)) return original
  if (!AiError.isAiError(original) || !("metadata" in original.reason)) return undefined
  return Option.getOrUndefined(decodePolicy(original.reason.metadata["holdfast"]))
}

interface Reading {
  readonly status: number
  readonly retryable: boolean
  readonly retryAfter?: Duration.Duration | undefined
  /** Where the error's own message quotes a vendor or the application. */
  readonly message?: string
}

/** `now` is the time in milliseconds. */
export const policyOnWire = (error: Policy, now: number): WireError => {
  const { message = error.message, retryAfter, retryable, status } = reading(error, now)
  const encoded = encodePolicy(withoutForeignWords(error))
  return {
    code: error._tag,
    message,
    status,
    retryable,
    ...(retryAfter !== undefined && { retryAfter: Math.max(0, Math.ceil(Duration.toMillis(retryAfter))) }),
    ...(Option.isSome(encoded) && { policy: encoded.value as NonNullable<WireError["policy"]> }),
  }
}

const reading = (error: Policy, now: number): Reading =>
  Match.valueTags(error, {
    // 402, because every client library sends a 429 again, and a budget that is spent stays spent.
    BudgetExceeded: ({ resetsAt }): Reading => ({
      status: 402,
      retryable: false,
      retryAfter: resetsAt === undefined ? undefined : Duration.millis(DateTime.toEpochMillis(resetsAt) - now),
    }),
    PriceUnknown: (): Reading => ({ status: 402, retryable: false }),
    RateLimited: ({ model, provider, retryAfter }): Reading => ({
      status: 429,
      retryable: retryAfter !== undefined,
      retryAfter,
      message: `${model} of ${provider} gets too many requests`,
    }),
    ConcurrencyLimited: (): Reading => ({ status: 429, retryable: true }),
    CircuitOpen: ({ retryAfter }): Reading => ({ status: 503, retryable: true, retryAfter }),
    DeadlineExceeded: ({ bound }): Reading => ({ status: 504, retryable: bound !== "total" }),
    RetryBudgetExhausted: ({ last }): Reading => ({ status: 503, retryable: true, retryAfter: last.retryAfter }),
    AllModelsFailed: ({ failure, trail }): Reading => ({
      status: failure?.kind === "fatal" ? 502 : 503,
      retryable: failure !== undefined && failure.kind !== "fatal",
      retryAfter: failure?.retryAfter,
      message: `all ${trail.length} models failed`,
    }),
    StreamTruncated: (): Reading => ({ status: 502, retryable: true }),
    UnsupportedOption: (): Reading => ({ status: 400, retryable: false }),
  })

const withoutForeignWords = (error: Policy): Policy => {
  switch (error._tag) {
    case "AllModelsFailed":
      return new Fallback.AllModelsFailed({ trail: error.trail.map(silent) })
    case "RetryBudgetExhausted":
      return new RetryBudget.RetryBudgetExhausted({
        provider: error.provider,
        model: error.model,
        last: silent(error.last),
      })
    case "RateLimited": {
      // An application may keep its limits apart by anything.
      const { cost, dimension, limit, model, provider, retryAfter } = error
      const key = `${provider}/${model}`
      const hint = retryAfter !== undefined && { retryAfter }
      return new RateLimit.RateLimited({ provider, model, key, dimension, limit, cost, ...hint })
    }
    default:
      return error
  }
}

const silent = (failed: Fallback.FailedModel): Fallback.FailedModel => ({ ...failed, message: failed.reason })
