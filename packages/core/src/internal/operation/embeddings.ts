import { type Operation } from "../../Operation.ts"
import { ofInputs } from "../../TokenEstimate.ts"

/** What embeddings ask and answer. Vendors bill the input alone. */
export const embeddings: Operation<"embeddings"> = {
  name: "embeddings",
  isContent: ({ type }) => type === "embedding",
  usageOf: (part) => (part.type === "finish" ? part.usage : undefined),
  sizeOf: ({ type }) => (type === "embedding" ? 1 : 0),
  weightOf: () => 0,
  estimate: ({ inputs }) => ofInputs(inputs),
  sizeOfRequest: ({ inputs }) => inputs.reduce((sum, input) => sum + input.length, 0),
  fingerprint: ({ inputs }) => ({ inputs }),
}
