import { ByteSize, Effect, Predicate, Result, Schema } from "effect"
import { HttpIncomingMessage, type HttpServerRequest, HttpServerResponse } from "effect/http"

import * as Fault from "../../../Fault.ts"
import * as Reply from "../../../Reply.ts"
import { answer } from "../answer.ts"
import { type Call, isJson } from "../dialect.ts"
import { type FileRoute } from "../files/route.ts"
import { fileMishap, habitOf, isRevoked } from "../files/state.ts"
import { plan } from "../plan.ts"
import { redactHeaders, redactQuery } from "../redact.ts"
import { type Entry, record, type State } from "../state.ts"
import { anthropicRoutes } from "./anthropic.ts"
import { googleRoutes } from "./google.ts"
import { mistralRoutes } from "./mistral.ts"
import { openaiRoutes } from "./openai.ts"
import { openrouterRoutes } from "./openrouter.ts"
import { type Message, type Route, type RouteOf, type Said } from "./route.ts"
import { garbledOf, habit, mishapOf } from "./state.ts"

const parseJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

const vendors: ReadonlyArray<RouteOf> = [openaiRoutes, mistralRoutes, openrouterRoutes, anthropicRoutes, googleRoutes]

/** The call of a batch API that a request is, or `undefined`. */
export const routeOf: RouteOf = (method, path) => {
  for (const vendor of vendors) {
    const route = vendor(method, path)
    if (route !== undefined) return route
  }
  return undefined
}

const maxBody = ByteSize.mebibytes(256)

type Incoming = HttpServerRequest.HttpServerRequest

const readBytes = (request: Incoming): Effect.Effect<ArrayBuffer> =>
  request.arrayBuffer.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody),
    Effect.orElseSucceed(() => new ArrayBuffer(0)),
  )

const messageOf = Effect.fnUntraced(function* (state: State, request: Incoming, url: URL, now: number) {
  const bytes = yield* readBytes(request)
  const type = request.headers["content-type"] ?? ""
  const isForm = type.startsWith("multipart/form-data")
  const form = isForm
    ? yield* Effect.promise(() => new Response(bytes, { headers: { "content-type": type } }).formData())
    : undefined
  const isBinary = isForm || ("x-goog-upload-offset" in request.headers && type === "")
  const text = isBinary ? "" : new TextDecoder().decode(bytes)
  const parsed = Result.getOrUndefined(parseJson(text))
  const message: Message = {
    state,
    url,
    headers: request.headers,
    body: isJson(parsed) ? parsed : {},
    text,
    bytes: new Uint8Array(bytes),
    form,
    now,
  }
  return message
})

const entryOf = (
  message: Message,
  request: Incoming,
  { call, dialect }: { call: Call; dialect: Route["dialect"] },
): Entry => ({
  id: call.number,
  requestId: call.requestId,
  dialect: dialect.name,
  method: request.method,
  path: message.url.pathname,
  query: redactQuery(message.url.searchParams),
  headers: redactHeaders(request.headers),
  body: message.form === undefined ? (message.text === "" ? undefined : message.body) : "a form",
  model: "",
  stream: false,
  status: undefined,
  startedAt: message.now,
  firstByteAt: undefined,
  endedAt: undefined,
  aborted: false,
  abortedAt: undefined,
})

/** Answers one call. */
export const handleBatch = Effect.fnUntraced(function* (
  state: State,
  {
    now,
    request,
    route,
    url,
  }: { readonly request: Incoming; readonly url: URL; readonly route: Route; readonly now: number },
) {
  const { dialect } = route
  const message = yield* messageOf(state, request, url, now)
  state.count++
  const requestId = `req_${state.count.toString(16).padStart(24, "0")}`
  const call: Call = {
    number: state.count,
    requestId,
    model: "",
    stream: false,
    body: {},
    createdAt: Math.floor(now / 1000),
  }
  const entry = record(state, entryOf(message, request, { call, dialect }))
  const replying = (reply: Reply.Reply) => answer(plan(reply, { dialect, call }), { request, entry })
  if (!dialect.isAuthenticated(request.headers, url.searchParams)) {
    return yield* replying(Reply.status(dialect.unauthenticated.status, dialect.unauthenticated.options))
  }
  const mishap = mishapIn(state, route)
  const ended = isFileRoute(route) ? endedBy(state, route, { entry, message }) : undefined
  if (ended !== undefined) return yield* replying(ended)
  const elsewhere = route.call === "results" ? habit(state.batches, "Redirect")?.url : undefined
  if (elsewhere !== undefined) {
    return yield* replying(redirectTo(elsewhere))
  }
  const garbled = garbledOf(state.batches, route.call)
  if (garbled !== undefined) {
    return yield* replying(Reply.raw({ status: 200, headers: { "content-type": "application/json" }, body: garbled }))
  }
  const said = mishap !== undefined && !mishap.done ? undefined : yield* route.run(message)
  if (mishap !== undefined) return yield* replying(replyOf(mishap.mishap))
  if (said === undefined) return yield* replying(Reply.status(500))
  if (said._tag === "Refused") return yield* replying(Reply.status(said.status, { message: said.message }))
  if (said._tag === "Lines" && habit(state.batches, "CutResults") !== undefined) {
    const headers = { "content-type": linesType }
    return yield* replying(Reply.raw({ status: 200, headers, body: said.text }).pipe(Fault.resetAfter(4)))
  }
  entry.status = said._tag === "Json" ? (said.status ?? 200) : 200
  entry.endedAt = now
  return responseOf(said, requestId)
})

const isFileRoute = (route: Route): route is FileRoute => "fileCall" in route

// Files of batches are files, too.
const mishapIn = (state: State, route: Route) =>
  (isFileRoute(route) ? fileMishap(state.files, route.fileCall) : undefined) ?? mishapOf(state.batches, route.call)

const redirectTo = (location: string): Reply.Reply => Reply.raw({ status: 302, headers: { location }, body: "" })

/** What a call of a file API is answered without being done. */
const endedBy = (
  { files }: State,
  { fileCall, isLost }: FileRoute,
  { entry, message }: { readonly entry: Entry; readonly message: Message },
): Reply.Reply | undefined => {
  if (isRevoked(files, entry.headers)) return Reply.status(401)
  const redirect = habitOf(files, "Redirect")
  if (redirect?.call === fileCall) return redirectTo(redirect.url)
  return isLost?.(message) === true ? Reply.reset : undefined
}

const linesType = "application/x-jsonl"

const replyOf = (mishap: number | "reset" | "stall"): Reply.Reply =>
  Predicate.isNumber(mishap) ? Reply.status(mishap) : mishap === "reset" ? Reply.reset : Reply.stall

const responseOf = (said: Exclude<Said, { readonly _tag: "Refused" }>, requestId: string) => {
  const headers = { "x-request-id": requestId, "request-id": requestId }
  return said._tag === "Json"
    ? HttpServerResponse.jsonUnsafe(said.value, {
        status: said.status ?? 200,
        headers: { ...headers, ...said.headers },
      })
    : HttpServerResponse.text(said.text, { headers, contentType: linesType })
}
