/**
 * A file at a vendor, and how a prompt refers to it.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, type Schema } from "effect"
import { Prompt } from "effect/ai"

import { type DurationInput } from "./DurationInput.ts"
import { FileExpired } from "./internal/files/errors.ts"

export {
  /**
   * An uploaded file that has expired at its vendor, or will before it is needed. Nothing was sent.
   *
   * @since 0.1.0
   * @category errors
   */
  FileExpired,
} from "./internal/files/errors.ts"

/**
 * A file at a vendor. Plain data: it can be kept, and used by another process with the same account.
 *
 * @since 0.1.0
 * @category models
 */
export interface UploadedFile {
  readonly provider: string
  /** The vendor's id: `file-abc`, `file_abc`, `files/abc`. */
  readonly id: string
  readonly fileName: string
  readonly mediaType: string
  /** Bytes. */
  readonly size: number | undefined
  /** Unix milliseconds. */
  readonly createdAt: number | undefined
  /** Unix milliseconds; `undefined` if it stays until it is deleted. */
  readonly expiresAt: number | undefined
  readonly state: "processing" | "ready" | "failed"
  /** Why it failed, in the vendor's words. */
  readonly problem?: string | undefined
  /** Options of a part of a prompt that is this file, by the vendor's key. */
  readonly options: Readonly<Record<string, { readonly [key: string]: Schema.Json }>>
}

/**
 * The file as a part of a user's message.
 *
 * **Details**
 *
 * Of one content that was uploaded to several vendors it makes one part, so that a fallback finds it as well. A vendor to which it was not
 * uploaded refuses the part before any request, with `UnsupportedOption`. When the file has expired by the time of a request, that
 * fails with `FileExpired`, before it is sent.
 *
 * **Example** (One file at two vendors)
 *
 * ```ts
 * import { UploadedFile } from "@holdfast/core"
 *
 * const common = {
 *   fileName: "report.pdf",
 *   mediaType: "application/pdf",
 *   size: 4_000,
 *   createdAt: 0,
 *   expiresAt: undefined,
 *   state: "ready" as const,
 * }
 * const part = UploadedFile.part(
 *   { ...common, provider: "openai", id: "file-1", options: { openai: { fileId: "file-1" } } },
 *   { ...common, provider: "anthropic", id: "file_2", options: { anthropic: { fileId: "file_2" } } },
 * )
 *
 * Object.keys(part.options) // => ["openai", "anthropic"]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const part = (file: UploadedFile, ...copies: ReadonlyArray<UploadedFile>): Prompt.FilePart =>
  Prompt.filePart({
    mediaType: file.mediaType,
    fileName: file.fileName,
    data: new URL(`upload://${file.provider}/${encodeURI(file.id)}`),
    options: Object.assign({}, ...[file, ...copies].map(({ options }) => options)) as Prompt.FilePartOptions,
  })

/**
 * Whether data of a part stands for an uploaded file.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isUploaded = (data: Prompt.FilePart["data"]): boolean =>
  (data instanceof URL ? data.href : String(data).slice(0, 9)).startsWith("upload://")

/**
 * Fails if the file expires within the time that it is needed for.
 *
 * **When to use**
 *
 * Before a batch, which may take a day. Requests look by themselves whether a file has expired.
 *
 * @since 0.1.0
 * @category combinators
 */
export const check = (file: UploadedFile, needed: DurationInput = 0): Effect.Effect<UploadedFile, FileExpired> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    lasts(file.expiresAt, now + Duration.toMillis(needed))
      ? Effect.succeed(file)
      : Effect.fail(new FileExpired({ provider: file.provider, file: file.id, expiresAt: file.expiresAt ?? now })),
  )

/**
 * Whether a file is there beyond a moment.
 *
 * @internal
 */
export const lasts = (expiresAt: number | undefined, until: number): boolean =>
  expiresAt === undefined || expiresAt > until
