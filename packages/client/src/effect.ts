/**
 * The client as an Effect service: answers as streams, errors in the type, and waiting by the `Clock`.
 *
 * @module @holdfast/client/effect
 */
import { Context, Duration, Effect, Layer, Option, Schedule, Schema, Stream } from "effect"
import { HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"

import { type ChatEvent, type ChatRequest } from "./ChatEvent.ts"
import { newId } from "./internal/answer.ts"
import { sseParser } from "./internal/sse.ts"

export { type ChatEvent, type ChatRequest, type Done, type RequestMessage, type Usage } from "./ChatEvent.ts"
export { type PlainCode, type Policies } from "./ChatError.ts"

const fields = {
  code: Schema.String,
  message: Schema.String,
  status: Schema.Int,
  retryable: Schema.Boolean,
  retryAfter: Schema.optionalKey(Schema.Finite),
  policy: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
}

/**
 * Why there is no answer, or no more of it. `code` says what happened, as for the browser client.
 *
 * @since 0.1.0
 * @category errors
 */
export class ChatError extends Schema.TaggedError<ChatError>("@holdfast/client/ChatError")("ChatError", fields) {}

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** The path that the server was given, with its origin. */
  readonly url: string
  /** When to connect again. After an event it begins anew. 1 second, doubled 6 times and jittered, if left out; never sooner than the server wants. */
  readonly retry?: Schedule.Schedule<unknown, ChatError> | undefined
  /** Silence after which a connection counts as dead. 45 seconds if left out: three signs of life of the server. */
  readonly idleTimeout?: Duration.Input | undefined
}

/**
 * A client of one chat server.
 *
 * **Details**
 *
 * Headers, such as those of authentication, are added to the `HttpClient` with `HttpClient.mapRequest`. A stream that is interrupted closes
 * its connection; an answer that can be resumed goes on at the server until `stop`.
 *
 * @since 0.1.0
 * @category services
 */
export class ChatClient extends Context.Service<
  ChatClient,
  {
    /** Asks, and gives the events of the answer as they come. */
    readonly ask: (request: ChatRequest) => Stream.Stream<ChatEvent, ChatError>
    /** Goes on with an answer after so many events, or reads it once more. */
    readonly follow: (answerId: string, after?: number) => Stream.Stream<ChatEvent, ChatError>
    /** Ends an answer at the provider, for all of its readers. */
    readonly stop: (answerId: string) => Effect.Effect<void, ChatError>
  }
>()("@holdfast/client/ChatClient") {
  static readonly layer = (options: Options): Layer.Layer<ChatClient, never, HttpClient.HttpClient> =>
    Layer.effect(ChatClient, make(options))
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<ChatClient["Service"], never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (http) => {
    const connections = new Connections(http, options)
    return ChatClient.of({
      ask: (request) =>
        Stream.suspend(() => {
          const answerId = request.answerId ?? newId()
          return connections.read({ answerId, request, after: 0, again: true, asked: false })
        }),
      follow: (answerId, after = 0) =>
        Stream.suspend(() => connections.read({ answerId, after, again: false, asked: true })),
      stop: (answerId) =>
        Effect.asVoid(connections.send(HttpClientRequest.make("DELETE")(`${options.url}/${answerId}`))),
    })
  })

/** How far an answer has been read. */
interface Place {
  readonly answerId: string
  readonly request?: ChatRequest
  after: number
  asked: boolean
  /** Whether it may be asked for once more, if nobody has seen anything of it. */
  again: boolean
}

const own = (code: string, message: string, status = 0, retryable = true): ChatError =>
  new ChatError({ code, message, status, retryable })

const lost = own("ConnectionLost", "The connection was lost.")

class Connections {
  private readonly http: HttpClient.HttpClient
  private readonly options: Options

  constructor(http: HttpClient.HttpClient, options: Options) {
    this.http = http
    this.options = options
  }

  read(place: Place): Stream.Stream<ChatEvent, ChatError> {
    const again = (this.options.retry ?? standard).pipe(
      Schedule.modifyDelay(({ duration, input }) =>
        Effect.succeed(Duration.max(duration, Duration.millis(input.retryAfter ?? 0))),
      ),
      Schedule.while(({ input }) => Effect.succeed(mayComeBack(input, place))),
    )
    return Stream.suspend(() => this.connection(place)).pipe(
      Stream.mapError((error) => placed(error, place)),
      Stream.retry(again),
    )
  }

