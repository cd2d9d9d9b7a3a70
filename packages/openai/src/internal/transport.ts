/**
 * The SDK behind a typed face. It is loaded when a client is made, and the key stays in here.
 */

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
import type { ClientOptions, OpenAI } from "openai"

import { withErrorBodies } from "./errors/body.ts"
import { fromErrorAnswer, fromThrown } from "./failure.ts"

/** What is needed to talk to a server. */
export interface TransportOptions {
  readonly module: string
  readonly provider: string
  readonly apiUrl: string
  /** `undefined` for servers that ask for none. */
  readonly apiKey: Redacted.Redacted | KeySource | undefined
  readonly organizationId?: string | undefined
  readonly projectId?: string | undefined
  readonly headers?: KeyedFetch.Headers | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Under which name options and metadata of prompts and answers stand, if not under the provider's. */
  readonly optionKey?: string | undefined
  /** The header of the key, if it is no bearer token. */
  readonly keyHeader?: "api-key" | undefined
  readonly refusal?: KeyedFetch.Refusal | undefined
  readonly account?: string | undefined
  readonly pricedAs?: ((model: string) => PricedAs | undefined) | undefined
}

export type ResponsesBody = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, "stream">
export type ChatBody = Omit<OpenAI.Chat.ChatCompletionCreateParamsNonStreaming, "stream">

export type EmbeddingBody = OpenAI.EmbeddingCreateParams

export type ModerationBody = OpenAI.ModerationCreateParams
export type ImageBody = Omit<OpenAI.ImageGenerateParamsNonStreaming, "stream">
export type ImageEditBody = Omit<OpenAI.ImageEditParamsNonStreaming, "stream">
export type SpeechBody = Omit<OpenAI.Audio.SpeechCreateParams, "stream_format">
export type TranscriptionBody = Omit<OpenAI.Audio.TranscriptionCreateParamsNonStreaming, "stream">
export type DecisionBody = Parameters<OpenAI["decisions"]["create"]>[0]

export type Endpoint<Body> = SdkEndpoint.Endpoint<Body>

/** An endpoint that answers as a whole only. */
export type WholeEndpoint<Body> = SdkEndpoint.WholeEndpoint<Body>

/** An endpoint that answers with bytes. */
export type BytesEndpoint<Body> = SdkEndpoint.BytesEndpoint<Body>

export interface Transport extends SdkEndpoint.Transport<OpenAI> {
  readonly responses: Endpoint<ResponsesBody>
  readonly chat: Endpoint<ChatBody>
  readonly embeddings: WholeEndpoint<EmbeddingBody>
  readonly rest: Rest.Rest
  readonly media: MediaEndpoints
  readonly optionKey: string
}

/** The endpoints beside those for texts. */
export interface MediaEndpoints {
  readonly moderations: WholeEndpoint<ModerationBody>
  readonly images: WholeEndpoint<ImageBody>
  readonly imageEdits: WholeEndpoint<ImageEditBody>
  /** A sound as it is. Nothing is said of what it took. */
  readonly speech: BytesEndpoint<SpeechBody>
  /** A sound in events, of which the last one says what it took. */
  readonly speechEvents: Pick<Endpoint<SpeechBody>, "open" | "origin">
  readonly transcriptions: WholeEndpoint<TranscriptionBody>
  readonly decisions: WholeEndpoint<DecisionBody>
}

