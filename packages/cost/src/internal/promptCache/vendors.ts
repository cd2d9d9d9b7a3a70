/**
 * How the providers' prompt caches work: what is marked, for how long, and how long a prefix has to be.
 */

import { type CacheTtl } from "../price/billing.ts"
import { undated, vendorOf } from "../price/modelName.ts"

export interface PromptCache {
  /** Shorter prefixes are silently not cached. In tokens. */
  readonly minimum: number
  /** Lifetimes that can be asked for, the usual one first. None where the provider decides by itself what it caches. */
  readonly lifetimes: ReadonlyArray<CacheTtl>
  /** The roles of messages that a prefix can be said to end with. */
  readonly roles: ReadonlyArray<"system" | "user" | "assistant" | "tool">
  /** The option of a message that ends a prefix. */
  readonly option: (ttl: CacheTtl) => Readonly<Record<string, unknown>>
}

export const promptCacheOf = ({
  model,
  provider,
}: {
  readonly provider: string
  readonly model: string
}): PromptCache => {
  if (provider === "anthropic") return { ...anthropic, minimum: minimums[undated(model) ?? model] ?? usualMinimum }
  if (provider === "openai") return /^gpt-(?:5\.[6-9]|[6-9])/.test(model) ? openAi : automatic(1_024)
  if (vendorOf(provider) === "google") return automatic(/^gemini-2\.[05]-flash/.test(model) ? 1_024 : 4_096)
  return automatic(provider === "deepseek" ? 64 : 1_024)
}

// https://platform.claude.com/docs/en/build-with-claude/prompt-caching. The models of 5.5 are taken to be like those of 5.
const minimums: Readonly<Record<string, number>> = {
  "claude-opus-5-5": 512,
  "claude-opus-5": 512,
  "claude-fable-5-1": 512,
  "claude-fable-5": 512,
  "claude-opus-4-7": 2_048,
  "claude-opus-4-6": 4_096,
  "claude-opus-4-5": 4_096,
  "claude-haiku-5-5": 4_096,
  "claude-haiku-4-5": 4_096,
  "claude-3-5-haiku": 2_048,
  "claude-3-haiku": 2_048,
}

const usualMinimum = 1_024

const anthropic: PromptCache = {
  minimum: usualMinimum,
  lifetimes: ["5m", "1h"],
  roles: ["system", "user", "assistant", "tool"],
  option: (ttl) => ({ cacheControl: { type: "ephemeral", ttl } }),
}

// https://developers.openai.com/api/docs/guides/prompt-caching: on gpt-5.6 and later, in what the system or the user says.
const openAi: PromptCache = {
  minimum: 1_024,
  lifetimes: ["30m", "12h"],
  roles: ["system", "user"],
  option: (ttl) => ({ promptCacheBreakpoint: { ttl } }),
}

const automatic = (minimum: number): PromptCache => ({ minimum, lifetimes: [], roles: [], option: () => ({}) })
