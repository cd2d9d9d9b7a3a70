/**
 * Context caches of Gemini: a long beginning of prompts that is stored at Google for as long as it is used.
 *
 * **When to use**
 *
 * For many questions about one film, one book or one set of documents, which each cost a tenth of the price then. What short conversations
 * repeat is cached by Google without being asked.
 *
 * **Where in a stack**: nowhere; it is a resource of a scope, and `use` tells the models of a program of it.
 *
 * @since 0.1.0
 */
import { StorageMeter, TokenEstimate, UploadedFile } from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import * as ModelRequest from "@holdfast/core/ModelRequest"
import { record } from "@holdfast/core/provider/Json"
import { type UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { Clock, Duration, Effect, Option, type Scope, Stream } from "effect"
import { type AiError, type LanguageModel, Prompt } from "effect/ai"

import * as GoogleClient from "./GoogleClient.ts"
import * as GoogleLanguageModel from "./GoogleLanguageModel.ts"
import { type CachedContent, page, remove as removeCache } from "./internal/cache/cache.ts"
import { lease } from "./internal/cache/lease.ts"
import { contentModel } from "./internal/model.ts"
import { resourceOf } from "./internal/request/count.ts"

export type { CachedContent } from "./internal/cache/cache.ts"

/**
 * What is cached, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<out E = never> extends Partial<Pick<LanguageModel.ProviderOptions, "toolChoice" | "tools">> {
  /** A cache is for one model. */
  readonly model: GoogleLanguageModel.Model
  /** System messages and what comes first in every prompt: at least 1,024 to 4,096 tokens, as the model wants. */
  readonly prompt: Prompt.RawInput
  /** How long Google keeps the cache after this process has gone. It is extended when half of that is over. 10 minutes if left out. */
  readonly timeToLive?: DurationInput | undefined
  /** By which a cache can be found that a process left behind. */
  readonly displayName?: string | undefined
  /** Who pays for the storage: `CacheStorage` of `@holdfast/cost`. Nobody counts it if left out. */
  readonly meter?: StorageMeter.StorageMeter<E> | undefined
}

/**
 * A cache that is there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cache {
  readonly provider: string
  /** `cachedContents/...` */
  readonly name: string
  readonly model: string
  /** As Google counted them. */
  readonly tokens: number
  /** By this machine's clock, in Unix milliseconds. It moves on as long as the cache is extended. */
  readonly expiresAt: Effect.Effect<number>
}

/**
 * Why there is no cache.
 *
 * @since 0.1.0
 * @category errors
 */
export type CacheFailure = AiError.AiError | UnsupportedOption | UploadedFile.FileExpired

/**
 * Makes a cache that is extended as long as the scope is open, and deleted when it closes.
 *
 * **Details**
 *
 * - Before each span of time its storage is reserved at the meter, and settled by the tokens that Google counted and the time that they were
 *   really stored. What a meter refuses at first is the failure of this effect; what it refuses later ends the extensions.
 * - A cache that cannot be made is not tried again here: nobody knows whether there is one. It goes by itself after `timeToLive`.
 *
 * **Example** (Many questions about one book)
 *
 * ```ts
 * import { GoogleCache } from "@holdfast/google"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const book = "It was the best of times, it was the worst of times. ".repeat(2_000)
 * const ask = (prompt: string) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)
 *
 * const answers = Effect.scoped(
 *   Effect.gen(function* () {
 *     const cache = yield* GoogleCache.make({ model: "gemini-3.8-flash", prompt: book })
 *     return yield* Effect.forEach(["Who is Sydney Carton?", "What is he guilty of?"], ask).pipe(GoogleCache.use(cache))
 *   }),
 * )
 *
 * Effect.isEffect(answers) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E = never>(
  options: Options<E>,
): Effect.Effect<Cache, CacheFailure | E, GoogleClient.GoogleClient | Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* GoogleClient.GoogleClient
    const { model, timeToLive = "10 minutes" } = options
    const { provider } = client
    const { body, request } = yield* contentOf(client, options)
    // An own meter fails with its own errors, and none with nothing.
    const meter: StorageMeter.StorageMeter<E> = options.meter ?? StorageMeter.none
    const held = yield* lease({
      place: client,
      meter,
      timeToLive: Duration.fromInputUnsafe(timeToLive),
      payer: { provider, model, pricedAs: client.pricedAs(model) },
      tokens: TokenEstimate.ofRequest(request, { provider, model }).input,
      body: {
        ...body,
        ...(options.displayName !== undefined && { displayName: options.displayName }),
        model: client.project === undefined ? resourceOf(model) : `${client.project}/publishers/google/models/${model}`,
      },
    })
    const { name, tokens } = held.content
    return { provider, name, model, tokens, expiresAt: Effect.sync(() => held.expiresAt) }
  })

/** What comes of the prompt, as Google keeps it. */
const contentOf = Effect.fnUntraced(function* (client: GoogleClient.Service, options: Options<unknown>) {
  const { model, toolChoice, tools = [] } = options
  const given = Prompt.make(options.prompt)
  const isSystemOnly = given.content.every(({ role }) => role === "system")
  // A request has to ask something. Of a cache nothing is asked.
  const prompt = isSystemOnly ? Prompt.concat(given, "-") : given
  const request = ModelRequest.make("generate", {
    prompt,
    tools,
    toolChoice: toolChoice ?? (tools.length === 0 ? "none" : "auto"),
  })
  const { prepare } = contentModel(client, model, Effect.succeed({}))
  const ready = yield* prepare({ options: request.options, settings: {}, jsonSchema: undefined })
  const wire = yield* client.content.wireBody(ready.body)
  const { contents, systemInstruction, toolConfig, tools: declared } = record(wire) ?? {}
  const body = {
    ...(!isSystemOnly && { contents }),
    ...(systemInstruction !== undefined && { systemInstruction }),
    ...(declared !== undefined && { tools: declared }),
    ...(toolConfig !== undefined && { toolConfig }),
  }
  return { body, request }
})

/**
 * Lets the Gemini models of an effect begin with what is cached. Prompts hold only what comes after it, without system messages and tools.
 *
 * **Details**
 *
 * A cache that has expired by then, because it could not be extended, is `FileExpired`, before any request.
 *
 * @since 0.1.0
 * @category combinators
 */
export const use =
  (cache: Cache) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | UploadedFile.FileExpired, R> =>
    Effect.gen(function* () {
      const expiresAt = yield* cache.expiresAt
      if (expiresAt <= (yield* Clock.currentTimeMillis)) {
        const { name, provider } = cache
        return yield* Effect.fail(new UploadedFile.FileExpired({ provider, file: name, expiresAt }))
      }
      return yield* GoogleLanguageModel.withConfigOverride({ cachedContent: cache.name })(self)
    })

/**
 * All caches of the project, page by page: also those that a process left behind, by their `displayName`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const list: Stream.Stream<CachedContent, AiError.AiError, GoogleClient.GoogleClient> = Stream.unwrap(
  Effect.map(GoogleClient.GoogleClient, (client) =>
    Stream.paginate(undefined as string | undefined, (cursor) =>
      Effect.map(page(client, cursor), ({ caches, next }) => [
        caches,
        next === undefined ? Option.none() : Option.some<string | undefined>(next),
      ]),
    ),
  ),
)

/**
 * Deletes a cache that belongs to nobody any more.
 *
 * @since 0.1.0
 * @category combinators
 */
export const remove = (name: string): Effect.Effect<void, AiError.AiError, GoogleClient.GoogleClient> =>
  Effect.flatMap(GoogleClient.GoogleClient, (client) => Effect.asVoid(removeCache(client, name)))
