/**
 * The tokens of a request as its vendor counts them: with system messages, tools, schema and media.
 *
 * **When to use**
 *
 * For requests that are huge or hold media, before they are let in. A count is a request of its own, to an endpoint that costs nothing and
 * has limits of its own; `TokenEstimate` is at once, and right enough for most.
 *
 * **Where in a stack**: nowhere by itself; `Estimate.layerCounted` of `@holdfast/cost` asks the one in context where that is wanted.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer } from "effect"
import { type Prompt } from "effect/ai"

import { type DurationInput } from "./DurationInput.ts"
import * as StructuredOutput from "./internal/answer/structured.ts"
import * as ModelRequest from "./ModelRequest.ts"
import { type ProviderFailure, type ProviderModel } from "./provider/ProviderModel.ts"
import * as TokenEstimate from "./TokenEstimate.ts"

/**
 * A number of tokens, and how it is known.
 *
 * **Details**
 *
 * An estimate says why the vendor did not count: it took too long, it has no endpoint for that, or it could not be asked.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenCount =
  | { readonly _tag: "Counted"; readonly tokens: number }
  | {
      readonly _tag: "Estimated"
      readonly tokens: number
      readonly because: "deadline" | "noEndpoint" | ProviderFailure
    }

/**
 * What is counted: a prompt, what `effect/ai` would prepare beside it, or a request.
 *
 * @since 0.1.0
 * @category models
 */
export type Countable = Prompt.RawInput | ModelRequest.Input | ModelRequest.ModelRequest<"chat">

/**
 * Counts for one model.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly provider: string
  readonly model: string
  /** Always gives a number; where the vendor gives none, it is the local estimate. */
  readonly count: (request: Countable) => Effect.Effect<TokenCount>
}

/**
 * The counter of an application.
 *
 * @since 0.1.0
 * @category services
 */
export class TokenCounter extends Context.Service<TokenCounter, Service>()("@holdfast/core/TokenCounter") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long the vendor may take. 2 seconds if left out. */
  readonly timeout?: DurationInput | undefined
}

/**
 * A counter on the model of a provider: what is counted is the body that the model would send.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (provider: ProviderModel, { timeout = "2 seconds" }: Options = {}): Service => ({
  provider: provider.provider,
  model: provider.model,
  count: (countable) =>
    Effect.suspend(() => {
      const { options, settings, ...request } = requestOf(countable)
      const estimated = (because: Extract<TokenCount, { _tag: "Estimated" }>["because"]): TokenCount => ({
        _tag: "Estimated",
        tokens: TokenEstimate.ofRequest({ options, settings, ...request }, provider).input,
        because,
      })
      const { count } = provider
      if (count === undefined) return Effect.succeed(estimated("noEndpoint"))
      return StructuredOutput.requestSchema(provider.codecTransformer, options.responseFormat).pipe(
        Effect.flatMap((jsonSchema) => count({ options, settings, jsonSchema })),
        Effect.map((tokens): TokenCount => ({ _tag: "Counted", tokens })),
        Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.succeed(estimated("deadline")) }),
        Effect.catch((failure) => Effect.succeed(estimated(failure))),
      )
    }),
})

/**
 * A layer with the counter of a provider's model.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R>(
  model: Effect.Effect<ProviderModel, never, R>,
  options?: Options,
): Layer.Layer<TokenCounter, never, R> =>
  Layer.effect(
    TokenCounter,
    Effect.map(model, (provider) => make(provider, options)),
  )

/**
 * Counts with the counter in context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const count = (request: Countable): Effect.Effect<TokenCount, never, TokenCounter> =>
  Effect.flatMap(TokenCounter, (counter) => counter.count(request))

const requestOf = (countable: Countable): ModelRequest.ModelRequest<"chat"> =>
  typeof countable === "object" && "call" in countable && "options" in countable
    ? countable
    : ModelRequest.make("generate", countable)
