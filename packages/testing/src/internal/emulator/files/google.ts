/**
 * Google's files, which are uploaded piece by piece, and its count of tokens.
 */
import { Effect, Predicate } from "effect"

import { json, type Message, refused, type RouteOf, type Said } from "../batch/route.ts"
import { estimateTokens, isJson, type Json } from "../dialect.ts"
import { google } from "../google.ts"
import { cacheRoute } from "./caches.ts"
import { counting, type FileRoute } from "./route.ts"
import { fileId, habitOf, lostAfter, type StoredFile, type Upload } from "./state.ts"
import { existing, keep, page } from "./store.ts"

const paths = /^(.*)\/v1(?:beta|alpha)?\/files(?:\/([^/]+))?$/
const uploads = /^(.*)\/upload\/v1(?:beta|alpha)?\/files$/

const twoDays = 48 * 3_600_000

const iso = (millis: number) => new Date(millis).toISOString()

const stateOf = (store: Message["state"]["files"], file: StoredFile): Json => {
  const failing = habitOf(store, "Failing")
  if (failing !== undefined) return { state: "FAILED", error: { code: 3, message: failing.message } }
  return { state: file.gets < (habitOf(store, "Processing")?.polls ?? 0) ? "PROCESSING" : "ACTIVE" }
}

const fileObject = ({ state, url }: Message, file: StoredFile) => ({
  name: file.id,
  displayName: file.fileName,
  mimeType: file.mediaType,
  sizeBytes: String(file.size),
  createTime: iso(file.createdAt),
  updateTime: iso(file.createdAt),
  expirationTime: iso(file.expiresAt ?? file.createdAt + twoDays),
  sha256Hash: btoa(file.sha256),
  uri: `${url.origin}${url.pathname.replace(/(?:\/upload)?(\/v1(?:beta|alpha)?)\/files\b.*$/, "$1")}/${file.id}`,
  source: "UPLOADED",
  ...stateOf(state.files, file),
})

const begin = (message: Message): Said => {
  const { body, headers, state, url } = message
  const file: Json = isJson(body["file"]) ? body["file"] : {}
  const size = headers["x-goog-upload-header-content-length"]
  const mediaType = headers["x-goog-upload-header-content-type"]
  if (headers["x-goog-upload-protocol"] !== "resumable") return refused(400, "Only resumable uploads are taken.")
  if (habitOf(state.files, "StorageFull") !== undefined) {
    return refused(429, "You have exceeded your file storage quota: 20 GB per project.")
  }
  const name = Predicate.isString(file["name"]) ? file["name"] : undefined
  if (name !== undefined && !/^files\/[a-z\d](?:[a-z\d-]{0,38}[a-z\d])?$/.test(name)) {
    return refused(400, "The name of a file has lower-case letters, digits and dashes, 40 at most.")
  }
  if (name !== undefined && state.files.files.has(name)) return refused(409, "The file exists already.")
  const id = fileId(state.files, "session-")
  state.files.uploads.set(id, {
    id,
    name,
    fileName: Predicate.isString(file["displayName"]) ? file["displayName"] : "",
    mediaType: mediaType ?? "application/octet-stream",
    purpose: undefined,
    size: size === undefined ? undefined : Number(size),
    expiresAfter: twoDays,
    pieces: new Map(),
    received: 0,
    state: "active",
    file: undefined,
  })
  const origin = habitOf(state.files, "ForeignUploadUrl")?.origin ?? url.origin
  const address = `${origin}${url.pathname}?upload_id=${id}&upload_protocol=resumable`
  return { _tag: "Json", value: {}, headers: { "x-goog-upload-url": address, "x-goog-upload-status": "active" } }
}

const status = (upload: Upload): Said => ({
  _tag: "Json",
  value: {},
  headers: {
    "x-goog-upload-status": upload.state,
    "x-goog-upload-size-received": String(upload.received),
  },
})

const take = (upload: Upload, bytes: Uint8Array): void => {
  upload.pieces.set(String(upload.received), bytes)
  upload.received += bytes.byteLength
}

