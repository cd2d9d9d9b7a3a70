import { type Attempt } from "@holdfast/core"

/** Whose price holds for what was asked: a deployment or a model at a cloud has another name than its price. */
export const priceNameOf = ({
  model,
  pricedAs,
  provider,
}: Pick<Attempt.AttemptStart, "model" | "provider" | "pricedAs">): {
  readonly provider: string
  readonly model: string
} => (pricedAs === undefined ? { provider, model } : { provider: pricedAs.provider, model: pricedAs.model })
