/**
 * A decision model as a `Layer` that knows how it can fail.
 *
 * It provides `effect/ai`'s own `DecisionModel`. OpenAI has an endpoint for decisions; any language model makes them by
 * structured output, so the one can be the fallback of the other.
 *
 * @since 0.1.0
 */
import { Effect, Option, type Scope } from "effect"
import { type DecisionModel, type Response } from "effect/ai"

import { type MediaFailure } from "./internal/attempt/failure.ts"
import { meteredMedia } from "./internal/attempt/media.ts"
import { type Added, ofLanguageModel } from "./internal/decision/languageModel.ts"
import { decisions } from "./internal/model/decisions.ts"
import { type Label } from "./internal/model/description.ts"
import { type AnswerSource } from "./internal/operation/mediaServices.ts"
import { type ProviderMediaModel } from "./provider/ProviderMediaModel.ts"
import * as Resilient from "./Resilient.ts"
import { type ResilientModel } from "./ResilientModel.ts"

export { DecisionsCall as Call } from "./internal/model/host.ts"

export type { MediaFailure as CallFailure } from "./internal/attempt/failure.ts"

/**
 * A layer that provides a decision model, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export type ResilientDecisionModel<E, R = never> = Resilient.Resilient<"decisions", E, R>

/**
 * A provider's decision model: each request is one attempt, checked, guarded and seen.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromProvider = <R>(
  build: Effect.Effect<ProviderMediaModel<"decisions">, never, R>,
  label: Label,
): ResilientDecisionModel<MediaFailure, Exclude<R, Scope.Scope>> =>
  Resilient.make(
    decisions,
    Effect.map(build, (model) => meteredMedia(decisions.operation, model)),
    label,
  )

/**
 * Any language model as a decision model, by structured output.
 *
 * **Details**
 *
 * - All decisions are asked for in one request. Probabilities are the model's own word, divided by their sum, and the label
 *   is the likeliest one; a rating is the mean of its levels.
 * - `null` from the model is a refusal of that decision, and an answer that cannot be read is missing. `decideSettled` gives
 *   the others all the same.
 * - Places in images are asked for as fractions of their width and height. How well a model knows them is its own matter.
 * - Policies may stand on the language model, on the decision model, or on both. It is one call with one price, that of the
 *   language model.
 *
 * **Example** (A decision of a language model)
 *
 * ```ts
 * import { Resilient, ResilientDecisionModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect, Schema } from "effect"
 * import { Decision, DecisionModel } from "effect/ai"
 *
 * const model = ResilientDecisionModel.fromLanguageModel(
 *   ScriptedModel.model(ScriptedModel.text('{"decision_1": {"probability": 0.9}}')),
 * )
 * const Triage = Decision.make({
 *   input: Schema.String,
 *   decisions: { urgent: Decision.probability({ instructions: "The message is time-sensitive" }) },
 * })
 * const program = DecisionModel.decide(Triage, { input: "The server is on fire" }).pipe(
 *   Effect.map(({ answers }) => answers.urgent.probability),
 *   Resilient.provide(model),
 * )
 *
 * await Effect.runPromise(program) // => 0.9
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLanguageModel = <E, R>(model: ResilientModel<E, R>): ResilientDecisionModel<E | Added, R> =>
  Resilient.make(decisions, Effect.map(Resilient.callOf(model), ofLanguageModel), {
    name: "ResilientDecisionModel.fromLanguageModel",
    settings: {},
    inner: [Resilient.describe(model)],
  })

/**
 * What a decision took, as `PriceBook.cost` of `@holdfast/cost` takes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Taken extends AnswerSource {
  readonly usage: typeof Response.Usage.Encoded
  /** What else the vendor said, by its name. */
  readonly finishMetadata: Readonly<Record<string, unknown>>
}

/**
 * What the attempt took that was answered: the model that answered, and the usage as its vendor counted it.
 *
 * **Details**
 *
 * Attempts before it that were paid for, too, are told by events and kept by the ledger. There is nothing where a cache gave the answer, which
 * cost nothing, and where a decision model of somebody else's did.
 *
 * **Example** (What a decision cost)
 *
 * ```ts
 * import { Resilient, ResilientDecisionModel } from "@holdfast/core"
 * import { Money, PriceBook } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect, Option, Schema } from "effect"
 * import { Decision, DecisionModel } from "effect/ai"
 *
 * const writes = ScriptedModel.named(
 *   { provider: "openai", model: "gpt-6-luna" },
 *   ScriptedModel.text('{"decision_1": {"probability": 0.9}}', { usage: { input: 1_000, output: 1_000 } }),
 * )
 * const Triage = Decision.make({
 *   input: Schema.String,
 *   decisions: { urgent: Decision.probability({ instructions: "The message is time-sensitive" }) },
 * })
 *
 * const program = DecisionModel.decide(Triage, { input: "The server is on fire" }).pipe(
 *   Effect.flatMap((response) => Effect.fromOption(ResilientDecisionModel.taken(response))),
 *   Effect.flatMap(PriceBook.cost),
 *   Effect.map(({ total }) => Money.format(total)),
 *   Resilient.provide(ResilientDecisionModel.fromLanguageModel(writes)),
 *   Effect.provide(PriceBook.layer),
 * )
 *
 * await Effect.runPromise(program) // => "$0.0006"
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const taken = ({ metadata }: Pick<DecisionModel.DecideResponse<{}>, "metadata">): Option.Option<Taken> => {
  const { holdfast: told, ...finishMetadata } = metadata
  const { cached, source, usage } = (told ?? {}) as {
    readonly cached?: boolean
    readonly source?: AnswerSource
    readonly usage?: Taken["usage"]
  }
  if (source === undefined || usage === undefined || cached === true) return Option.none()
  return Option.some({ ...source, usage, finishMetadata: { ...finishMetadata, holdfast: told } })
}
