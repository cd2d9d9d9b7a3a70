/**
 * A `fetch` that sets the key of each request, and sends a request once more whose key was refused.
 *
 * The vendors' SDKs hold one key for as long as they live, and none of them does anything about a refused one. So they are made
 * with a placeholder, and each request gets the key of that moment here, in whatever header the SDK puts it.
 *
 * @since 0.1.0
 */
import { type Context, Effect, Redacted } from "effect"

import { keyMistakeIn } from "../internal/keySource/mistake.ts"
import { type KeySource, KeyUnavailable } from "../internal/keySource/types.ts"
import { bounded } from "./BoundedBody.ts"
import * as Endpoint from "./Endpoint.ts"
import * as Secrets from "./Secrets.ts"
import { UploadBody } from "./UploadBody.ts"
import { uploadFetch } from "./UploadFetch.ts"

/**
 * What an SDK is given as its key.
 *
 * @since 0.1.0
 * @category constants
 */
export const placeholder = "key-of-the-request"

// What an SDK is given as the value of a header that is secret.
const headerPlaceholder = "header-of-the-client"

/**
 * Which answers say that a key is refused, besides those of status 401.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  readonly statuses: ReadonlyArray<number>
  /** What the body says. */
  readonly body: RegExp
}

/**
 * What a client is given in confidence, and for whom.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the client, for what is wrong with its options. */
  readonly module: string
  /** Only requests to its host get the key and the secret headers. An SDK also follows URLs that a server gave it. */
  readonly apiUrl: string
  /** `undefined` for servers that ask for none. */
  readonly apiKey: Redacted.Redacted | KeySource | undefined
  /** Headers of every request. */
  readonly headers?: Headers | undefined
  /** `undefined` stands for the global one. */
  readonly fetch: typeof globalThis.fetch | undefined
  readonly refusal?: Refusal | undefined
}

/**
 * Headers of every request. A `Redacted` value is secret, and so is one that may be by its name.
 *
 * @since 0.1.0
 * @category models
 */
export type Headers = Readonly<Record<string, string | Redacted.Redacted>>

/**
 * What a client needs to send requests without holding a secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  readonly fetch: typeof globalThis.fetch
  /** Headers for the SDK, with a placeholder for each that is secret. */
  readonly headers: Readonly<Record<string, string>>
  readonly secrets: Secrets.Secrets
}

type Fetch = typeof globalThis.fetch

/**
 * Makes a `fetch` that puts keys and secret headers into requests that were made with placeholders.
 *
 * **Details**
 *
 * Every key becomes one of `secrets` before it is sent. When a key is refused and there is another one, the request is sent once
 * more, unless its body can be read only once. That is no attempt of its own: a refused request costs nothing.
 *
 * A fixed key that is empty or cannot be sent is a defect.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const { apiKey, apiUrl, module, refusal } = options
  const source = Redacted.isRedacted(apiKey) ? fixedKey(yield* Endpoint.key(module, apiKey)) : apiKey
  const secrets = Secrets.make(...Secrets.ofUrl(apiUrl), ...(source?.given?.() ?? []))
  const { open, secret } = divided(options.headers ?? {}, secrets)
  const context = yield* Effect.context()
  const sender = new Sender({
    send: uploadFetch(options.fetch),
    origin: new URL(apiUrl).origin,
    source,
    secrets,
    secret,
    refusal,
    context,
  })
  const connection: Connection = { fetch: sender.fetch, headers: open, secrets }
  return connection
})

const fixedKey = (key: string): KeySource => ({
  current: Effect.succeed(Redacted.make(key)),
  refused: () => Effect.void,
})

const divided = (headers: Headers, secrets: Secrets.Secrets) => {
  const open: Record<string, string> = {}
  const secret = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    const plain = Redacted.isRedacted(value) ? Redacted.value(value) : value
    const known = Secrets.ofHeaders({ [name]: plain })
    const isSecret = Redacted.isRedacted(value) || known.length > 0
    secrets.add(...(isSecret ? [plain, ...known] : []))
    if (isSecret) secret.set(name.toLowerCase(), plain)
    open[name] = isSecret ? headerPlaceholder : plain
  }
  return { open, secret }
}

interface Parts {
  readonly send: Fetch
  readonly origin: string
  readonly source: KeySource | undefined
  readonly secrets: Secrets.Secrets
  /** The values of secret headers, by names in lower case. */
  readonly secret: ReadonlyMap<string, string>
  readonly refusal: Refusal | undefined
  readonly context: Context.Context<never>
}

