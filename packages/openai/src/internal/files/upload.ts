/**
 * Uploads in one request, or in parts where the size is known and worth it: a part that is lost is sent again by itself, and a
 * key that expires meanwhile is replaced between two of them.
 */
import { type FileSource } from "@holdfast/core/FileSource"
import { randomId } from "@holdfast/core/provider/AnswerState"
import { text } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import {
  eachPiece,
  resend,
  secondsOf,
  sendWhole,
  type Settings,
  type UploadFailure,
} from "@holdfast/core/provider/ProviderFiles"
import { type Rest } from "@holdfast/core/provider/Rest"
import * as UploadBody from "@holdfast/core/provider/UploadBody"
import { type UploadedFile } from "@holdfast/core/UploadedFile"
import { Effect } from "effect"
import { type AiError } from "effect/ai"

import { fileOf, type Known } from "./file.ts"

/** Bytes. A part may have 64 MB; it is held in memory while it is sent. https://developers.openai.com/api/reference/resources/uploads */
const partSize = 8_000_000

/** Where and as what files are uploaded. */
export interface Target extends Omit<Known, "origin"> {
  readonly rest: Rest
  readonly purpose: string
}

/** Uploads a source. */
export const upload = (
  target: Target,
  source: FileSource,
  settings: Settings,
): Effect.Effect<UploadedFile, UploadFailure> =>
  Effect.gen(function* () {
    const seconds = yield* secondsOf(settings.expiresIn, { ...kept, provider: target.provider })
    const size = yield* source.size
    return size !== undefined && size > partSize
      ? yield* inParts(target, source, { ...settings, size, seconds })
      : yield* atOnce(target, source, { ...settings, size, seconds })
  })

/** From 1 hour to 30 days: https://developers.openai.com/api/reference/resources/files/methods/create */
const kept = { least: 3_600, most: 2_592_000 }

interface Sending extends Settings {
  readonly size: number | undefined
  readonly seconds: number | undefined
}

const atOnce = Effect.fnUntraced(function* (target: Target, source: FileSource, { retry, seconds, size }: Sending) {
  const { purpose, rest } = target
  const boundary = yield* randomId("holdfast-")
  const path = "/files"
  const expiry =
    seconds === undefined ? {} : { "expires_after[anchor]": "created_at", "expires_after[seconds]": String(seconds) }
  const answer = yield* sendWhole(source, { length: size, retry }, (content) => {
    const { body, contentType } = UploadBody.multipart(
      { purpose, ...expiry },
      { field: "file", name: source.fileName, mediaType: source.mediaType, body: content },
      boundary,
    )
    return rest.json({ method: "POST", path, body, headers: { "content-type": contentType } })
  })
  return yield* fileOf(answer, { ...target, origin: rest.origin(path), mediaType: source.mediaType })
})

interface Parted extends Sending {
  readonly size: number
}

const inParts = Effect.fnUntraced(function* (target: Target, source: FileSource, sending: Parted) {
  const { rest } = target
  const begun = yield* begin(target, source, sending)
  const path = `/uploads/${encodeURIComponent(begun)}`
  const parts = sendParts(rest, path, source, sending)
  const completed = Effect.flatMap(parts, (ids) =>
    resend(sending.retry)(rest.json({ method: "POST", path: `${path}/complete`, body: { part_ids: ids } })),
  )
  // What was begun and not completed would be kept for an hour.
  const cancel = Effect.ignore(rest.json({ method: "POST", path: `${path}/cancel`, body: {} }))
  const answer = yield* Effect.onExit(completed, (exit) => (exit._tag === "Success" ? Effect.void : cancel))
  const file = typeof answer === "object" && answer !== null && "file" in answer ? answer.file : undefined
  return yield* fileOf(file, { ...target, origin: rest.origin(path), mediaType: source.mediaType })
})

const begin = Effect.fnUntraced(function* ({ purpose, rest }: Target, source: FileSource, sending: Parted) {
  const path = "/uploads"
  const { retry, seconds, size } = sending
  const body = {
    bytes: size,
    filename: source.fileName,
    mime_type: source.mediaType,
    purpose,
    ...(seconds !== undefined && { expires_after: { anchor: "created_at", seconds } }),
  }
  return yield* idIn(rest, path, yield* resend(retry)(rest.json({ method: "POST", path, body })))
})

const sendParts = (rest: Rest, path: string, source: FileSource, { retry }: Parted) =>
  Effect.gen(function* () {
    const boundary = yield* randomId("holdfast-")
    const ids: Array<string> = []
    yield* eachPiece(source, partSize, (piece) => {
      const { body, contentType } = UploadBody.multipart(
        {},
        { field: "data", name: "part", mediaType: "application/octet-stream", body: UploadBody.ofBytes(piece) },
        boundary,
      )
      const request = { method: "POST", path: `${path}/parts`, body, headers: { "content-type": contentType } } as const
      return Effect.flatMap(resend(retry)(rest.json(request)), (answer) =>
        Effect.map(idIn(rest, request.path, answer), (id) => ids.push(id)),
      )
    })
    return ids
  })

const idIn = (rest: Rest, path: string, answer: unknown): Effect.Effect<string, AiError.AiError> => {
  const id = text(answer, "id")
  return id === undefined
    ? Effect.fail(malformed(rest.origin(path), "an answer without an id", false))
    : Effect.succeed(id)
}
