import { count, list, text } from "@holdfast/core/provider/Json"
import { malformed, type Origin } from "@holdfast/core/provider/ProviderError"
import { type UploadedFile } from "@holdfast/core/UploadedFile"
import { Effect } from "effect"
import { type AiError } from "effect/ai"

/** What is known of a file beside what Anthropic says. */
export interface Known {
  readonly provider: string
  readonly origin: Origin
}

/** A file as Anthropic describes it. */
export const fileOf = (answer: unknown, { origin, provider }: Known): Effect.Effect<UploadedFile, AiError.AiError> => {
  const id = text(answer, "id")
  if (id === undefined) return Effect.fail(malformed(origin, "a file without an id", false))
  const expiresAt = timeIn(answer, "expires_at")
  return Effect.succeed({
    provider,
    id,
    fileName: text(answer, "filename") ?? id,
    mediaType: text(answer, "mime_type") ?? "application/octet-stream",
    size: count(answer, "size_bytes"),
    createdAt: timeIn(answer, "created_at"),
    expiresAt,
    state: "ready",
    options: { anthropic: { fileId: id, ...(expiresAt !== undefined && { expiresAt }) } },
  })
}

const timeIn = (answer: unknown, key: string): number | undefined => {
  const time = Date.parse(text(answer, key) ?? "")
  return Number.isNaN(time) ? undefined : time
}

/** A page of files, and where the next one begins. */
export const pageOf = (answer: unknown, known: Known) =>
  Effect.map(
    Effect.forEach(list(answer, "data"), (file) => fileOf(file, known)),
    (files) => ({ files, next: text(answer, "next_page") }),
  )
