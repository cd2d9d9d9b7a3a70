/**
 * Exact money, dated prices, estimates, ledgers, budgets and reports for LLM calls.
 *
 * @module @holdfast/cost
 */
export * as Budget from "./Budget.ts"
export * as CacheSavings from "./CacheSavings.ts"
export * as CacheStorage from "./CacheStorage.ts"
export * as Charge from "./Charge.ts"
export * as Cheapest from "./Cheapest.ts"
export * as CostEvent from "./CostEvent.ts"
export * as Estimate from "./Estimate.ts"
export * as Ledger from "./Ledger.ts"
export * as Money from "./Money.ts"
export * as Price from "./Price.ts"
export * as PriceBook from "./PriceBook.ts"
export * as Report from "./Report.ts"
export * as SqlMigrations from "./SqlMigrations.ts"
