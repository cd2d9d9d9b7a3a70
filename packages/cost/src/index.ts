/**
 * Exact money, dated prices and estimates for LLM calls.
 *
 * @module @holdfast/cost
 */
export * as CacheSavings from "./CacheSavings.ts"
export * as Estimate from "./Estimate.ts"
export * as Money from "./Money.ts"
export * as Price from "./Price.ts"
export * as PriceBook from "./PriceBook.ts"
