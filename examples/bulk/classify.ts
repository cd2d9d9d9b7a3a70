/**
 * What is asked of each review. It knows nothing of models, batches or money.
 */
import { Input } from "@holdfast/batch"
import { Effect, Schema } from "effect"
import { LanguageModel } from "effect/ai"

const Review = Schema.Struct({ id: Schema.String, text: Schema.String })

export type Review = typeof Review.Type

export const reviews = Input.jsonLines(new URL("reviews.jsonl", import.meta.url).pathname, Review)

export const Label = Schema.Literals(["positive", "negative"])

export const classify = ({ text }: Review) =>
  LanguageModel.generateObject({
    prompt: `Is this review of a boat positive or negative?\n\n${text}`,
    schema: Schema.Struct({ label: Label }),
  }).pipe(Effect.map(({ value }) => value.label))
