/**
 * What the vendor did beside the model, and bills by the call: searches and other tools that it runs itself.
 */

import { count, field, type Json, list, record } from "@holdfast/core/provider/Json"

import { isMalformed } from "./counts.ts"

export interface HostedTools {
  /** Searches with a price of their own. */
  readonly webSearches: number
  /** What was used and has no price in any list here. */
  readonly unpriced: ReadonlyArray<string>
}

// https://platform.claude.com/docs/en/about-claude/pricing: fetching costs nothing beyond its tokens.
const freeOfCharge = new Set(["web_search_requests", "web_fetch_requests"])

/** Records of counts by tool: Anthropic's, and those of xAI. */
const records = ["server_tool_use", "server_side_tool_usage", "server_side_tool_usage_details"]

/** Single counts: xAI's live search, Perplexity's searches. */
const counts = ["num_sources_used", "num_search_queries"]

export const hostedTools = (
  metadata: Readonly<Record<string, unknown>> | undefined,
  raw: Json | undefined,
): HostedTools => {
  const anthropic = field(raw, "server_tool_use")
  const unpriced: Array<string> = []
  if (isMalformed(anthropic, "web_search_requests") || searchedByGoogle(metadata)) unpriced.push("webSearch")
  for (const name of records) {
    const used = record(field(raw, name))
    for (const tool in used) if (!freeOfCharge.has(tool) && isUsed(used, tool)) unpriced.push(tool)
  }
  for (const name of counts) if (isUsed(raw, name)) unpriced.push(name)
  return { webSearches: count(anthropic, "web_search_requests") ?? 0, unpriced }
}

const isUsed = (value: unknown, key: string): boolean => (count(value, key) ?? 0) > 0 || isMalformed(value, key)

// How many searches are free depends on what else was searched on that day or in that month.
const searchedByGoogle = (metadata: Readonly<Record<string, unknown>> | undefined): boolean =>
  list(field(metadata?.["google"], "groundingMetadata"), "webSearchQueries").length > 0
