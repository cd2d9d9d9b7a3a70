/**
 * Which settings OpenAI's API, or a model, cannot take. Told before any request, instead of by a 400.
 */

import { between, refuseNumbers, wholeFrom } from "@holdfast/core/provider/Ranges"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { type Tool } from "effect/ai"

import { effortProblem, familyOf, samplingProblem } from "../family.ts"
import { type Settings } from "../settings.ts"
import { withoutBreakpoints } from "./promptLimits.ts"

const ranges = {
  temperature: between(0, 2),
  topP: between(0, 1),
  frequencyPenalty: between(-2, 2),
  presencePenalty: between(-2, 2),
  seed: wholeFrom(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
}

/** Refuses numbers that make no sense to any server. */
export const refuseRanges = (settings: Settings, leastOutputTokens: number, refusals: Refusals): void =>
  refuseNumbers({ ...settings }, { ...ranges, maxOutputTokens: wholeFrom(leastOutputTokens) }, refusals)

const longestIdentifier = 128

/** Refuses what OpenAI's models, as far as their names tell, or both of its APIs refuse. */
export const refuseOpenAi = (model: string, settings: Settings, refusals: Refusals): void => {
  const { effort } = settings.reasoning ?? {}
  const family = familyOf(model)
  const sampling = samplingProblem(model, effort)
  for (const option of ["temperature", "topP"] as const) {
    if (sampling !== undefined && settings[option] !== undefined) refusals.option(option, sampling)
  }
  const thinking = effortProblem(model, effort)
  if (thinking !== undefined) refusals.option("reasoning.effort", thinking)
  if (family.neverReasoning && settings.reasoning?.summary !== undefined) {
    refusals.option("reasoning.summary", "the model does not think; leave it out")
  }
  if (family.neverReasoning && settings.verbosity !== undefined && settings.verbosity !== "medium") {
    refusals.option("verbosity", "the model has no setting for the length of its answers; leave it out")
  }
  if (family.breakpoints === false && settings.promptCacheOptions !== undefined) {
    refusals.option("promptCacheOptions", withoutBreakpoints)
  }
  if ((settings.safetyIdentifier ?? "").length > longestIdentifier) {
    refusals.option("safetyIdentifier", `it may have ${longestIdentifier} characters; send a hash of it`)
  }
  refuseMetadata(settings.metadata ?? {}, refusals)
}

const mostPairs = 16
const longestKey = 64
const longestValue = 512

const refuseMetadata = (metadata: Readonly<Record<string, string>>, refusals: Refusals): void => {
  const pairs = Object.entries(metadata)
  const fits = pairs.every(([key, value]) => key.length <= longestKey && value.length <= longestValue)
  if (fits && pairs.length <= mostPairs) return
  const rule = `it may have ${mostPairs} fields, with names of ${longestKey} characters and values of ${longestValue}`
  refusals.option("metadata", rule)
}

/** Refuses names of functions that OpenAI does not take. */
export const refuseToolName = ({ name }: Tool.Any, longest: number, refusals: Refusals): void => {
  if (/^[\w-]+$/.test(name) && name.length <= longest) return
  refusals.option(`tools.${name}`, `a name has letters, digits, underscores and dashes, ${longest} in all; rename it`)
}
