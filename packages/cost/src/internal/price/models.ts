/**
 * Which other models took part in one answer.
 */

import { count, field, type Json, list, record, text } from "@holdfast/core/provider/Json"

import { type Usage } from "./billing.ts"

/** An inference by another model, with a usage of its own that is in no total of the answer. */
export interface Inference {
  readonly model: string
  readonly usage: Usage
  readonly raw: Json
}

export interface OtherModels {
  /** The model that answered in the place of the one that was asked; the answer's totals are its. */
  readonly serving: string | undefined
  readonly inferences: ReadonlyArray<Inference>
  /** Models whose part cannot be told from what was reported. */
  readonly unpriced: ReadonlyArray<string>
}

/**
 * Reads Anthropic's `usage.iterations`.
 *
 * What an advisor used is in its own entry and in no total. After a fallback on the server's side the totals are those of
 * the model that answered. A model that declined is billed only if it had written something, and whether that is in the
 * totals is not said.
 * https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback,
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool
 */
export const otherModels = (raw: Json | undefined): OtherModels => {
  const iterations = raw === undefined ? none : list(raw, "iterations")
  if (iterations.length === 0) return nobodyElse
  const inferences: Array<Inference> = []
  const unpriced: Array<string> = []
  const serving = text(
    iterations.findLast((each) => text(each, "type") === "fallback_message"),
    "model",
  )
  for (const each of iterations) {
    const type = text(each, "type")
    const model = text(each, "model")
    if (type === "advisor_message") {
      if (model === undefined) unpriced.push(type)
      else inferences.push({ model, usage: usageOf(each), raw: record(each) ?? {} })
    }
    if (type === "message" && serving !== undefined && declined(each, serving)) unpriced.push(model ?? type)
    if (type !== undefined && !known.has(type)) unpriced.push(model ?? type)
  }
  return { serving, inferences, unpriced }
}

const none: ReadonlyArray<unknown> = []

const nobodyElse: OtherModels = { serving: undefined, inferences: [], unpriced: [] }

const known = new Set(["message", "compaction", "advisor_message", "fallback_message"])

const declined = (iteration: unknown, serving: string): boolean =>
  text(iteration, "model") !== serving && count(iteration, "output_tokens") !== 0

const usageOf = (iteration: unknown): Usage => {
  const uncached = count(iteration, "input_tokens")
  const cacheRead = count(iteration, "cache_read_input_tokens")
  const cacheWrite = count(iteration, "cache_creation_input_tokens")
  const whole = uncached === undefined ? undefined : uncached + (cacheRead ?? 0) + (cacheWrite ?? 0)
  const reasoning = count(field(iteration, "output_tokens_details"), "thinking_tokens")
  return {
    inputTokens: { total: whole, uncached, cacheRead, cacheWrite },
    outputTokens: { total: count(iteration, "output_tokens"), reasoning },
  }
}

/**
 * Whether a retry is billed as if the conversation had been on its model all along: what it wrote to the cache as if it
 * had been read, as far as the model that declined had it in its cache. How far that is nobody reports.
 * https://platform.claude.com/docs/en/build-with-claude/fallback-credit
 */
export const hasCredit = (raw: Json | undefined): boolean =>
  text(field(field(raw, "fallback_credit"), "status"), "type") === "redeemed"
