/**
 * The seam: one request to one model, up to and after the commit point.
 *
 * Until its first content part arrives nobody has seen anything of an answer, so the call may be retried, hedged or sent
 * elsewhere. From then on the caller has output, and nothing may be replayed. `ModelCall` puts that moment into the
 * types: before it a call is an `Effect`, after it a `Stream`. Every policy is a function from `ModelCall` to
 * `ModelCall` and is written once, for generated and for streamed answers.
 *
 * @since 0.1.0
 */
import { Effect, type Scope, type Stream } from "effect"
import { type LanguageModel, type Response } from "effect/ai"

/**
 * One request as the policies see it: what `effect/ai` prepared, and whether the caller wants parts as they come.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelRequest {
  readonly mode: "generate" | "stream"
  readonly options: LanguageModel.ProviderOptions
}

/**
 * One encoded part of an answer, as `effect/ai` defines it.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = Response.PartEncoded | Response.StreamPartEncoded

/**
 * A model that can be called, and every way in which the call can fail.
 *
 * **Details**
 *
 * `open` completes at the commit point: in `stream` mode when the first content part is there, in `generate` mode when
 * the whole answer is. A failed or interrupted `open` has released everything that it held; after a successful one,
 * closing the scope aborts the request and frees the rest. The stream is for one consumer and can be run once.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelCall<out E> {
  readonly provider: string
  readonly model: string
  /** Whether a call would be let through now; absent where nothing stands in the way. A route looks here. */
  readonly available?: (() => boolean) | undefined
  /** What decides the answer beside the request: the settings of the running request, of all models that may answer. */
  readonly identity?: Effect.Effect<unknown> | undefined
  readonly open: (request: ModelRequest) => Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope>
}

/**
 * Whether a call of the model would be let through now.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isAvailable = ({ available }: Pick<ModelCall<unknown>, "available">): boolean => available?.() ?? true

/**
 * Who may answer a call, and by which settings: calls with equal identities answer equal requests alike.
 *
 * @since 0.1.0
 * @category getters
 */
export const identityOf = ({ identity, model, provider }: Omit<ModelCall<unknown>, "open">): Effect.Effect<unknown> =>
  Effect.map(identity ?? Effect.undefined, (settings) => ({ provider, model, settings }))

/**
 * Whether a part carries content, so that showing it to the caller commits the call.
 *
 * **Details**
 *
 * Metadata, empty frames that only announce a block (`text-start`, `reasoning-start`) and `finish` carry none.
 * `tool-params-start` does: it names the tool that is about to run.
 *
 * @since 0.1.0
 * @category guards
 */
export const isContent = (part: Part): boolean => {
  switch (part.type) {
    case "response-metadata":
    case "text-start":
    case "text-end":
    case "reasoning-start":
    case "reasoning-end":
    case "finish":
    case "error":
      return false
    case "text-delta":
    case "reasoning-delta":
    case "tool-params-delta":
      return part.delta.length > 0
    case "text":
    case "reasoning":
      return part.text.length > 0
    default:
      return true
  }
}
