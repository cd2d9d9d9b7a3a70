import { field, list, text } from "@holdfast/core/provider/Json"
import { malformed, type Origin } from "@holdfast/core/provider/ProviderError"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { type UploadedFile } from "@holdfast/core/UploadedFile"
import { Effect } from "effect"
import { type AiError } from "effect/ai"

/** What is known of a file beside what Google says. */
export interface Known {
  readonly provider: string
  readonly origin: Origin
}

/** A file as Google describes it. */
export const fileOf = (answer: unknown, { origin, provider }: Known): Effect.Effect<UploadedFile, AiError.AiError> => {
  const id = text(answer, "name")
  if (id === undefined) return Effect.fail(malformed(origin, "a file without a name", false))
  const expiresAt = timeIn(answer, "expirationTime")
  const uri = text(answer, "uri") ?? `${origin.url.replace(/\/files\b.*$/, "")}/v1beta/${id}`
  const bytes = Number(field(answer, "sizeBytes") ?? Number.NaN)
  return Effect.succeed({
    provider,
    id,
    fileName: text(answer, "displayName") ?? id,
    mediaType: text(answer, "mimeType") ?? "application/octet-stream",
    size: Number.isSafeInteger(bytes) ? bytes : undefined,
    createdAt: timeIn(answer, "createTime"),
    expiresAt,
    state: stateOf(text(answer, "state")),
    problem: scrubbed(text(field(answer, "error"), "message"), origin.scrub),
    options: { google: { fileUri: uri, ...(expiresAt !== undefined && { expiresAt }) } },
  })
}

const stateOf = (state: string | undefined): UploadedFile["state"] => {
  if (state === "FAILED") return "failed"
  return state === "PROCESSING" ? "processing" : "ready"
}

/** Unix milliseconds of a time in a field. */
export const timeIn = (answer: unknown, key: string): number | undefined => {
  const time = Date.parse(text(answer, key) ?? "")
  return Number.isNaN(time) ? undefined : time
}

/** A page of files, and where the next one begins. */
export const pageOf = (answer: unknown, known: Known) =>
  Effect.map(
    Effect.forEach(list(answer, "files"), (file) => fileOf(file, known)),
    (files) => ({ files, next: text(answer, "nextPageToken") }),
  )
