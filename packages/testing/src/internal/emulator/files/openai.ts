/**
 * OpenAI's files, its uploads in parts, and its count of tokens.
 */
import { Effect, Predicate } from "effect"

import { json, type Message, refused, type RouteOf, type Said } from "../batch/route.ts"
import { estimateTokens, isJson } from "../dialect.ts"
import { openaiChat } from "../openaiChat.ts"
import { openaiResponses } from "../openaiResponses.ts"
import { counting, type FileRoute } from "./route.ts"
import { fileId, habitOf, lostAfter, type StoredFile, type Upload } from "./state.ts"
import { existing, keep, page } from "./store.ts"

const filePaths = /^(.*\/openai\/v1)\/files(?:\/([^/]+))?$/
const uploadPaths = /^.*\/openai\/v1\/uploads(?:\/([^/]+)(?:\/(parts|complete|cancel))?)?$/

const seconds = (millis: number) => Math.floor(millis / 1000)

const fileObject = ({ createdAt, expiresAt, fileName, id, purpose, size }: StoredFile) => ({
  id,
  object: "file",
  bytes: size,
  created_at: seconds(createdAt),
  ...(expiresAt !== undefined && { expires_at: Math.ceil(expiresAt / 1000) }),
  filename: fileName,
  purpose,
  status: "processed",
})

const full = refused(400, "You've exceeded your file storage quota. To upload more files, delete existing files first.")

const noSuchFile = (id: string) => refused(404, `No such File object: ${id}`)

/** `otherwise` takes the files of batches. */
const upload =
  (otherwise: (message: Message) => Effect.Effect<Said>) =>
  (message: Message): Effect.Effect<Said> => {
    const { form, now, state } = message
    const purpose = form?.get("purpose")
    if (purpose === "batch") return otherwise(message)
    const file = form?.get("file")
    if (!(file instanceof File) || !Predicate.isString(purpose)) {
      return Effect.succeed(refused(400, "'file' and 'purpose' are required."))
    }
    if (habitOf(state.files, "StorageFull") !== undefined) return Effect.succeed(full)
    const after = form?.get("expires_after[seconds]")
    return Effect.map(
      Effect.promise(() => file.bytes()),
      (bytes) =>
        json(
          fileObject(
            keep(state.files, {
              vendor: "openai",
              id: fileId(state.files, "file-"),
              fileName: file.name,
              mediaType: file.type,
              purpose,
              pieces: [bytes],
              now,
              expiresAfter: Predicate.isString(after) ? Number(after) * 1000 : undefined,
            }),
          ),
        ),
    )
  }

const uploadObject = ({ file, fileName, id, purpose, size, state }: Upload) => ({
  id,
  object: "upload",
  bytes: size,
  filename: fileName,
  purpose,
  status: state === "active" ? "pending" : state === "final" ? "completed" : "cancelled",
  file: file === undefined ? null : fileObject(file),
})

const begin = ({ body, state }: Message): Said => {
  const { bytes, filename, mime_type: mediaType, purpose } = body
  if (!Predicate.isNumber(bytes) || !Predicate.isString(filename) || !Predicate.isString(mediaType)) {
    return refused(400, "'bytes', 'filename' and 'mime_type' are required.")
  }
  if (habitOf(state.files, "StorageFull") !== undefined) return full
  const after = isJson(body["expires_after"]) ? body["expires_after"]["seconds"] : undefined
  const made: Upload = {
    id: fileId(state.files, "upload_"),
    name: undefined,
    fileName: filename,
    mediaType,
    purpose: Predicate.isString(purpose) ? purpose : undefined,
    size: bytes,
    expiresAfter: Predicate.isNumber(after) ? after * 1000 : undefined,
    pieces: new Map(),
    received: 0,
    state: "active",
    file: undefined,
  }
  state.files.uploads.set(made.id, made)
  return json(uploadObject(made))
}

const part = (made: Upload) =>
  Effect.fnUntraced(function* ({ form, state }: Message) {
    const data = form?.get("data")
    if (made.state !== "active") return refused(400, "The upload is over.")
    if (!(data instanceof File)) return refused(400, "'data' is required.")
    if (data.size > 64_000_000) return refused(400, "A part has 64 MB at most.")
    const id = fileId(state.files, "part_")
    made.pieces.set(id, yield* Effect.promise(() => data.bytes()))
    return json({ id, object: "upload.part", upload_id: made.id })
  })

