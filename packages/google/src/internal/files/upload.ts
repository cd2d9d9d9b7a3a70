/**
 * Google's resumable uploads: a file is begun, sent in pieces, and ended with the last of them. When a piece is lost, Google is asked how
 * much has arrived, and the rest is sent.
 *
 * The address for the pieces comes from the server. Only its path is used: neither the key nor the file goes to a host that an answer
 * named.
 */
import { type FileSource } from "@holdfast/core/FileSource"
import { randomId } from "@holdfast/core/provider/AnswerState"
import { field } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { eachPiece, resend, type Settings, type UploadFailure } from "@holdfast/core/provider/ProviderFiles"
import { UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { type Exchange, type Rest } from "@holdfast/core/provider/Rest"
import * as UploadBody from "@holdfast/core/provider/UploadBody"
import { type UploadedFile } from "@holdfast/core/UploadedFile"
import { Effect } from "effect"
import { type AiError } from "effect/ai"

import { fileOf } from "./file.ts"

/** Bytes, a multiple of 256 KiB as the protocol wants. The SDK sends as much. */
const pieceSize = 8 * 1024 * 1024

/** Where files are uploaded. */
export interface Target {
  readonly provider: string
  readonly apiUrl: string
  readonly apiVersion: string
  readonly rest: Rest
}

/** Uploads a source. */
export const upload = (
  target: Target,
  source: FileSource,
  settings: Settings,
): Effect.Effect<UploadedFile, UploadFailure> =>
  Effect.gen(function* () {
    const { provider, rest } = target
    if (settings.expiresIn !== undefined) return yield* Effect.fail(fixedExpiry(provider))
    const size = yield* source.size
    const session = yield* begin(target, source, { ...settings, size })
    const reply = yield* sendAll(session, source, size)
    const file = field(reply?.answer, "file") ?? (yield* resend(settings.retry)(rest.json(session.named)))
    return yield* fileOf(file, { provider, origin: rest.origin("/files") })
  })

const fixedExpiry = (provider: string): UnsupportedOption =>
  new UnsupportedOption({
    provider,
    model: "files",
    option: "expiresIn",
    explanation: "Google keeps every file for 48 hours; leave it out, or delete the file yourself",
  })

interface Session extends Pick<Settings, "retry"> {
  readonly rest: Rest
  readonly path: string
  /** Asks for the file by its name, where the answer to the last piece was lost. */
  readonly named: { readonly method: "GET"; readonly path: string }
}

const begin = Effect.fnUntraced(function* (
  { apiUrl, apiVersion, rest }: Target,
  source: FileSource,
  { retry, size }: Settings & { readonly size: number | undefined },
) {
  // Lower-case letters, digits and dashes, 40 at most.
  const name = `files/${(yield* randomId("hf-"))
    .toLowerCase()
    .replace(/[^a-z\d-]/g, "")
    .slice(0, 40)
    .replace(/-+$/, "")}`
  const path = `/upload/${apiVersion}/files`
  const { headers } = yield* resend(retry)(
    rest.exchange({
      method: "POST",
      path,
      body: { file: { name, displayName: source.fileName, mimeType: source.mediaType } },
      headers: {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-type": source.mediaType,
        ...(size !== undefined && { "x-goog-upload-header-content-length": String(size) }),
      },
    }),
  )
  const address = pathIn(apiUrl, headers["x-goog-upload-url"])
  if (address === undefined) {
    return yield* Effect.fail(malformed(rest.origin(path), "an upload without an address", false))
  }
  const session: Session = { rest, retry, path: address, named: { method: "GET", path: `/${apiVersion}/${name}` } }
  return session
})

/** The path and the query of an address, as they are below the URL of the API. */
const pathIn = (apiUrl: string, address: string | undefined): string | undefined => {
  if (address === undefined || !URL.canParse(address)) return undefined
  const { pathname, search } = new URL(address)
  const prefix = new URL(apiUrl).pathname.replace(/\/$/, "")
  const path = pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : pathname
  return path.startsWith("/upload/") ? path + search : undefined
}

const sendAll = (session: Session, source: FileSource, size: number | undefined) =>
  Effect.gen(function* () {
    let last: { readonly reply: Exchange | undefined } | undefined
    const sent = yield* eachPiece(source, pieceSize, (bytes, at) => {
      const isLast = size !== undefined && at + bytes.byteLength >= size
      return Effect.map(sendPiece(session, { bytes, at, isLast }), (reply) => {
        if (isLast) last = { reply }
      })
    })
    if (last !== undefined) return last.reply
    // Nothing said before which piece would be the last one.
    return yield* sendPiece(session, { bytes: new Uint8Array(0), at: sent, isLast: true })
  })

interface Piece {
  readonly bytes: Uint8Array
  readonly at: number
  readonly isLast: boolean
}

/** Sends a piece, and after a failure only what has not arrived. `undefined` if the answer was lost and all has arrived. */
const sendPiece = (session: Session, piece: Piece): Effect.Effect<Exchange | undefined, AiError.AiError> => {
  const { rest, retry } = session
  let isFirst = true
  const attempt: Effect.Effect<Exchange | undefined, AiError.AiError> = Effect.suspend(() => {
    if (isFirst) {
      isFirst = false
      return send(session, piece)
    }
    return Effect.flatMap(arrived(session), ({ bytes, status }) => {
      if (status === "final") return Effect.undefined
      const known = bytes - piece.at
      // Also where the server does not say how much there is.
      if (!(known >= 0 && known <= piece.bytes.byteLength)) {
        return Effect.fail(malformed(rest.origin("/files"), "an upload that has lost what had arrived", false))
      }
      if (known === piece.bytes.byteLength && !piece.isLast) return Effect.undefined
      return send(session, { ...piece, bytes: piece.bytes.subarray(known), at: bytes })
    })
  })
  return resend(retry)(attempt)
}

const send = ({ path, rest }: Session, { at, bytes, isLast }: Piece): Effect.Effect<Exchange, AiError.AiError> =>
  rest.exchange({
    method: "POST",
    path,
    body: UploadBody.ofBytes(bytes),
    headers: {
      "x-goog-upload-command": isLast ? "upload, finalize" : "upload",
      "x-goog-upload-offset": String(at),
    },
  })

const arrived = ({ path, rest }: Session) =>
  Effect.map(rest.exchange({ method: "POST", path, headers: { "x-goog-upload-command": "query" } }), ({ headers }) => ({
    status: headers["x-goog-upload-status"],
    bytes: Number(headers["x-goog-upload-size-received"] ?? Number.NaN),
  }))
