/**
 * Where answers are kept that are being given.
 *
 * Each process has the answers that it gives itself. With `layerRedis` processes share them: a reader that lost its connection
 * goes on at any of them.
 *
 * @since 0.1.0
 */
import { Context } from "effect"

import { alone, type AnswerStore } from "./internal/answer/store.ts"

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
