/**
 * Anthropic's files and its count of tokens.
 */
import { Effect, Predicate } from "effect"

import { anthropic } from "../anthropic.ts"
import { json, type Message, refused, type Said } from "../batch/route.ts"
import { estimateTokens } from "../dialect.ts"
import { counting, type FileRoute } from "./route.ts"
import { fileId, habitOf, type StoredFile } from "./state.ts"
import { existing, keep, page } from "./store.ts"

const paths = /^.*\/anthropic\/v1\/files(?:\/([^/]+))?$/

const iso = (millis: number) => new Date(millis).toISOString()

const metadata = ({ createdAt, expiresAt, fileName, id, mediaType, size }: StoredFile) => ({
  id,
  type: "file",
  filename: fileName,
  mime_type: mediaType,
  size_bytes: size,
  created_at: iso(createdAt),
  downloadable: false,
  expires_at: expiresAt === undefined ? null : iso(expiresAt),
})

const failure = (status: number, type: string, message: string, code?: string): Said => ({
  _tag: "Json",
  status,
  value: { type: "error", error: { type, message, ...(code !== undefined && { details: { error_code: code } }) } },
})

const full = failure(
  400,
  "invalid_request_error",
  "The organization's file storage quota is exhausted. Delete files to free up space, then retry the upload.",
  "storage_quota_exceeded",
)

const upload = Effect.fnUntraced(function* ({ form, now, state }: Message) {
  const file = form?.get("file")
  if (!(file instanceof File)) return refused(400, "file: Field required")
  if (habitOf(state.files, "StorageFull") !== undefined) return full
  const seconds = form?.get("expires_in_seconds")
  const bytes = yield* Effect.promise(() => file.bytes())
  return json(
    metadata(
      keep(state.files, {
        vendor: "anthropic",
        id: fileId(state.files, "file_"),
        fileName: file.name,
        mediaType: file.type,
        purpose: undefined,
        pieces: [bytes],
        now,
        expiresAfter: Predicate.isString(seconds) ? Number(seconds) * 1000 : undefined,
      }),
    ),
  )
})

const missing = (state: Message["state"], id: string): Said => {
  const known = state.files.files.get(id)
  return known === undefined || known.deleted
    ? failure(404, "not_found_error", `File not found: ${id}`)
    : failure(404, "not_found_error", "The file's expires_at has passed.", "file_expired")
}

const list = ({ now, state, url }: Message): Said => {
  const limit = Number(url.searchParams.get("limit") ?? 20)
  const { files, next } = page(state.files, "anthropic", { after: url.searchParams.get("page"), limit, now })
  return json({ data: files.map(metadata), next_page: next ?? null })
}

// "max_tokens: Extra inputs are not permitted"
const extra = ["max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier"]

const count = ({ body }: Message): Said => {
  const unknown = extra.find((key) => key in body)
  if (unknown !== undefined) return refused(400, `${unknown}: Extra inputs are not permitted`)
  if (!Array.isArray(body["messages"])) return refused(400, "messages: Field required")
  return json({ input_tokens: estimateTokens(JSON.stringify(body).length) })
}

/** The route of a request. */
export const anthropicFiles = (method: string, path: string): FileRoute | undefined => {
  if (method === "POST" && path.endsWith("/v1/messages/count_tokens")) return counting(anthropic, count)
  const match = paths.exec(path)
  if (match === null) return undefined
  const [, id] = match
  const common = { dialect: anthropic, call: "get" } as const
  if (method === "POST" && id === undefined) return { ...common, fileCall: "upload", run: upload }
  if (method === "GET" && id === undefined) {
    return { ...common, fileCall: "list", run: (message) => Effect.sync(() => list(message)) }
  }
  if (id === undefined) return undefined
  const own = (run: (file: StoredFile) => Said) => (message: Message) =>
    Effect.sync(() => {
      const file = existing(message.state.files, "anthropic", id, message.now)
      return file === undefined ? missing(message.state, id) : run(file)
    })
  if (method === "GET") return { ...common, fileCall: "get", run: own((file) => json(metadata(file))) }
  if (method !== "DELETE") return undefined
  const remove = (file: StoredFile): Said => {
    file.deleted = true
    return json({ id, type: "file_deleted" })
  }
  return { ...common, fileCall: "delete", run: own(remove) }
}
