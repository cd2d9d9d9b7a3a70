import { type DurationInput } from "@holdfast/core/DurationInput"
/**
 * Where answers are kept that are being given.
 *
 * Each process has the answers that it gives itself. With `layerRedis` processes share them: a reader that lost its connection
 * goes on at any of them.
 *
 * @since 0.1.0
 */
import { Context, Duration, Layer } from "effect"
import { type Redis } from "effect/persistence"

import { alone, type AnswerStore } from "./internal/answer/store.ts"
import { redisStore } from "./internal/redis/store.ts"

export type { AnswerStore } from "./internal/answer/store.ts"

/**
 * What processes share of their answers. Nothing by itself: each has its own in memory.
 *
 * @since 0.1.0
 * @category references
 */
export const AnswerLog: Context.Reference<AnswerStore> = Context.Reference<AnswerStore>("@holdfast/server/AnswerLog", {
  defaultValue: () => alone,
})

/**
 * @since 0.1.0
 * @category options
 */
export interface RedisOptions {
  /** What all keys begin with. Applications with equal prefixes share their answers. `holdfast` if left out. */
  readonly prefix?: string | undefined
  /** How long a process may say nothing before its answers count as lost. 15 seconds if left out. */
  readonly lease?: DurationInput | undefined
  /** How long a request waits for Redis. 1 second if left out. */
  readonly timeout?: DurationInput | undefined
}

/**
 * Shares answers that may be resumed between processes, in streams of Redis.
 *
 * **Details**
 *
 * An answer is one stream, written in batches: what has gathered while the last write was under way. Each process reads all that is
 * followed there over one connection of `Redis.reserve`. An answer expires with its `retention`. The readers of an answer whose
 * process is gone get the error `AnswerLost`, after the lease of that process. While Redis cannot be reached, answers go on
 * for readers at their own process, and others are told to come back (`AnswersUnavailable`).
 *
 * **Gotchas**
 *
 * A slow reader at another process does not hold the model back; the answer is written to its end, within `maxAnswerSize`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (options: RedisOptions = {}): Layer.Layer<never, never, Redis.Redis> =>
  Layer.effect(
    AnswerLog,
    redisStore({
      prefix: options.prefix ?? "holdfast",
      lease: Duration.toMillis(options.lease ?? "15 seconds"),
      timeout: Duration.toMillis(options.timeout ?? "1 second"),
    }),
  )
