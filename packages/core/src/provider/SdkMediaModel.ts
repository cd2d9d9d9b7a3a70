/**
 * A model of media on an endpoint of a vendor's SDK: from the settings and the request to the answer as a whole.
 *
 * @since 0.1.0
 */
import { Effect, type Result, type Scope } from "effect"
import { type AiError } from "effect/ai"

import { type PricedAs } from "../internal/call/types.ts"
import { wellFormed } from "./Json.ts"
import { type Answer, type MediaKind, type ProviderMediaModel, type Request } from "./ProviderMediaModel.ts"
import { type ProviderReply } from "./ProviderModel.ts"
import { Refusals } from "./Refusals.ts"
import { type Transport } from "./SdkEndpoint.ts"

/**
 * What of a client each of its models has.
 *
 * @since 0.1.0
 * @category models
 */
export type Client = Pick<Transport<unknown>, "account" | "pricedAs" | "provider">

/**
 * What is asked for, with the settings of the running request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Asked<out Asking, out Settings> {
  readonly request: Asking
  readonly settings: Settings
}

/**
 * What one vendor's model is made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<K extends MediaKind, Settings, Body> {
  readonly client: Client
  readonly model: string
  /** What it is priced as, where that is not what the client says of the model. */
  readonly pricedAs?: PricedAs | undefined
  /** The settings of the running request. */
  readonly settings: Effect.Effect<Settings>
  /** Makes the body, and says which option the model cannot take. Halves of surrogate pairs in it are mended afterwards. */
  readonly prepare: (asked: Asked<Request<K>, Settings>, refusals: Refusals) => Body
  /** Sends the body, and reads what comes back; see {@link reading}. */
  readonly send: (
    body: Body,
    asked: Asked<Request<K>, Settings>,
  ) => Effect.Effect<ProviderReply<Answer<K>>, AiError.AiError, Scope.Scope>
}

/**
 * Makes a model of media. Its settings are read once for every request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <K extends MediaKind, Settings extends object, Body>({
  client: { account, pricedAs, provider },
  model,
  prepare,
  send,
  settings,
  ...options
}: Options<K, Settings, Body>): ProviderMediaModel<K> => ({
  provider,
  model,
  account,
  pricedAs: options.pricedAs ?? pricedAs(model),
  settings,
  ask: Effect.fnUntraced(function* (request) {
    const asked = { request, settings: yield* settings }
    const refusals = new Refusals(provider, model)
    const body = prepare(asked, refusals)
    return yield* send(wellFormed(yield* refusals.check(body)), asked)
  }),
})

/**
 * The reply of an endpoint with its answer read.
 *
 * @since 0.1.0
 * @category combinators
 */
export const reading = <A, E, R>(
  reply: Effect.Effect<ProviderReply<unknown>, AiError.AiError | E, R>,
  read: (answer: unknown) => Result.Result<A, AiError.AiError>,
): Effect.Effect<ProviderReply<A>, AiError.AiError | E, R> =>
  Effect.flatMap(reply, ({ headers, parts }) =>
    Effect.map(Effect.fromResult(read(parts)), (answer) => ({ headers, parts: answer })),
  )
