/**
 * The seam, the policies and the typed failures of Holdfast.
 *
 * @module @holdfast/core
 */
export * as Attempt from "./Attempt.ts"
export * as Breaker from "./Breaker.ts"
export * as CommitPoint from "./CommitPoint.ts"
export * as Concurrency from "./Concurrency.ts"
export * as Deadline from "./Deadline.ts"
export * as Failure from "./Failure.ts"
export * as Fallback from "./Fallback.ts"
export * as Hedge from "./Hedge.ts"
export * as ModelCall from "./ModelCall.ts"
export * as PolicyError from "./PolicyError.ts"
export * as ProviderModel from "./provider/ProviderModel.ts"
export * as RateLimit from "./RateLimit.ts"
export * as RequestContext from "./RequestContext.ts"
export * as Resilience from "./Resilience.ts"
export * as ResilientModel from "./ResilientModel.ts"
export * as ResponseCache from "./ResponseCache.ts"
export * as Retry from "./Retry.ts"
export * as RetryBudget from "./RetryBudget.ts"
export * as Route from "./Route.ts"
export * as SharedState from "./SharedState.ts"
export * as TokenEstimate from "./TokenEstimate.ts"
