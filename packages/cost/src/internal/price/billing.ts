/**
 * From what a vendor reported to what it bills, class by class, each token in one class only.
 */

import { count, field, type Json, list, record, text } from "@holdfast/core/provider/Json"
import { type Response } from "effect/ai"

import { anyMalformed, inputIsMalformed, outputIsMalformed } from "./counts.ts"

/** What a vendor bills apart: tokens by kind, and below them what is billed otherwise. */
export const classes = [
  "input",
  "audioInput",
  "imageInput",
  "cacheRead",
  "audioCacheRead",
  "cacheWrite5m",
  "cacheWrite30m",
  "cacheWrite1h",
  "cacheWrite12h",
  "output",
  "reasoning",
  "audioOutput",
  "imageOutput",
  "webSearch",
  "characters",
  "seconds",
  "images",
  "requests",
] as const

export type BilledClass = (typeof classes)[number]

export type CacheTtl = "5m" | "30m" | "1h" | "12h"

export interface Billed {
  /** Classes of which there is none are left out. */
  readonly quantities: Readonly<Partial<Record<BilledClass, number>>>
  /** All of the prompt, whichever way it was billed. A tier is chosen by it. */
  readonly promptTokens: number
  /** What the vendor did not say. */
  readonly unknown: ReadonlyArray<"input" | "output">
}

export type Usage = typeof Response.Usage.Encoded

/** The vendor's own usage among the metadata of a `finish` part. */
export const rawUsage = (metadata: Readonly<Record<string, unknown>> | undefined): Json | undefined => {
  for (const key in metadata) {
    const usage = record(field(metadata[key], "usage"))
    if (usage !== undefined) return usage
  }
  return undefined
}

/** The vendor's word for how a request was served. */
export const statedTier = (metadata: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  for (const key in metadata) {
    const tier = text(metadata[key], "serviceTier")
    if (tier !== undefined) return tier
  }
  return undefined
}

/** What is known of an answer beside its usage. */
export interface Reported {
  readonly usage: Usage | undefined
  readonly raw: Json | undefined
  /** The lifetime of cache writes that have none. */
  readonly unsplit: CacheTtl
  /** Whether anything of an answer was delivered; `undefined` if that is not known. */
  readonly hasContent: boolean | undefined
}

export const billedTokens = ({ hasContent, raw, unsplit, usage }: Reported): Billed => {
  const quantities: Partial<Record<BilledClass, number>> = {}
  const input = usage?.inputTokens
  const output = usage?.outputTokens
  const promptTokens = inputTotal(input, raw)
  const answerTokens = outputTotal(output, raw, promptTokens === undefined || hasContent === true)
  if (promptTokens !== undefined) addInput(quantities, { total: promptTokens, usage: input, raw, unsplit })
  if (answerTokens !== undefined) addOutput(quantities, answerTokens, { usage: output, raw })
  return { quantities, promptTokens: promptTokens ?? 0, unknown: unknownOf(promptTokens, answerTokens) }
}

const none: ReadonlyArray<never> = []

const unknownOf = (input: number | undefined, output: number | undefined): Billed["unknown"] => {
  if (input !== undefined) return output === undefined ? ["output"] : none
  return output === undefined ? ["input", "output"] : ["input"]
}

const inputParts = ["uncached", "cacheRead", "cacheWrite"]

const outputParts = ["text", "reasoning"]

// No prompt is empty: servers that do not count send zeros.
const inputTotal = (counts: unknown, raw: Json | undefined): number | undefined => {
  if (anyMalformed(counts, ["total", ...inputParts]) || inputIsMalformed(raw)) return undefined
  const all = total(counts, inputParts)
  if (all === 0) return undefined
  return exceeds(all, count(counts, "cacheRead"), count(counts, "cacheWrite")) ? undefined : all
}

// An answer may be empty, but not beside content, and a zero says nothing where the prompt's count says nothing.
const outputTotal = (counts: unknown, raw: Json | undefined, zeroIsUnknown: boolean): number | undefined => {
  if (anyMalformed(counts, ["total", ...outputParts]) || outputIsMalformed(raw)) return undefined
  const all = total(counts, outputParts)
  if (all === 0 && zeroIsUnknown) return undefined
  return exceeds(all, count(counts, "reasoning")) ? undefined : all
}

/** Whether the parts are more than the whole: some of the counts are wrong, and nothing says which. */
const exceeds = (whole: number | undefined, ...parts: ReadonlyArray<number | undefined>): boolean =>
  whole !== undefined && parts.reduce<number>((sum, part) => sum + (part ?? 0), 0) > whole

