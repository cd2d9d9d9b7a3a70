/**
 * Anthropic takes a file in one request, which is written as it is read.
 */
import { type FileSource } from "@holdfast/core/FileSource"
import { randomId } from "@holdfast/core/provider/AnswerState"
import { secondsOf, sendWhole, type Settings } from "@holdfast/core/provider/ProviderFiles"
import { type Rest } from "@holdfast/core/provider/Rest"
import * as UploadBody from "@holdfast/core/provider/UploadBody"
import { Effect } from "effect"

import { fileOf } from "./file.ts"

/** Where files are uploaded. */
export interface Target {
  readonly provider: string
  readonly rest: Rest
}

/** From 1 hour to 90 days, as the SDK says of `expires_in_seconds`. */
const kept = { least: 3_600, most: 7_776_000 }

/** Uploads a source. */
export const upload = Effect.fnUntraced(function* (
  { provider, rest }: Target,
  source: FileSource,
  { expiresIn, retry }: Settings,
) {
  const seconds = yield* secondsOf(expiresIn, { ...kept, provider })
  const length = yield* source.size
  const boundary = yield* randomId("holdfast-")
  const path = "/v1/files"
  const answer = yield* sendWhole(source, { length, retry }, (content) => {
    const { body, contentType } = UploadBody.multipart(
      seconds === undefined ? {} : { expires_in_seconds: String(seconds) },
      { field: "file", name: source.fileName, mediaType: source.mediaType, body: content },
      boundary,
    )
    return rest.json({ method: "POST", path, body, headers: { "content-type": contentType } })
  })
  return yield* fileOf(answer, { provider, origin: rest.origin(path) })
})
