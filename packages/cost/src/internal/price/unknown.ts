import { PolicyError } from "@holdfast/core"
import { Schema } from "effect"
import { AiError } from "effect/ai"

import { nearest } from "./nearest.ts"

const Name = Schema.Struct({ provider: Schema.String, model: Schema.String })

/**
 * The price of a model is not known.
 *
 * @since 0.1.0
 * @category errors
 */
export class PriceUnknown
  extends Schema.TaggedError<PriceUnknown>("@holdfast/cost/PriceUnknown")("PriceUnknown", {
    provider: Schema.String,
    model: Schema.String,
    /** Models of the book with almost the same name, the nearest one first. */
    similar: Schema.optionalKey(Schema.Array(Name)),
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    const { model, provider, similar = [] } = this
    const names = similar.map((each) => (each.provider === provider ? each.model : `${each.model} of ${each.provider}`))
    const question = names.length === 0 ? "" : `; did you mean ${names.join(" or ")}?`
    const end = names.length === 0 ? "; add" : " If not, add"
    return `the price of ${model} of ${provider} is not known${question}${end} it with PriceBook.layerExtend`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InvalidRequestError({ parameter: "model", description: this.message, metadata })
  }
}

/** The failure for a model that a book does not have. */
export const priceUnknown = (
  book: { readonly prices: ReadonlyArray<typeof Name.Type> },
  { model, provider }: typeof Name.Type,
): PriceUnknown => {
  const similar = nearest(book.prices, { provider, model })
  return PolicyError.withoutStack(() => new PriceUnknown({ provider, model, ...(similar.length > 0 && { similar }) }))
}
