import { field, record, text } from "@holdfast/core/provider/Json"
import { type Prompt } from "effect/ai"

/** Reads the options of one part or message that are addressed to a provider. */
export const optionsOf = (holder: { readonly options: Prompt.ProviderOptions }, provider: string) => {
  const options = record(holder.options[provider])
  return {
    fields: options,
    itemId: text(options, "itemId"),
    encryptedContent: text(options, "encryptedContent"),
    phase: phaseOf(field(options, "phase")),
    fileId: text(options, "fileId"),
    imageDetail: detailOf(field(options, "imageDetail")),
    breakpoint: breakpointOf(field(options, "promptCacheBreakpoint")),
  }
}

const phaseOf = (value: unknown): "commentary" | "final_answer" | undefined =>
  value === "commentary" || value === "final_answer" ? value : undefined

const detailOf = (value: unknown): "low" | "high" | "original" | "auto" | undefined =>
  value === "low" || value === "high" || value === "original" || value === "auto" ? value : undefined

/** The end of a prefix that is to be cached. */
export interface Breakpoint {
  readonly mode: "explicit"
  readonly ttl?: "30m" | "12h"
}

const breakpointOf = (value: unknown): Breakpoint | undefined => {
  if (value === undefined || value === null || value === false) return undefined
  const ttl = field(value, "ttl")
  return ttl === "30m" || ttl === "12h" ? { mode: "explicit", ttl } : { mode: "explicit" }
}
