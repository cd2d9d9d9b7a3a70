/**
 * Tokens and costs as Langfuse adds them up: each token in one class only.
 *
 * OpenTelemetry's `input_tokens` include cached ones. Langfuse would add both, so it is told exclusive classes in its own attributes.
 */
import { type TracedAttempt } from "../../CallTrace.ts"
import { tokensOf } from "../trace/facts.ts"

/** `undefined` where the provider reported nothing. */
export const usageDetails = ({ attempt }: TracedAttempt): string | undefined => {
  const { cacheRead = 0, cacheWrite = 0, input, output, reasoning = 0 } = tokensOf(attempt)
  if (input === undefined && output === undefined) return undefined
  const cached = Math.min(cacheRead + cacheWrite, input ?? 0)
  const details = {
    input: (input ?? 0) - cached,
    ...(cacheRead > 0 && { input_cached_tokens: Math.min(cacheRead, cached) }),
    ...(cacheWrite > 0 && { input_cache_creation: cached - Math.min(cacheRead, cached) }),
    output: (output ?? 0) - Math.min(reasoning, output ?? 0),
    ...(reasoning > 0 && { output_reasoning_tokens: Math.min(reasoning, output ?? 0) }),
    total: (input ?? 0) + (output ?? 0),
  }
  return JSON.stringify(details)
}

/** Dollars by class, and in all. `undefined` where the model has no price, so that Langfuse may use its own. */
export const costDetails = ({ charge }: TracedAttempt): string | undefined => {
  if (charge.basis === "unpriced") return undefined
  const amounts = new Map<string, bigint>()
  for (const [name, amount] of Object.entries(charge.amounts)) {
    const key = names[name] ?? name
    amounts.set(key, (amounts.get(key) ?? 0n) + amount)
  }
  const entries = [...amounts, ["total", charge.cost] as const]
  // Written as they are: a double would be rounded before it is a number of JSON.
  return `{${entries.map(([key, amount]) => `${JSON.stringify(key)}:${decimal(amount)}`).join(",")}}`
}

const names: Readonly<Record<string, string>> = {
  audioInput: "input_audio_tokens",
  imageInput: "input_image_tokens",
  cacheRead: "input_cached_tokens",
  audioCacheRead: "input_cached_audio_tokens",
  cacheWrite5m: "input_cache_creation",
  cacheWrite30m: "input_cache_creation",
  cacheWrite1h: "input_cache_creation",
  cacheWrite12h: "input_cache_creation",
  reasoning: "output_reasoning_tokens",
  audioOutput: "output_audio_tokens",
  imageOutput: "output_image_tokens",
  webSearch: "web_search",
}

const perDollar = 1_000_000_000_000n

const decimal = (amount: bigint): string => {
  const [sign, size] = amount < 0n ? ["-", 0n - amount] : ["", amount]
  const rest = String(size % perDollar)
    .padStart(12, "0")
    .replace(/0+$/, "")
  return `${sign}${size / perDollar}${rest === "" ? "" : "."}${rest}`
}
