import { ByteSize, Cause, Clock, Effect, Result, Schema } from "effect"
import { HttpIncomingMessage, HttpServerRequest, HttpServerResponse } from "effect/http"

import { type Chaos } from "../../Chaos.ts"
import * as Reply from "../../Reply.ts"
import { answer } from "./answer.ts"
import { control, isControl } from "./batch/control.ts"
import { handleBatch, routeOf } from "./batch/handler.ts"
import * as connection from "./connection.ts"
import { type Call, type Dialect, type Failure, isJson } from "./dialect.ts"
import { dialectOf } from "./dialects.ts"
import { fileRouteOf } from "./files/routes.ts"
import { refusalOf } from "./history/rules.ts"
import { plan } from "./plan.ts"
import { redactHeaders, redactQuery } from "./redact.ts"
import {
  defaultReply,
  type Entry,
  issue,
  issuedBy,
  markAborted,
  nextScripted,
  record,
  snapshot,
  type State,
  withChaos,
} from "./state.ts"

const parseJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

const notFound = (path: string) =>
  HttpServerResponse.jsonUnsafe(
    {
      error: {
        message: `Unknown request URL: ${path}. Holdfast's emulator speaks /responses, /chat/completions, /embeddings, /moderations, /images, /audio, /decisions, /v1/messages, /models/{model}:generateContent and :batchEmbedContents, and the APIs of batches, files, caches and token counts.`,
        type: "invalid_request_error",
        param: null,
        code: "unknown_url",
      },
    },
    { status: 404 },
  )

type Incoming = HttpServerRequest.HttpServerRequest

/** Where a request goes to. A path may begin with two slashes, and a proxy sends the whole URL. */
const urlOf = (target: string): URL | undefined => {
  const whole = target.startsWith("/") ? `http://127.0.0.1${target}` : target
  return URL.canParse(whole) ? new URL(whole) : undefined
}

/** A mistake in a test's responder must be seen, and not be taken for a bad day of the provider's. */
const mistaken = (defect: unknown) => {
  const message = `Holdfast's emulator could not answer: ${defect instanceof Error ? defect.message : String(defect)}`
  const response = HttpServerResponse.jsonUnsafe({ error: { message, type: "emulator_error" } }, { status: 500 })
  return Effect.as(Effect.logError(message, Cause.die(defect)), response)
}

const maxBody = ByteSize.mebibytes(32)

/** The text of the body, or `undefined` if it is larger than any provider takes. */
const readBody = (request: Incoming): Effect.Effect<string | undefined> =>
  request.text.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody),
    Effect.orElseSucceed(() => undefined),
  )

const parsed = (text: string, { parse }: Dialect, contentType: string): unknown =>
  Result.getOrElse(parseJson(text), () => parse?.(text, contentType) ?? text)

const refused = (status: number, message: string): Failure => ({ status, kind: undefined, options: { message } })

interface Read {
  readonly dialect: Dialect
  readonly request: Incoming
  readonly url: URL
  readonly text: string | undefined
  readonly body: unknown
}

/** What the provider would say before it asks a model, or `undefined`. */
const refusal = ({ body, dialect, request, text, url }: Read): Failure | undefined => {
  if (!dialect.isAuthenticated(request.headers, url.searchParams)) return dialect.unauthenticated
  if (text === undefined) return { status: 413, kind: undefined, options: {} }
  if (!isJson(body)) return refused(400, "We could not parse the JSON body of your request.")
  const problem = dialect.validate(body, request.headers)
  return problem === undefined ? undefined : refused(400, problem)
}

const callOf = (state: State, { body, dialect, url }: Read, startedAt: number): Call => {
  state.count++
  const json = isJson(body) ? body : {}
  return {
    number: state.count,
    requestId: `req_${state.count.toString(16).padStart(24, "0")}`,
    model: dialect.model(json, url.pathname),
    stream: dialect.isStream(json, url.pathname),
    body: json,
    createdAt: Math.floor(startedAt / 1000),
  }
}

const entryOf = (read: Read, call: Call, startedAt: number): Entry => ({
  id: call.number,
  requestId: call.requestId,
  dialect: read.dialect.name,
  method: read.request.method,
  path: read.url.pathname,
  query: redactQuery(read.url.searchParams),
  headers: redactHeaders(read.request.headers),
  body: read.body,
  model: call.model,
  stream: call.stream,
  status: undefined,
  startedAt,
  firstByteAt: undefined,
  endedAt: undefined,
  aborted: false,
  abortedAt: undefined,
})

const replyTo = (state: State, chaos: Chaos | undefined, entry: Entry): Effect.Effect<Reply.Reply> => {
  const scripted = nextScripted(state, entry.dialect)
  if (scripted !== undefined) return Effect.succeed(scripted)
  const reply = state.responders.get(entry.dialect)?.(snapshot(entry)) ?? defaultReply
  return Effect.map(Reply.isReply(reply) ? Effect.succeed(reply) : reply, (chosen) =>
    withChaos(state, chaos, { dialect: entry.dialect, reply: chosen }),
  )
}

/** Answers one request. */
export const handle = (state: State, chaos: Chaos | undefined) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const url = urlOf(request.url)
    if (url !== undefined && isControl(url.pathname)) return yield* control(state, request, url.pathname)
    const batches = url === undefined ? undefined : routeOf(request.method, url.pathname)
    const route = url === undefined ? undefined : (fileRouteOf(request.method, url.pathname, batches) ?? batches)
    if (url !== undefined && route !== undefined) {
      return yield* handleBatch(state, { request, url, route, now: yield* Clock.currentTimeMillis })
    }
    const dialect = url !== undefined && request.method === "POST" ? dialectOf(url.pathname) : undefined
    if (url === undefined || dialect === undefined)
      return notFound(`${request.method} ${url?.pathname ?? "without a path"}`)
    const clock = yield* Clock.Clock
    const startedAt = clock.currentTimeMillisUnsafe()
    const text = yield* readBody(request)
    const body = text === undefined ? undefined : parsed(text, dialect, request.headers["content-type"] ?? "")
    const read: Read = { dialect, request, url, text, body }
    const call = callOf(state, read, startedAt)
    const entry = record(state, entryOf(read, call, startedAt))
    connection.onEarlyClose(request, () => markAborted(state, entry, clock.currentTimeMillisUnsafe()))
    const failure =
      refusal(read) ??
      (state.strict ? refusalOf(dialect, call.body, call.model, issuedBy(state, dialect.name)) : undefined)
    const reply =
      failure === undefined ? yield* replyTo(state, chaos, entry) : Reply.status(failure.status, failure.options)
    issue(state, dialect.name, call, reply)
    return yield* answer(plan(reply, { dialect, call }), { request, entry })
  }).pipe(
    Effect.catchDefect(mistaken),
    // The server runs handlers uninterruptibly, and a client that gives up must end the wait for the headers.
    Effect.interruptible,
  )
