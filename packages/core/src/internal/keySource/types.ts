import { type Effect, type Redacted, Schema } from "effect"

import { type DurationInput } from "../../DurationInput.ts"

/**
 * A key that may change while a program runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeySource {
  /** The key of now. It is asked for with every request, and is quick unless the key has to be loaded. */
  readonly current: Effect.Effect<Redacted.Redacted, KeyUnavailable>
  /** The vendor refused this key. If it is the newest one, the next call has it loaded again. */
  readonly refused: (key: Redacted.Redacted) => Effect.Effect<void>
  /** The last keys that it gave. A client that is made later hides them as well; absent where they are not known. */
  readonly given?: (() => ReadonlyArray<Redacted.Redacted>) | undefined
}

/**
 * A key, and how long it is of use.
 *
 * @since 0.1.0
 * @category models
 */
export interface Loaded {
  readonly key: Redacted.Redacted
  /** From now. It is loaded again at 80 % of it. */
  readonly timeToLive: DurationInput
}

/**
 * Several keys of one store that are loaded together.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyDocument {
  /** The source of one of the keys, by its name in the document. */
  readonly key: (field: string) => Effect.Effect<KeySource, KeyUnavailable>
}

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
export class KeyUnavailable extends Schema.TaggedError<KeyUnavailable>("@holdfast/core/KeyUnavailable")(
  "KeyUnavailable",
  {
    /** The name of the source. */
    source: Schema.String,
    /** Never more than the name of an error, because messages of a store may quote what it holds. */
    reason: Schema.String,
  },
) {
  override get message(): string {
    return `${this.source} gave no key: ${this.reason}`
  }
}