const complete =
  (made: Upload) =>
  ({ body, now, state }: Message): Said => {
    const ids: unknown = body["part_ids"]
    if (made.state === "final") return json(uploadObject(made))
    const pieces = Array.isArray(ids) ? ids.map((id) => made.pieces.get(String(id))) : []
    if (pieces.includes(undefined)) return refused(400, "There is no such part.")
    const size = pieces.reduce((sum, piece) => sum + (piece?.byteLength ?? 0), 0)
    if (size !== made.size) return refused(400, `${size} bytes were uploaded, and ${made.size} announced.`)
    made.state = "final"
    made.file = keep(state.files, {
      vendor: "openai",
      id: fileId(state.files, "file-"),
      fileName: made.fileName,
      mediaType: made.mediaType,
      purpose: made.purpose,
      pieces: pieces.filter(Predicate.isNotUndefined),
      now,
      expiresAfter: made.expiresAfter,
    })
    made.pieces.clear()
    return json(uploadObject(made))
  }

const cancel = (made: Upload) => (): Said => {
  made.state = "cancelled"
  made.pieces.clear()
  return json(uploadObject(made))
}

const uploadRoute = (id: string | undefined, action: string | undefined): FileRoute | undefined => {
  const route = (call: FileRoute["fileCall"], run: FileRoute["run"]): FileRoute => ({
    dialect: openaiChat,
    call: "upload",
    fileCall: call,
    run,
  })
  if (id === undefined) return route("upload", (message) => Effect.sync(() => begin(message)))
  const of = (run: (made: Upload) => (message: Message) => Effect.Effect<Said>) => (message: Message) => {
    const made = message.state.files.uploads.get(id)
    return made === undefined ? Effect.succeed(refused(404, `No such Upload object: ${id}`)) : run(made)(message)
  }
  const sync = (run: (made: Upload) => (message: Message) => Said) =>
    of((made) => (message) => Effect.sync(() => run(made)(message)))
  if (action === "parts") {
    return { ...route("piece", of(part)), isLost: ({ state }) => lostAfter(state.files) !== undefined }
  }
  if (action === "complete") return route("complete", sync(complete))
  return action === "cancel" ? route("cancel", sync(cancel)) : undefined
}

const fileRoute = (method: string, id: string | undefined, batches: ReturnType<RouteOf>): FileRoute | undefined => {
  const otherwise = (message: Message): Effect.Effect<Said> =>
    batches?.run(message) ?? Effect.succeed(noSuchFile(id ?? ""))
  const common = { dialect: openaiChat, call: batches?.call ?? "get" } as const
  if (method === "POST" && id === undefined) return { ...common, fileCall: "upload", run: upload(otherwise) }
  if (method === "GET" && id === undefined) {
    return {
      ...common,
      fileCall: "list",
      run: (message) => {
        const { now, state, url } = message
        const limit = Number(url.searchParams.get("limit") ?? 10_000)
        const { files, next } = page(state.files, "openai", { after: url.searchParams.get("after"), limit, now })
        if (state.files.files.size === 0) return otherwise(message)
        return Effect.succeed(json({ object: "list", data: files.map(fileObject), has_more: next !== undefined }))
      },
    }
  }
  if (id === undefined) return undefined
  const own =
    (run: (file: StoredFile) => Said) =>
    (message: Message): Effect.Effect<Said> => {
      const file = existing(message.state.files, "openai", id, message.now)
      return file === undefined ? otherwise(message) : Effect.sync(() => run(file))
    }
  if (method === "GET") return { ...common, fileCall: "get", run: own((file) => json(fileObject(file))) }
  if (method !== "DELETE") return undefined
  const remove = (file: StoredFile): Said => {
    file.deleted = true
    return json({ id, object: "file", deleted: true })
  }
  return { ...common, fileCall: "delete", run: own(remove) }
}

const counted = new Set([
  "model",
  "input",
  "instructions",
  "conversation",
  "previous_response_id",
  "parallel_tool_calls",
  "personality",
  "reasoning",
  "text",
  "tool_choice",
  "tools",
  "truncation",
])

const count = ({ body }: Message): Said => {
  const unknown = Object.keys(body).find((key) => !counted.has(key))
  if (unknown !== undefined) return refused(400, `Unknown parameter: '${unknown}'.`)
  return json({ object: "response.input_tokens", input_tokens: estimateTokens(JSON.stringify(body).length) })
}

/** The route of a request, and that of a batch where the file is one's. */
export const openaiFiles = (method: string, path: string, batches: ReturnType<RouteOf>): FileRoute | undefined => {
  if (method === "POST" && path.endsWith("/responses/input_tokens")) return counting(openaiResponses, count)
  const parts = method === "POST" ? uploadPaths.exec(path) : undefined
  if (parts) return uploadRoute(parts[1], parts[2])
  const [matched, , id] = filePaths.exec(path) ?? []
  return matched === undefined ? undefined : fileRoute(method, id, batches)
}
