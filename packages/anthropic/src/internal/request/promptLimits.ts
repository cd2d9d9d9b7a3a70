/**
 * Which options of Anthropic's on messages and parts of a prompt cannot be taken.
 */
import { field, record } from "@holdfast/core/provider/Json"
import { type Holder, refuseEach } from "@holdfast/core/provider/PromptOptions"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { type Prompt } from "effect/ai"

/** Refuses the options that cannot be taken, each with the place of its message. */
export const refusePromptOptions = (prompt: Prompt.Prompt, refusals: Refusals): void =>
  refuseEach(prompt, (holder, at) => {
    const options = record(holder.options["anthropic"])
    if (options === undefined) return
    const control = field(options, "cacheControl")
    if (!isCacheControl(control)) {
      refusals.option(`prompt[${at}].cacheControl`, `it is true, or names a ttl of "5m" or "1h"`)
    }
    if (control !== undefined && control !== null && control !== false && !canEndPrefix(holder)) {
      refusals.option(
        `prompt[${at}].cacheControl`,
        "no cached prefix ends in a thought or a blank text; mark another part",
      )
    }
    if ("mediaType" in holder) refuseOfKind(holder, options, at, refusals)
  })

// Blank texts are not sent, and thoughts take no mark.
const canEndPrefix = (holder: Holder): boolean => {
  if ("type" in holder) return holder.type === "text" ? holder.text.trim() !== "" : holder.type !== "reasoning"
  return holder.role !== "system" || holder.content.trim() !== ""
}

const isCacheControl = (value: unknown): boolean => {
  if (value === undefined || value === null || typeof value === "boolean") return true
  const ttl = field(value, "ttl")
  return record(value) !== undefined && (ttl === undefined || ttl === null || ttl === "5m" || ttl === "1h")
}

const ofDocuments = ["documentTitle", "documentContext", "documentCitations"] as const

const refuseOfKind = (
  { mediaType }: Prompt.FilePart,
  options: { readonly [key: string]: unknown },
  at: number,
  refusals: Refusals,
): void => {
  const isImage = mediaType.startsWith("image/")
  const sizing = options["oversizedImage"] ?? undefined
  if (sizing !== undefined && !isImage) {
    refusals.option(`prompt[${at}].oversizedImage`, "only images have it; leave it out")
  }
  if (sizing !== undefined && sizing !== "downsize" && sizing !== "error") {
    refusals.option(`prompt[${at}].oversizedImage`, `it is "downsize" or "error"`)
  }
  for (const option of ofDocuments) {
    if (isImage && (options[option] ?? undefined) !== undefined) {
      refusals.option(`prompt[${at}].${option}`, "only documents have it; leave it out")
    }
  }
}