// A total that was not reported is the sum of its parts, and unknown if there is none of them either.
const total = (counts: unknown, parts: ReadonlyArray<string>): number | undefined => {
  const stated = count(counts, "total")
  if (stated !== undefined) return stated
  let sum: number | undefined
  for (const part of parts) {
    const known = count(counts, part)
    if (known !== undefined) sum = (sum ?? 0) + known
  }
  return sum === undefined || Number.isSafeInteger(sum) ? sum : undefined
}

type Quantities = Partial<Record<BilledClass, number>>

interface Input {
  readonly total: number
  readonly usage: unknown
  readonly raw: Json | undefined
  readonly unsplit: CacheTtl
}

// What is not said to come from a cache or to go into one is plain input.
const addInput = (into: Quantities, { raw, total: all, unsplit, usage }: Input): void => {
  const read = count(usage, "cacheRead") ?? 0
  const written = count(usage, "cacheWrite") ?? 0
  const audioRead = Math.min(modality(raw, "cacheTokensDetails", "AUDIO"), read)
  const imageRead = Math.min(modality(raw, "cacheTokensDetails", "IMAGE"), read - audioRead)
  const fresh = Math.max(all - read - written, 0)
  // Which of the cached tokens are audio only Google says. Elsewhere the audio is taken to be the part that was not
  // cached.
  const audio = Math.min(Math.max(inputOf(raw, "audio", "AUDIO") - audioRead, 0), fresh)
  const image = Math.min(Math.max(inputOf(raw, "image", "IMAGE") - imageRead, 0), fresh - audio)
  put(into, "input", fresh - audio - image)
  put(into, "audioInput", audio)
  put(into, "imageInput", image)
  put(into, "cacheRead", read - audioRead)
  put(into, "audioCacheRead", audioRead)
  if (written > 0) addWrites(into, written, { raw, unsplit })
}

const addWrites = (
  into: Quantities,
  written: number,
  { raw, unsplit }: { readonly raw: Json | undefined; readonly unsplit: CacheTtl },
): void => {
  const anthropic = record(field(raw, "cache_creation"))
  const openAi = record(field(promptDetails(raw), "cache_write_tokens_details"))
  let rest = written
  const take = (ttl: CacheTtl, tokens = 0): void => {
    const known = Math.min(tokens, rest)
    rest -= known
    put(into, `cacheWrite${ttl}`, known)
  }
  take("12h", count(openAi, "ttl_12h_tokens"))
  take("1h", count(anthropic, "ephemeral_1h_input_tokens"))
  take("30m", count(openAi, "ttl_30m_tokens"))
  take("5m", count(anthropic, "ephemeral_5m_input_tokens"))
  put(into, `cacheWrite${unsplit}`, rest)
}

const addOutput = (
  into: Quantities,
  all: number,
  { raw, usage }: { readonly raw: Json | undefined; readonly usage: unknown },
): void => {
  const reasoning = count(usage, "reasoning") ?? 0
  const said = Math.max(all - reasoning, 0)
  const audio = Math.min(outputOf(raw, "audio", "AUDIO"), said)
  const image = Math.min(outputOf(raw, "image", "IMAGE"), said - audio)
  put(into, "output", said - audio - image)
  put(into, "reasoning", reasoning)
  put(into, "audioOutput", audio)
  put(into, "imageOutput", image)
}

const put = (into: Quantities, name: BilledClass, tokens: number): void => {
  if (tokens > 0) into[name] = (into[name] ?? 0) + tokens
}

const promptDetails = (raw: Json | undefined): unknown =>
  raw?.["input_tokens_details"] ?? raw?.["prompt_tokens_details"]

const outputDetails = (raw: Json | undefined): unknown =>
  raw?.["output_tokens_details"] ?? raw?.["completion_tokens_details"]

const inputOf = (raw: Json | undefined, openAi: "audio" | "image", google: string): number =>
  count(promptDetails(raw), `${openAi}_tokens`) ??
  modality(raw, "promptTokensDetails", google) + modality(raw, "toolUsePromptTokensDetails", google)

const outputOf = (raw: Json | undefined, openAi: "audio" | "image", google: string): number =>
  count(outputDetails(raw), `${openAi}_tokens`) ?? modality(raw, "candidatesTokensDetails", google)

/** The tokens of one kind of content as Google counts them. */
const modality = (raw: Json | undefined, key: string, name: string): number => {
  let sum = 0
  if (raw === undefined || raw[key] === undefined) return sum
  for (const each of list(raw, key)) if (field(each, "modality") === name) sum += count(each, "tokenCount") ?? 0
  return sum
}
