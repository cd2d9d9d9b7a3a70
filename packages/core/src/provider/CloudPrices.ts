/**
 * What models at a cloud are priced as: those of a vendor at its prices, and deployments as the model behind them.
 *
 * @since 0.1.0
 */
import { type PricedAs } from "../internal/call/types.ts"

/**
 * What deployments and models are priced as, by their names.
 *
 * @since 0.1.0
 * @category models
 */
export type Prices = Readonly<Record<string, PricedAs>>

/**
 * What a model is priced as: as it is said, and otherwise as `known` reads its name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const pricedBy =
  (prices: Prices | undefined, known: (model: string) => PricedAs | undefined) =>
  (model: string): PricedAs | undefined =>
    prices !== undefined && Object.hasOwn(prices, model) ? prices[model] : known(model)

/**
 * A Claude at a cloud, and whether it stays in a region. Those before 4.5 cost the same everywhere.
 *
 * **Details**
 *
 * From Claude 4.5 on Bedrock and Vertex AI charge a tenth more for data that stays in a region:
 * https://platform.claude.com/docs/en/about-claude/pricing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const claude = (model: string, regional: boolean): PricedAs => ({
  provider: "anthropic",
  model,
  regional: regional && !beforeRegions.test(model),
})

const beforeRegions = /^claude-(?:[123]\b|(?:opus|sonnet|haiku)-4(?:-[01])?(?:-\d{8})?$)/

/**
 * A Claude of Bedrock: `global.anthropic.claude-sonnet-4-5-20250929-v1:0`. All but `global` ones stay in a region.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofBedrock = (model: string): PricedAs | undefined => {
  const [, geography, name] = /^(?:([a-z-]{2,10})\.)?anthropic\.(claude-[\w.-]+?)(?:-v\d+(?::\d+)?)?$/.exec(model) ?? []
  return name === undefined ? undefined : claude(name, geography !== "global")
}
