import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { type SdkModel } from "@holdfast/core/provider/SdkModel"
import { Effect } from "effect"

/** What a batch of a model has of the model itself. */
export const ofModel = ({
  account,
  codecTransformer,
  model,
  prepare,
  pricedAs,
  provider,
  settings,
}: SdkModel<unknown>): Pick<
  BatchProvider,
  "account" | "codecTransformer" | "model" | "prepare" | "pricedAs" | "provider" | "settings"
> => ({
  provider,
  model,
  account,
  pricedAs,
  settings,
  codecTransformer,
  prepare: (request) => Effect.map(prepare(request), ({ body, read }) => ({ body, read: (answer) => read(answer) })),
})