const piece = (message: Message, upload: Upload): Said => {
  const { bytes, headers, now, state } = message
  const command = headers["x-goog-upload-command"] ?? ""
  if (command === "query") return status(upload)
  if (upload.state !== "active") return refused(400, "The upload is over.")
  if (Number(headers["x-goog-upload-offset"]) !== upload.received) {
    return refused(400, `${upload.received} bytes have arrived, and the offset is another.`)
  }
  take(upload, bytes)
  if (!command.includes("finalize")) return status(upload)
  if (upload.size !== undefined && upload.size !== upload.received) {
    return refused(400, `${upload.received} bytes have arrived, and ${upload.size} were announced.`)
  }
  upload.state = "final"
  upload.file = keep(state.files, {
    vendor: "google",
    id: upload.name ?? fileId(state.files, "files/"),
    fileName: upload.fileName,
    mediaType: upload.mediaType,
    purpose: undefined,
    pieces: [...upload.pieces.values()],
    now,
    expiresAfter: twoDays,
  })
  upload.pieces.clear()
  return {
    _tag: "Json",
    value: { file: fileObject(message, upload.file) },
    headers: { "x-goog-upload-status": "final" },
  }
}

/** A piece of which only the beginning arrives. */
const isLost = ({ bytes, headers, state, url }: Message): boolean => {
  const upload = state.files.uploads.get(url.searchParams.get("upload_id") ?? "")
  if (upload === undefined || headers["x-goog-upload-command"] === "query") return false
  const arrives = lostAfter(state.files)
  if (arrives === undefined) return false
  take(upload, bytes.slice(0, arrives))
  return true
}

const send =
  (batches: ReturnType<RouteOf>) =>
  (message: Message): Effect.Effect<Said> =>
    Effect.suspend(() => {
      const id = message.url.searchParams.get("upload_id")
      const isLines = message.headers["x-goog-upload-header-content-type"]?.endsWith("jsonl") === true
      const upload = message.state.files.uploads.get(id ?? "")
      // The items of a batch are lines.
      if (batches !== undefined && (id === null ? isLines : upload === undefined)) return batches.run(message)
      if (id === null) return Effect.succeed(begin(message))
      return Effect.succeed(upload === undefined ? refused(404, "There is no such upload.") : piece(message, upload))
    })

const noSuchFile = refused(403, "You do not have permission to access the File, or it may not exist.")

const list = (message: Message): Said => {
  const { now, state, url } = message
  const limit = Number(url.searchParams.get("pageSize") ?? 10)
  const { files, next } = page(state.files, "google", { after: url.searchParams.get("pageToken"), limit, now })
  return json({ files: files.map((file) => fileObject(message, file)), nextPageToken: next })
}

const count = ({ body }: Message): Said => {
  const request = body["generateContentRequest"]
  if (!isJson(request) && !Array.isArray(body["contents"])) {
    return refused(400, "contents is not specified")
  }
  return json({ totalTokens: estimateTokens(JSON.stringify(request ?? body).length) })
}

/** The route of a request. */
export const googleFiles = (method: string, path: string, batches: ReturnType<RouteOf>): FileRoute | undefined => {
  if (method === "POST" && path.endsWith(":countTokens")) return counting(google, count)
  const common = { dialect: google, call: batches?.call ?? "get" } as const
  if (method === "POST" && uploads.test(path)) return { ...common, fileCall: "piece", run: send(batches), isLost }
  const cache = cacheRoute(method, path)
  if (cache !== undefined) return cache
  const match = paths.exec(path)
  if (match === null || match[1]?.endsWith("/openai") === true || match[1]?.endsWith("/anthropic") === true) {
    return undefined
  }
  const id = match[2] === undefined ? undefined : `files/${match[2]}`
  if (method === "GET" && id === undefined) {
    return { ...common, fileCall: "list", run: (message) => Effect.sync(() => list(message)) }
  }
  if (id === undefined) return undefined
  const own = (run: (message: Message, file: StoredFile) => Said) => (message: Message) =>
    Effect.suspend(() => {
      const file = existing(message.state.files, "google", id, message.now)
      if (file === undefined && batches !== undefined) return batches.run(message)
      return Effect.succeed(file === undefined ? noSuchFile : run(message, file))
    })
  if (method === "GET") {
    const get = (message: Message, file: StoredFile): Said => {
      file.gets++
      return json(fileObject(message, file))
    }
    return { ...common, fileCall: "get", run: own(get) }
  }
  if (method !== "DELETE") return undefined
  const remove = (_: Message, file: StoredFile): Said => {
    file.deleted = true
    return json({})
  }
  return { ...common, fileCall: "delete", run: own(remove) }
}
