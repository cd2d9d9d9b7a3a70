/**
 * Exact money, dated prices and estimates for LLM calls.
 *
 * @module @holdfast/cost
 */
export * as Money from "./Money.ts"