/** Loads the SDK and makes a client of it. Options that cannot work are defects. */
export const make = Effect.fnUntraced(function* (options: TransportOptions) {
  const url = yield* Endpoints.url(options.module, options.apiUrl)
  const { fetch, headers, secrets } = yield* KeyedFetch.make({ ...options, fetch: options.fetch })
  const settings = {
    ...options,
    headers,
    apiUrl: url,
    isBearer: options.apiKey !== undefined && options.keyHeader === undefined,
  }
  const module = yield* Effect.promise(() => import("openai"))
  const errorsRead = (send: typeof fetch) => withErrorBodies(boundedFetch(send))
  const sdk = newClient(module.OpenAI, { ...settings, fetch: errorsRead(fetch) })
  // Files are downloaded with this one, and they may be long.
  const unbounded = newClient(module.OpenAI, { ...settings, fetch: withErrorBodies(fetch) })
  const clock = yield* Clock.Clock
  const originOf = (method: string, path: string): Origin => ({
    module: options.module,
    method,
    provider: options.provider,
    url: `${url}${path}`,
    scrub: secrets.scrub,
    now: () => clock.currentTimeMillisUnsafe(),
  })
  const endpoint = (method: string, path: string) => {
    const origin = originOf(method, path)
    return {
      origin,
      fromThrown: (inStream: boolean) => fromThrown(module.OpenAI, origin, inStream),
      fromErrorAnswer: fromErrorAnswer(origin),
    }
  }
  const transport: Transport = {
    provider: options.provider,
    apiUrl: url,
    optionKey: options.optionKey ?? options.provider,
    account: options.account,
    pricedAs: options.pricedAs ?? (() => undefined),
    responses: SdkEndpoint.make({
      ...endpoint("responses", "/responses"),
      once: (signal, body: ResponsesBody) => sdk.responses.create(body, { signal }).asResponse(),
      open: (signal, body) => sdk.responses.create({ ...body, stream: true }, { signal }).asResponse(),
    }),
    chat: SdkEndpoint.make({
      ...endpoint("chat", "/chat/completions"),
      once: (signal, body: ChatBody) => sdk.chat.completions.create(body, { signal }).asResponse(),
      open: (signal, body) => sdk.chat.completions.create({ ...body, stream: true }, { signal }).asResponse(),
    }),
    embeddings: SdkEndpoint.makeWhole({
      ...endpoint("embeddings", "/embeddings"),
      once: (signal, body: EmbeddingBody) => sdk.embeddings.create(body, { signal }).asResponse(),
    }),
    rest: Rest.make({
      origin: (path) => originOf("rest", path),
      send: ({ body, method, ...request }, signal) => {
        const sent = { ...request, method: methods[method], signal }
        if (!(body instanceof UploadBody)) return sdk.request<unknown>({ ...sent, body }).asResponse()
        return sdk.request<unknown>({ ...sent, ...StainlessClient.uploading(body) }).asResponse()
      },
      fromThrown: (origin) => fromThrown(module.OpenAI, origin, false),
      fromErrorAnswer,
    }),
    media: mediaEndpoints(sdk, endpoint),
    use: SdkEndpoint.use(unbounded, fromThrown(module.OpenAI, originOf("use", ""), false)),
  }
  return transport
})

const methods = { GET: "get", POST: "post", PATCH: "patch", DELETE: "delete" } as const

const mediaEndpoints = (
  sdk: OpenAI,
  endpoint: (method: string, path: string) => SdkEndpoint.Reading,
): MediaEndpoints => ({
  moderations: SdkEndpoint.makeWhole({
    ...endpoint("moderations", "/moderations"),
    once: (signal, body: ModerationBody) => sdk.moderations.create(body, { signal }).asResponse(),
  }),
  images: SdkEndpoint.makeWhole({
    ...endpoint("images", "/images/generations"),
    once: (signal, body: ImageBody) => sdk.images.generate(body, { signal }).asResponse(),
  }),
  imageEdits: SdkEndpoint.makeWhole({
    ...endpoint("images", "/images/edits"),
    once: (signal, body: ImageEditBody) => sdk.images.edit(body, { signal }).asResponse(),
  }),
  speech: SdkEndpoint.makeBytes({
    ...endpoint("speech", "/audio/speech"),
    once: (signal, body: SpeechBody) => sdk.audio.speech.create(body, { signal }).asResponse(),
  }),
  speechEvents: SdkEndpoint.make({
    ...endpoint("speech", "/audio/speech"),
    once: (signal, body: SpeechBody) => sdk.audio.speech.create(body, { signal }).asResponse(),
    open: (signal, body) => sdk.audio.speech.create({ ...body, stream_format: "sse" }, { signal }).asResponse(),
  }),
  transcriptions: SdkEndpoint.makeWhole({
    ...endpoint("transcriptions", "/audio/transcriptions"),
    once: (signal, body: TranscriptionBody) => sdk.audio.transcriptions.create(body, { signal }).asResponse(),
  }),
  decisions: SdkEndpoint.makeWhole({
    ...endpoint("decisions", "/decisions"),
    once: (signal, body: DecisionBody) => sdk.decisions.create(body, { signal }).asResponse(),
  }),
})

interface ClientSettings extends Pick<TransportOptions, "apiUrl" | "keyHeader" | "organizationId" | "projectId"> {
  readonly fetch: typeof globalThis.fetch
  readonly isBearer: boolean
  readonly headers: Readonly<Record<string, string>>
}

const newClient = (
  Sdk: typeof OpenAI,
  { apiUrl, fetch, headers, isBearer, keyHeader, organizationId, projectId }: ClientSettings,
): OpenAI => {
  const defaultHeaders = {
    ...(isBearer ? undefined : { authorization: null }),
    ...(keyHeader !== undefined && { [keyHeader]: KeyedFetch.placeholder }),
    ...headers,
  }
  // Named so because the SDK puts the name of the class into the `user-agent`.
  class OpenAI extends Sdk {
    constructor(overrides: ClientOptions = {}) {
      super({
        // Nothing may come from the environment: it knows neither which server this is for nor that it is read.
        apiKey: KeyedFetch.placeholder,
        baseURL: apiUrl,
        adminAPIKey: null,
        webhookSecret: null,
        organization: organizationId ?? null,
        project: projectId ?? null,
        ...StainlessClient.options,
        defaultHeaders,
        fetch,
        ...overrides,
      })
      StainlessClient.replaceHeaders(this, overrides.defaultHeaders ?? defaultHeaders)
    }
  }
  return new OpenAI()
}