type Input = Parameters<Fetch>[0]

class Sender {
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  readonly fetch: Fetch = (input, init) => {
    const { origin, secret, send, source } = this.parts
    const given = new globalThis.Headers(init?.headers)
    const own = originOf(input) === origin
    const keyed: Array<string> = []
    for (const [name, value] of new globalThis.Headers(given)) {
      const isKey = value.includes(placeholder)
      if (!isKey && value !== headerPlaceholder) continue
      if (!own) given.delete(name)
      else if (isKey) keyed.push(name)
      else given.set(name, secret.get(name) ?? "")
    }
    return source === undefined || keyed.length === 0
      ? send(input, { ...init, headers: given })
      : this.sendKeyed({ input, init, given, keyed, source })
  }

  private async sendKeyed(request: KeyedRequest): Promise<Response> {
    const { init, input, source } = request
    const key = await this.key(source, init?.signal)
    const { refused, response } = await read(await this.sendWith(request, key), this.parts.refusal)
    if (!refused) return response
    await this.run(source.refused(key))
    if (!isRepeatable(input, init)) return response
    const newer = await this.key(source, init?.signal)
    if (Redacted.value(newer) === Redacted.value(key)) return response
    await response.body?.cancel()
    return this.sendWith(request, newer)
  }

  private sendWith({ given, init, input, keyed }: KeyedRequest, key: Redacted.Redacted): Promise<Response> {
    this.parts.secrets.add(key)
    const headers = new globalThis.Headers(given)
    for (const name of keyed) {
      headers.set(name, given.get(name)?.replace(placeholder, () => Redacted.value(key).trim()) ?? "")
    }
    return this.parts.send(input, { ...init, headers })
  }

  // It fails as `fetch` does, so that what reads the errors of `fetch` knows it for a request that was not sent.
  private key(source: KeySource, signal: AbortSignal | null | undefined): Promise<Redacted.Redacted> {
    const checked = Effect.tap(source.current, (key) => {
      const mistake = keyMistakeIn(Redacted.value(key).trim())
      return mistake === undefined
        ? Effect.void
        : Effect.fail(new KeyUnavailable({ source: "KeySource", reason: `the key ${mistake}` }))
    })
    return this.run(checked, signal ? { signal } : undefined).catch((cause: unknown) => {
      signal?.throwIfAborted()
      throw new TypeError("fetch failed", { cause })
    })
  }

  private run<A, E>(effect: Effect.Effect<A, E>, options?: { readonly signal: AbortSignal }): Promise<A> {
    return Effect.runPromiseWith(this.parts.context)(effect, options)
  }
}

interface KeyedRequest {
  readonly input: Input
  readonly init: RequestInit | undefined
  readonly given: globalThis.Headers
  /** The headers that the key goes into. */
  readonly keyed: ReadonlyArray<string>
  readonly source: KeySource
}

const originOf = (input: Input): string => new URL(input instanceof Request ? input.url : input).origin

const isRepeatable = (input: Input, init: RequestInit | undefined): boolean => {
  const body: unknown = input instanceof Request ? input.body : init?.body
  if (body instanceof UploadBody) return body.isRepeatable
  return typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)
}

const read = async (
  response: Response,
  refusal: Refusal | undefined,
): Promise<{ readonly response: Response; readonly refused: boolean }> => {
  const { headers, status, statusText } = response
  if (status === 401) return { response, refused: true }
  if (refusal?.statuses.includes(status) !== true) return { response, refused: false }
  const text = await bounded(response).text()
  return { response: new Response(text, { headers, status, statusText }), refused: refusal.body.test(text) }
}
