import { mediaTypeOf } from "@holdfast/core/FileSource"
import { count, field, list, text } from "@holdfast/core/provider/Json"
import { malformed, type Origin } from "@holdfast/core/provider/ProviderError"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { type UploadedFile } from "@holdfast/core/UploadedFile"
import { Effect } from "effect"
import { type AiError } from "effect/ai"

/** What is known of a file beside what OpenAI says. */
export interface Known {
  readonly provider: string
  readonly optionKey: string
  readonly origin: Origin
  /** OpenAI does not say it. */
  readonly mediaType?: string | undefined
}

/** A file as OpenAI describes it. Times there are seconds. */
export const fileOf = (answer: unknown, known: Known): Effect.Effect<UploadedFile, AiError.AiError> => {
  const id = text(answer, "id")
  if (id === undefined) return Effect.fail(malformed(known.origin, "a file without an id", false))
  const expiresAt = millis(count(answer, "expires_at"))
  const fileName = text(answer, "filename") ?? id
  return Effect.succeed({
    provider: known.provider,
    id,
    fileName,
    mediaType: known.mediaType ?? mediaTypeOf(fileName),
    size: count(answer, "bytes"),
    createdAt: millis(count(answer, "created_at")),
    expiresAt,
    // `status` is deprecated, and where it is missing the file can be used at once.
    state: field(answer, "status") === "error" ? "failed" : "ready",
    problem: scrubbed(text(answer, "status_details"), known.origin.scrub),
    options: { [known.optionKey]: { fileId: id, ...(expiresAt !== undefined && { expiresAt }) } },
  })
}

const millis = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1000)

/** A page of files, and where the next one begins. */
export const pageOf = (answer: unknown, known: Known) =>
  Effect.map(
    Effect.forEach(list(answer, "data"), (file) => fileOf(file, known)),
    (files) => ({ files, next: field(answer, "has_more") === true ? files.at(-1)?.id : undefined }),
  )
