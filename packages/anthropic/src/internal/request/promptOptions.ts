import { field, list, record, text } from "@holdfast/core/provider/Json"
import { type Prompt } from "effect/ai"

import { cacheControlOf } from "./cache.ts"

/** Reads the options of one part or message that are addressed to Anthropic. */
export const optionsOf = (holder: { readonly options: Prompt.ProviderOptions }) => {
  const options = record(holder.options["anthropic"])
  return {
    cacheControl: cacheControlOf(field(options, "cacheControl")),
    fileId: text(options, "fileId"),
    containerUpload: field(options, "containerUpload") === true,
    documentTitle: text(options, "documentTitle"),
    documentContext: text(options, "documentContext"),
    documentCitations: enabled(field(options, "documentCitations")),
    oversizedImage: oversized(field(options, "oversizedImage")),
    signature: text(options, "signature"),
    redactedData: text(options, "redactedData"),
    citations: list(options, "citations"),
    toolName: text(options, "toolName"),
    caller: record(field(options, "caller")),
    block: record(field(options, "block")),
  }
}

const enabled = (value: unknown): boolean | undefined => (typeof value === "boolean" ? value : undefined)

const oversized = (value: unknown): "downsize" | "error" | undefined =>
  value === "downsize" || value === "error" ? value : undefined