  /** The events after a place over one connection, which has to end with the last one. */
  private connection(place: Place): Stream.Stream<ChatEvent, ChatError> {
    const parse = sseParser()
    const state = { over: false }
    const chunks = Effect.map(this.send(requestOf(this.options.url, place)), (response) => {
      place.asked = true
      state.over = response.status === 204
      return state.over ? Stream.empty : response.stream
    })
    return Stream.unwrap(chunks).pipe(
      Stream.timeoutOrElse({
        duration: this.options.idleTimeout ?? "45 seconds",
        orElse: () => Stream.fail(lost),
      }),
      Stream.decodeText,
      Stream.mapEffect((piece) => Effect.try({ try: () => eventsOf(piece, parse, place), catch: () => lost })),
      Stream.flattenIterable,
      Stream.flatMap((event): Stream.Stream<ChatEvent, ChatError> => {
        if (event.type === "error") return Stream.fail(event.error)
        state.over ||= event.type === "done"
        return Stream.succeed(event)
      }),
      Stream.catch((error) => Stream.fail(error instanceof ChatError ? error : lost)),
      Stream.takeUntil(({ type }) => type === "done"),
      Stream.concat(Stream.suspend(() => (state.over ? Stream.empty : Stream.fail(lost)))),
    )
  }

  send(request: HttpClientRequest.HttpClientRequest): Effect.Effect<HttpClientResponse.HttpClientResponse, ChatError> {
    return Effect.flatMap(
      Effect.mapError(this.http.execute(request), () => lost),
      (response) => {
        const { headers, status } = response
        const isWell = status === 200 ? headers["content-type"]?.includes("event-stream") === true : status < 300
        return isWell ? Effect.succeed(response) : Effect.flatMap(refusal(response), Effect.fail)
      },
    )
  }
}

const standard: Schedule.Schedule<unknown, ChatError> = Schedule.exponential("1 second").pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 6 }),
  Schedule.setInputType<ChatError>(),
)

const requestOf = (url: string, { after, answerId, asked, request }: Place) =>
  asked
    ? HttpClientRequest.setHeader(HttpClientRequest.get(`${url}/${answerId}/stream`), "last-event-id", String(after))
    : HttpClientRequest.bodyJsonUnsafe(HttpClientRequest.post(`${url}/stream`), { ...request, answerId })

type Read = ChatEvent | { readonly type: "error"; readonly error: ChatError }

const eventsOf = (piece: string, parse: ReturnType<typeof sseParser>, place: Place): ReadonlyArray<Read> => {
  const events: Array<Read> = []
  for (const { data, id } of parse(piece)) {
    if (!(id > place.after)) continue
    const event = JSON.parse(data)
    place.after = id
    events.push(event.type === "error" ? { type: "error", error: final(errorOf(event.error)) } : event)
  }
  return events
}

const decodeError = Schema.decodeUnknownOption(Schema.Struct(fields))

const errorOf = (error: unknown): ChatError =>
  Option.match(decodeError(error), {
    onNone: () => own("InternalError", "The server failed to answer.", 500, false),
    onSome: (known) => new ChatError(known),
  })

/** The last event of an answer, which is the same however often it is read. */
const finals = new WeakSet<ChatError>()

const final = (error: ChatError): ChatError => {
  finals.add(error)
  return error
}

const refusal = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<ChatError> =>
  Effect.map(Effect.option(response.json), (body) => {
    const known = decodeError(
      Option.getOrUndefined(Option.map(body, (json) => (json as { readonly error?: unknown } | null)?.error)),
    )
    if (Option.isSome(known)) return new ChatError(known.value)
    const { status } = response
    return own("HttpError", `HTTP ${status}`, status, [408, 429, 502, 503, 504].includes(status))
  })

/** An answer that is gone was lost with its connection. If nobody has seen anything of it, it may be asked for once more. */
const placed = (error: ChatError, place: Place): ChatError => {
  if (error.code !== "AnswerNotFound" || place.request === undefined) return error
  if (!place.again || place.after > 1) return final(own("ConnectionLost", lost.message))
  place.again = place.asked = false
  return lost
}

/** What the server has refused is not asked for again: it has tried all that it may. */
const mayComeBack = (error: ChatError, { asked }: Place): boolean =>
  error.retryable &&
  !finals.has(error) &&
  (error.retryAfter ?? 0) <= 60_000 &&
  (asked || ["ConnectionLost", "HttpError", "ServerStopping"].includes(error.code))
