/**
 * The SDK behind a typed face. It is loaded when a client is made, and the key stays in here.
 */
import type { Anthropic, ClientOptions } from "@anthropic-ai/sdk"
import { boundedFetch } from "@holdfast/core/provider/BoundedBody"
import * as Endpoints from "@holdfast/core/provider/Endpoint"
import { type Origin } from "@holdfast/core/provider/ProviderError"
import { type ProviderReply } from "@holdfast/core/provider/ProviderModel"
import * as SdkStream from "@holdfast/core/provider/SdkStream"
import { Effect, type Redacted, type Scope, type Stream } from "effect"
import { type AiError } from "effect/ai"

import { fromThrown, type SdkErrors } from "./failure.ts"

/** What is needed to talk to a server. */
export interface TransportOptions {
  readonly apiUrl: string
  readonly apiKey: Redacted.Redacted
  readonly apiVersion: string
  readonly workspaceId?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** The sampling parameters are gone from the SDK's types, and older versions of the API still take them. */
interface Sampling {
  readonly temperature?: number
  readonly top_p?: number
  readonly top_k?: number
}

/** A request without what is sent in headers. */
export type MessagesBody = Omit<
  Anthropic.MessageCreateParamsNonStreaming,
  "stream" | "user_profile_id" | "workspace_id"
> &
  Sampling

/** An endpoint of the API, answered as a whole or event by event. Answers are not trusted, hence unknown. */
export interface Endpoint<Body> {
  readonly origin: Origin
  /** `betas` are sent in the `anthropic-beta` header, along with those of the client. */
  readonly once: (body: Body, betas?: ReadonlyArray<string>) => Effect.Effect<ProviderReply<unknown>, AiError.AiError>
  readonly open: (
    body: Body,
    betas?: ReadonlyArray<string>,
  ) => Effect.Effect<ProviderReply<Stream.Stream<unknown, AiError.AiError>>, AiError.AiError, Scope.Scope>
}

export interface Transport {
  readonly provider: string
  readonly apiUrl: string
  readonly apiVersion: string
  readonly messages: Endpoint<MessagesBody>
  readonly use: <A>(call: (sdk: Anthropic, signal: AbortSignal) => PromiseLike<A>) => Effect.Effect<A, AiError.AiError>
}

const provider = "anthropic"
const module = "AnthropicClient"

const bearerSince = "2026-10-21"

// Deadlines are Holdfast's; the SDK's own must never be the first to fire.
const oneHour = 3_600_000

/** Loads the SDK and makes a client of it. Options that cannot work are defects. */
export const make = Effect.fnUntraced(function* (options: TransportOptions) {
  const url = yield* Endpoints.url(module, options.apiUrl)
  const key = yield* Endpoints.key(module, options.apiKey)
  const headers = yield* lowerCase(options.headers ?? {})
  const sdkModule = yield* Effect.promise(() => import("@anthropic-ai/sdk"))
  const settings = { ...options, headers, apiUrl: url }
  const sdk = newClient(sdkModule.Anthropic, { ...settings, fetch: boundedFetch(options.fetch) }, key)
  // Files are downloaded with this one, and they may be long.
  const unbounded = newClient(sdkModule.Anthropic, settings, key)
  const scrub = Endpoints.scrubber(key)
  const origin = (method: string, path: string): Origin => ({ module, method, provider, url: `${url}${path}`, scrub })
  const transport: Transport = {
    provider,
    apiUrl: url,
    apiVersion: options.apiVersion,
    messages: messagesEndpoint(sdkModule.Anthropic, sdk, origin("messages", "/v1/messages"), headers["anthropic-beta"]),
    use: (call) =>
      SdkStream.once({
        request: (signal) => Promise.resolve(call(unbounded, signal)),
        catch: fromThrown(sdkModule.Anthropic, origin("use", ""), false),
      }),
  }
  return transport
})

const lowerCase = (headers: Readonly<Record<string, string>>): Effect.Effect<Record<string, string>> => {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  // What a model takes depends on the version, so there must be only one place that says which it is.
  return "anthropic-version" in lower
    ? Effect.die(new Error(`${module}: headers hold anthropic-version; give it as apiVersion`))
    : Effect.succeed(lower)
}

const newClient = (
  Sdk: typeof Anthropic,
  { apiUrl, apiVersion, fetch, headers, workspaceId }: TransportOptions,
  key: string,
): Anthropic => {
  const defaultHeaders = {
    "anthropic-version": apiVersion,
    // Bearer tokens came with the version; servers that know only older ones look here.
    ...(apiVersion < bearerSince ? { "x-api-key": key, authorization: null } : undefined),
    ...(workspaceId === undefined ? undefined : { "anthropic-workspace-id": workspaceId }),
    ...headers,
  }
  // `withOptions` of the SDK makes another one of the same class.
  class Client extends Sdk {
    constructor(overrides: ClientOptions = {}) {
      super({
        // Nothing may come from the environment: it knows neither which server this is for nor that it is read. A key
        // that is given keeps the SDK from looking for tokens, profiles and credentials.
        apiKey: key,
        baseURL: apiUrl,
        webhookKey: null,
        maxRetries: 0,
        timeout: oneHour,
        logLevel: "off",
        // Holdfast has its own spans.
        openTelemetry: false,
        defaultHeaders,
        fetch,
        // The prompt is for this server, and for no other that it may name.
        fetchOptions: { redirect: "manual" },
        ...overrides,
      })
      // ANTHROPIC_CUSTOM_HEADERS has no option that switches it off.
      const internal = this as unknown as { _options: ClientOptions }
      internal._options = { ...internal._options, defaultHeaders: overrides.defaultHeaders ?? defaultHeaders }
    }
  }
  return new Client()
}

interface Answer<Data> {
  readonly data: Data
  readonly response: Response
}

const messagesEndpoint = (
  errors: SdkErrors,
  sdk: Anthropic,
  origin: Origin,
  clientBetas: string | undefined,
): Endpoint<MessagesBody> => {
  // What `messages.create` does, without its warnings: they are written to the console, whatever the log level is.
  const post = <Data>(
    body: MessagesBody & { readonly stream?: true },
    betas: ReadonlyArray<string>,
    signal: AbortSignal,
  ): Promise<Answer<Data>> => {
    const named = [...(clientBetas === undefined ? [] : [clientBetas]), ...betas].join(",")
    const headers = named === "" ? {} : { "anthropic-beta": named }
    return sdk.post<Data>("/v1/messages", { body, signal, headers, stream: body.stream === true }).withResponse()
  }
  return {
    origin,
    once: (body, betas = []) =>
      SdkStream.once({
        request: (signal) =>
          post<unknown>(body, betas, signal).then(({ data, response }) => ({
            headers: SdkStream.headersOf(response.headers),
            parts: data,
          })),
        catch: fromThrown(errors, origin, false),
      }),
    open: Effect.fnUntraced(function* (body: MessagesBody, betas: ReadonlyArray<string> = []) {
      const { events, head } = yield* SdkStream.open({
        request: (signal) =>
          post<AsyncIterable<unknown>>({ ...body, stream: true }, betas, signal).then(({ data, response }) => ({
            events: data,
            head: SdkStream.headersOf(response.headers),
          })),
        catch: fromThrown(errors, origin, true),
      })
      yield* SdkStream.requireEvents(origin, head)
      return { headers: head, parts: events }
    }),
  }
}
