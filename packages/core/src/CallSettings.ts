/**
 * Settings that every vendor knows, set for some calls by one neutral name whichever model answers.
 *
 * A fallback or a route may send a request to any of several vendors, each with names of its own for the largest answer or
 * the temperature. Settings that only one vendor has stay in that provider's own `Config`.
 *
 * @since 0.1.0
 */
import { Context, Effect, Stream } from "effect"
import { dual } from "effect/Function"

import { type CommonSettings } from "./internal/call/types.ts"
import { type Program, type Unchanged } from "./internal/model/program.ts"

export type { CommonSettings } from "./internal/call/types.ts"

/**
 * The settings of the running calls. They go before those of the models.
 *
 * @since 0.1.0
 * @category references
 */
export const CallSettings: Context.Reference<CommonSettings> = Context.Reference<CommonSettings>(
  "@holdfast/core/CallSettings",
  { defaultValue: () => none },
)

const none: CommonSettings = {}

/**
 * Sets them for every call inside. Inner settings go before outer ones, field by field.
 *
 * **Details**
 *
 * A model that takes no such setting refuses the request with `UnsupportedOption`, which names it. Nothing is dropped in
 * silence.
 *
 * **Example** (Short answers, from any model)
 *
 * ```ts
 * import { CallSettings } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * const most = Effect.map(CallSettings.CallSettings, ({ maxOutputTokens }) => maxOutputTokens)
 *
 * await Effect.runPromise(CallSettings.set(most, { maxOutputTokens: 200 })) // => 200
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const set: {
  (settings: CommonSettings): <P extends Program>(self: P) => Unchanged<P>
  <P extends Program>(self: P, settings: CommonSettings): Unchanged<P>
} = dual(2, (self: Program, settings: CommonSettings) => {
  const merge = (outer: CommonSettings): CommonSettings => ({ ...outer, ...settings })
  return Stream.isStream(self)
    ? Stream.updateService(self, CallSettings, merge)
    : Effect.updateService(self, CallSettings, merge)
})
