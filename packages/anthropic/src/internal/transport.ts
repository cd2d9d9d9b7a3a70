/**
 * The SDK behind a typed face. It is loaded when a client is made, and the key stays in here.
 */
import type { Anthropic, ClientOptions } from "@anthropic-ai/sdk"
import { type PricedAs } from "@holdfast/core/Attempt"
import { type KeySource } from "@holdfast/core/KeySource"
import { boundedFetch } from "@holdfast/core/provider/BoundedBody"
import * as Endpoints from "@holdfast/core/provider/Endpoint"
import * as KeyedFetch from "@holdfast/core/provider/KeyedFetch"
import { type Origin } from "@holdfast/core/provider/ProviderError"
import * as Rest from "@holdfast/core/provider/Rest"
import * as SdkEndpoint from "@holdfast/core/provider/SdkEndpoint"
import * as StainlessClient from "@holdfast/core/provider/StainlessClient"
import { UploadBody } from "@holdfast/core/provider/UploadBody"
import { Clock, Effect, type Redacted } from "effect"

import { fromErrorAnswer, fromThrown } from "./failure.ts"

/** What is needed to talk to a server. */
export interface TransportOptions {
  /** `anthropic` if left out. */
  readonly provider?: string | undefined
  /** Where the key goes. By the version of the API if left out. */
  readonly keyHeader?: "authorization" | "x-api-key" | undefined
  readonly refusal?: KeyedFetch.Refusal | undefined
  /** Where and how a request goes out that the SDK made for Anthropic's own API. */
  readonly rewrite?: ((fetch: typeof globalThis.fetch) => typeof globalThis.fetch) | undefined
  readonly apiUrl: string
  readonly apiKey: Redacted.Redacted | KeySource
  readonly apiVersion: string
  readonly workspaceId?: string | undefined
  readonly headers?: KeyedFetch.Headers | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly account?: string | undefined
  readonly pricedAs?: ((model: string) => PricedAs | undefined) | undefined
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

/** `betas` are sent in the `anthropic-beta` header, along with those of the client. */
export type Endpoint<Body> = SdkEndpoint.Endpoint<Body, [betas?: ReadonlyArray<string>]>

export interface Transport extends SdkEndpoint.Transport<Anthropic> {
  readonly apiVersion: string
  readonly messages: Endpoint<MessagesBody>
  readonly rest: Rest.Rest
}

const module = "AnthropicClient"

const bearerSince = "2026-10-21"

/** Loads the SDK and makes a client of it. Options that cannot work are defects. */
export const make = Effect.fnUntraced(function* (options: TransportOptions) {
  const { provider = "anthropic" } = options
  const url = yield* Endpoints.url(module, options.apiUrl)
  const given = yield* lowerCase(options.headers ?? {})
  const { headers, secrets, ...sender } = yield* KeyedFetch.make({
    ...options,
    module,
    headers: given,
    fetch: options.fetch,
  })
  const fetch = options.rewrite === undefined ? sender.fetch : options.rewrite(sender.fetch)
  const sdkModule = yield* Effect.promise(() => import("@anthropic-ai/sdk"))
  const keyHeader = options.keyHeader ?? (options.apiVersion < bearerSince ? "x-api-key" : "authorization")
  const settings = { ...options, headers, apiUrl: url, keyHeader }
  const sdk = newClient(sdkModule.Anthropic, { ...settings, fetch: boundedFetch(fetch) })
  // Files are downloaded with this one, and they may be long.
  const unbounded = newClient(sdkModule.Anthropic, { ...settings, fetch })
  const clock = yield* Clock.Clock
  const { scrub } = secrets
  const origin = (method: string, path: string): Origin => ({
    module,
    method,
    provider,
    url: `${url}${path}`,
    scrub,
    now: () => clock.currentTimeMillisUnsafe(),
  })
  const messages = origin("messages", "/v1/messages")
  const transport: Transport = {
    provider,
    apiUrl: url,
    account: options.account,
    pricedAs: options.pricedAs ?? (() => undefined),
    apiVersion: options.apiVersion,
    messages: SdkEndpoint.make({
      origin: messages,
      fromThrown: (inStream) => fromThrown(sdkModule.Anthropic, messages, inStream),
      fromErrorAnswer: fromErrorAnswer(messages),
      ...messagesCalls(sdk, headers["anthropic-beta"]),
    }),
    rest: Rest.make({
      origin: (path) => origin("rest", path),
      send: ({ body, method, ...request }, signal) => {
        const sent = {
          ...request,
          headers: withBetas(headers["anthropic-beta"], request.headers),
          method: methods[method],
          signal,
        }
        if (!(body instanceof UploadBody)) return sdk.request<unknown>({ ...sent, body }).asResponse()
        return sdk.request<unknown>({ ...sent, ...StainlessClient.uploading(body) }).asResponse()
      },
      fromThrown: (from) => fromThrown(sdkModule.Anthropic, from, false),
      fromErrorAnswer,
    }),
    use: SdkEndpoint.use(unbounded, fromThrown(sdkModule.Anthropic, origin("use", ""), false)),
  }
  return transport
})

const lowerCase = (headers: KeyedFetch.Headers): Effect.Effect<KeyedFetch.Headers> => {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  // What a model takes depends on the version, so there must be only one place that says which it is.
  return "anthropic-version" in lower
    ? Effect.die(new Error(`${module}: headers hold anthropic-version; give it as apiVersion`))
    : Effect.succeed(lower)
}

interface ClientSettings extends Pick<TransportOptions, "apiUrl" | "apiVersion" | "workspaceId"> {
  readonly keyHeader: "authorization" | "x-api-key"
  readonly fetch: typeof globalThis.fetch
  readonly headers: Readonly<Record<string, string>>
}

const newClient = (
  Sdk: typeof Anthropic,
  { apiUrl, apiVersion, fetch, headers, keyHeader, workspaceId }: ClientSettings,
): Anthropic => {
  const defaultHeaders = {
    "anthropic-version": apiVersion,
    // Bearer tokens came with the version; servers that know only older ones look here.
    ...(keyHeader === "x-api-key" ? { "x-api-key": KeyedFetch.placeholder, authorization: null } : undefined),
    ...(workspaceId === undefined ? undefined : { "anthropic-workspace-id": workspaceId }),
    ...headers,
  }
  // `withOptions` of the SDK makes another one of the same class.
  class Client extends Sdk {
    constructor(overrides: ClientOptions = {}) {
      super({
        // Nothing may come from the environment: it knows neither which server this is for nor that it is read. A key
        // that is given keeps the SDK from looking for tokens, profiles and credentials.
        apiKey: KeyedFetch.placeholder,
        baseURL: apiUrl,
        webhookKey: null,
        ...StainlessClient.options,
        // Holdfast has its own spans.
        openTelemetry: false,
        defaultHeaders,
        fetch,
        ...overrides,
      })
      StainlessClient.replaceHeaders(this, overrides.defaultHeaders ?? defaultHeaders)
    }
  }
  return new Client()
}

const methods = { GET: "get", POST: "post", PATCH: "patch", DELETE: "delete" } as const

// Those of a request stand beside those of the client.
const withBetas = (
  ofClient: string | undefined,
  given: Readonly<Record<string, string>> | undefined,
): Record<string, string> => {
  const own = given?.["anthropic-beta"]
  return own === undefined || ofClient === undefined
    ? { ...given }
    : { ...given, "anthropic-beta": `${ofClient},${own}` }
}

type Betas = ReadonlyArray<string>

const messagesCalls = (sdk: Anthropic, clientBetas: string | undefined) => {
  // What `messages.create` does, without its warnings: they are written to the console, whatever the log level is.
  const post = (
    body: MessagesBody & { readonly stream?: true },
    betas: Betas,
    signal: AbortSignal,
  ): Promise<Response> => {
    const named = [...(clientBetas === undefined ? [] : [clientBetas]), ...betas].join(",")
    const headers = named === "" ? {} : { "anthropic-beta": named }
    return sdk.post("/v1/messages", { body, signal, headers, stream: body.stream === true }).asResponse()
  }
  return {
    once: (signal: AbortSignal, body: MessagesBody, betas: Betas = []) => post(body, betas, signal),
    open: (signal: AbortSignal, body: MessagesBody, betas: Betas = []) =>
      post({ ...body, stream: true }, betas, signal),
  }
}
