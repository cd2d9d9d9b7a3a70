/**
 * Keys that change while a program runs: rotated, revoked, or short-lived tokens.
 *
 * Every client takes a `KeySource` in the place of a fixed key. It asks for the key with each request. When the vendor
 * refuses it, the key is loaded again, by one load for all calls under way, and each of them sends its request once more.
 *
 * @since 0.1.0
 */
import { Duration, Effect, type Redacted } from "effect"

import { type DurationInput } from "./DurationInput.ts"
import { chain as chained } from "./internal/keySource/chain.ts"
import { document as makeDocument } from "./internal/keySource/document.ts"
import { make as makeSource, type Settings } from "./internal/keySource/source.ts"
import { type KeyDocument, type KeySource, KeyUnavailable, type Loaded } from "./internal/keySource/types.ts"

export type { KeyDocument, KeySource, Loaded } from "./internal/keySource/types.ts"

export {
  /**
   * There is no key, or none that has not expired, and none can be loaded.
   *
   * **Details**
   *
   * A call that is under way fails with a `NetworkError`, which is transient.
   *
   * @since 0.1.0
   * @category errors
   */
  KeyUnavailable,
}

/**
 * When a key is loaded.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** What errors and warnings call the source. `KeySource` if left out. */
  readonly name?: string | undefined
  /**
   * How long a key is used that says nothing of its life. 5 minutes if left out. It is loaded again at 80 % of that, while calls
   * go on with it, and is used for longer while the store is down.
   */
  readonly timeToLive?: DurationInput | undefined
  /** How long a store is left alone after it failed, or after it gave a refused key again. 10 seconds if left out. */
  readonly pause?: DurationInput | undefined
  /** How long a load may take. 10 seconds if left out. */
  readonly timeout?: DurationInput | undefined
}

const settingsOf = ({
  name = "KeySource",
  pause = "10 seconds",
  timeout = "10 seconds",
  ...rest
}: Options): Settings => ({
  name,
  pause: Duration.toMillis(pause),
  timeout: Duration.toMillis(timeout),
  timeToLive: Duration.toMillis(rest.timeToLive ?? "5 minutes"),
})

/**
 * A source that loads its key with an effect: from any store that there is.
 *
 * **Details**
 *
 * The first key is loaded at once, and without it there is no source. From then on
 *
 * - one load serves all calls under way, and an interrupted call takes it from no other;
 * - a key is loaded again at 80 % of its life, while calls go on with it. A key says itself how long that is
 *   (`Loaded.timeToLive`, or the claim `exp` of a JSON Web Token); others have `timeToLive`;
 * - while the store is down the last key goes on, unless it says itself that it has expired;
 * - a key that was refused is loaded again at once. If the store gives it again, the refusal stands.
 *
 * **Gotchas**
 *
 * Of a failure of `load` only the name is reported, because messages may quote the key.
 *
 * **Example** (A key in a file that something else writes)
 *
 * ```ts
 * import { KeySource } from "@holdfast/core"
 * import { Effect, Redacted } from "effect"
 *
 * let written = "sk-one"
 * const load = Effect.sync(() => Redacted.make(written))
 *
 * const program = Effect.gen(function* () {
 *   const source = yield* KeySource.make(load, { name: "keys/openai" })
 *   const first = yield* source.current
 *   written = "sk-two"
 *   yield* source.refused(first)
 *   return [first, yield* source.current].map(Redacted.value)
 * })
 *
 * await Effect.runPromise(program) // => ["sk-one", "sk-two"]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E, R>(
  load: Effect.Effect<Redacted.Redacted | Loaded, E, R>,
  options: Options = {},
): Effect.Effect<KeySource, KeyUnavailable, R> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const source = yield* makeSource(Effect.provideContext(load, context), settingsOf(options))
    yield* source.current
    return source
  })

/**
 * Several keys that a store gives together, such as a document with one field for each vendor: one load serves all of them.
 *
 * **Example** (Two keys of one document)
 *
 * ```ts
 * import { KeySource } from "@holdfast/core"
 * import { Effect, Redacted } from "effect"
 *
 * const load = Effect.succeed({ openai: Redacted.make("sk-one"), anthropic: Redacted.make("sk-ant-two") })
 *
 * const program = Effect.gen(function* () {
 *   const keys = yield* KeySource.document(load)
 *   const source = yield* keys.key("anthropic")
 *   return Redacted.value(yield* source.current)
 * })
 *
 * await Effect.runPromise(program) // => "sk-ant-two"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const document = <E, R>(
  load: Effect.Effect<Readonly<Record<string, Redacted.Redacted>>, E, R>,
  options: Options = {},
): Effect.Effect<KeyDocument, KeyUnavailable, R> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const { first, key } = yield* makeDocument(Effect.provideContext(load, context), settingsOf(options))
    yield* first
    return { key }
  })

/**
 * A key that never changes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fixed = (key: Redacted.Redacted): KeySource => ({
  current: Effect.succeed(key),
  refused: () => Effect.void,
})

/**
 * Several sources, of which the first one counts that has a key which was not refused.
 *
 * **Details**
 *
 * A source that is an effect is made when it is needed first, so that a store is left alone as long as the sources before
 * it have a key. When a vendor refuses the key of one, and it has no other, the next source is asked.
 *
 * **Example** (The second key, when the first is refused)
 *
 * ```ts
 * import { KeySource } from "@holdfast/core"
 * import { Effect, Redacted } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const source = yield* KeySource.chain([
 *     KeySource.fixed(Redacted.make("sk-old")),
 *     KeySource.make(Effect.succeed(Redacted.make("sk-of-the-store"))),
 *   ])
 *   const first = yield* source.current
 *   yield* source.refused(first)
 *   return [first, yield* source.current].map(Redacted.value)
 * })
 *
 * await Effect.runPromise(program) // => ["sk-old", "sk-of-the-store"]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const chain = <R = never>(
  sources: ReadonlyArray<KeySource | Effect.Effect<KeySource, unknown, R>>,
  options: Pick<Options, "name" | "pause"> = {},
): Effect.Effect<KeySource, KeyUnavailable, R> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const source = chained(sources, { ...settingsOf({ name: "KeySource.chain", ...options }), context })
    yield* source.current
    return source
  })
