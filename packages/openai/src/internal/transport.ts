/**
 * The SDK behind a typed face. It is loaded when a client is made, and the key stays in here.
 */

import { boundedFetch } from "@holdfast/core/provider/BoundedBody"
import * as Endpoints from "@holdfast/core/provider/Endpoint"
import { type Origin } from "@holdfast/core/provider/ProviderError"
import { type ProviderReply } from "@holdfast/core/provider/ProviderModel"
import * as SdkStream from "@holdfast/core/provider/SdkStream"
import { Effect, type Redacted, type Scope, type Stream } from "effect"
import { type AiError } from "effect/ai"
import type { ClientOptions, OpenAI } from "openai"

import { fromThrown, type SdkErrors } from "./failure.ts"

/** What is needed to talk to a server. */
export interface TransportOptions {
  readonly module: string
  readonly provider: string
  readonly apiUrl: string
  /** `undefined` for servers that ask for none. */
  readonly apiKey: Redacted.Redacted | undefined
  readonly organizationId?: string | undefined
  readonly projectId?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

export type ResponsesBody = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, "stream">
export type ChatBody = Omit<OpenAI.Chat.ChatCompletionCreateParamsNonStreaming, "stream">

/** An endpoint of the API, answered as a whole or event by event. Answers are not trusted, hence unknown. */
export interface Endpoint<Body> {
  readonly origin: Origin
  readonly once: (body: Body) => Effect.Effect<ProviderReply<unknown>, AiError.AiError>
  readonly open: (
    body: Body,
  ) => Effect.Effect<ProviderReply<Stream.Stream<unknown, AiError.AiError>>, AiError.AiError, Scope.Scope>
}

export interface Transport {
  readonly provider: string
  readonly apiUrl: string
  readonly responses: Endpoint<ResponsesBody>
  readonly chat: Endpoint<ChatBody>
  readonly use: <A>(call: (sdk: OpenAI, signal: AbortSignal) => PromiseLike<A>) => Effect.Effect<A, AiError.AiError>
}

interface Answer {
  readonly data: unknown
  readonly response: Response
}

interface EventAnswer {
  readonly data: AsyncIterable<unknown>
  readonly response: Response
}

// Deadlines are Holdfast's; the SDK's own must never be the first to fire.
const oneHour = 3_600_000

/** Loads the SDK and makes a client of it. Options that cannot work are defects. */
export const make = Effect.fnUntraced(function* (options: TransportOptions) {
  const url = yield* Endpoints.url(options.module, options.apiUrl)
  const key = options.apiKey && (yield* Endpoints.key(options.module, options.apiKey))
  const module = yield* Effect.promise(() => import("openai"))
  const sdk = newClient(module.OpenAI, { ...options, fetch: boundedFetch(options.fetch) }, key)
  // Files are downloaded with this one, and they may be long.
  const unbounded = newClient(module.OpenAI, options, key)
  const scrub = Endpoints.scrubber(key)
  const origin = (method: string, path: string): Origin => ({
    module: options.module,
    method,
    provider: options.provider,
    url: `${url}${path}`,
    scrub,
  })
  const transport: Transport = {
    provider: options.provider,
    apiUrl: url,
    responses: endpoint(module.OpenAI, origin("responses", "/responses"), {
      once: (body, signal) => sdk.responses.create(body, { signal }).withResponse(),
      open: (body, signal) => sdk.responses.create({ ...body, stream: true }, { signal }).withResponse(),
    }),
    chat: endpoint(module.OpenAI, origin("chat", "/chat/completions"), {
      once: (body, signal) => sdk.chat.completions.create(body, { signal }).withResponse(),
      open: (body, signal) => sdk.chat.completions.create({ ...body, stream: true }, { signal }).withResponse(),
    }),
    use: (call) =>
      SdkStream.once({
        request: (signal) => Promise.resolve(call(unbounded, signal)),
        catch: fromThrown(module.OpenAI, origin("use", ""), false),
      }),
  }
  return transport
})

const newClient = (
  Sdk: typeof OpenAI,
  { apiUrl, fetch, headers, organizationId, projectId }: TransportOptions,
  key: string | undefined,
): OpenAI => {
  const defaultHeaders = { ...(key === undefined ? { authorization: null } : undefined), ...headers }
  // Named so because the SDK puts the name of the class into the `user-agent`.
  class OpenAI extends Sdk {
    constructor(overrides: ClientOptions = {}) {
      super({
        // Nothing may come from the environment: it knows neither which server this is for nor that it is read.
        apiKey: key ?? "none",
        baseURL: apiUrl,
        adminAPIKey: null,
        webhookSecret: null,
        organization: organizationId ?? null,
        project: projectId ?? null,
        maxRetries: 0,
        timeout: oneHour,
        logLevel: "off",
        defaultHeaders,
        fetch,
        // The prompt is for this server, and for no other that it may name.
        fetchOptions: { redirect: "manual" },
        ...overrides,
      })
      // OPENAI_CUSTOM_HEADERS has no option that switches it off.
      this._options = { ...this._options, defaultHeaders: overrides.defaultHeaders ?? defaultHeaders }
    }
  }
  return new OpenAI()
}

const endpoint = <Body>(
  sdk: SdkErrors,
  origin: Origin,
  calls: {
    readonly once: (body: Body, signal: AbortSignal) => Promise<Answer>
    readonly open: (body: Body, signal: AbortSignal) => Promise<EventAnswer>
  },
): Endpoint<Body> => ({
  origin,
  once: (body) =>
    SdkStream.once({
      request: (signal) =>
        calls
          .once(body, signal)
          .then(({ data, response }) => ({ headers: SdkStream.headersOf(response.headers), parts: data })),
      catch: fromThrown(sdk, origin, false),
    }),
  open: Effect.fnUntraced(function* (body: Body) {
    const { events, head } = yield* SdkStream.open({
      request: (signal) =>
        calls
          .open(body, signal)
          .then(({ data, response }) => ({ events: data, head: SdkStream.headersOf(response.headers) })),
      catch: fromThrown(sdk, origin, true),
    })
    yield* SdkStream.requireEvents(origin, head)
    return { headers: head, parts: events }
  }),
})
