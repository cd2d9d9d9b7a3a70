/**
 * Which settings Gemini's API, or a model, cannot take. Told before any request, instead of by a 400.
 */

import { between, refuseNumbers, refuseStops, wholeFrom } from "@holdfast/core/provider/Ranges"
import { type Refusals } from "@holdfast/core/provider/Refusals"

import { type Family, familyOf, isFrom } from "../family.ts"
import { type Settings, type ThinkingSettings } from "../settings.ts"

const ranges = {
  temperature: between(0, 2),
  topP: between(0, 1),
  topK: wholeFrom(1),
  maxOutputTokens: wholeFrom(1),
  presencePenalty: between(-2, 2),
  frequencyPenalty: between(-2, 2),
  seed: wholeFrom(-(2 ** 31), 2 ** 31 - 1),
}

const mostStops = 5

/** Refuses the settings that cannot be taken. */
export const refuseSettings = (model: string, settings: Settings, refusals: Refusals): void => {
  refuseNumbers({ ...settings }, ranges, refusals)
  refuseStops("stopSequences", settings.stopSequences ?? [], mostStops, refusals)
  refuseThinking(model, settings.thinking ?? {}, refusals)
  for (const option of ["presencePenalty", "frequencyPenalty"] as const) {
    if (isFrom(model, 2.5) && (settings[option] ?? 0) !== 0) {
      refusals.option(option, "Gemini has no penalties from 2.5 on; leave it out")
    }
  }
  for (const { category } of settings.safetySettings ?? []) {
    if (/^HARM_CATEGORY_(?:IMAGE_|JAILBREAK)/.test(category)) {
      refusals.option("safetySettings", `${category} is only for the Agent Platform; leave it out`)
    }
  }
}

const refuseThinking = (model: string, thinking: ThinkingSettings, refusals: Refusals): void => {
  const { budget, level } = thinking
  const family = familyOf(model)
  if (level !== undefined && budget !== undefined) {
    refusals.option("thinking.budget", "it does not go together with thinking.level; leave one of them out")
  }
  if (level !== undefined && family.levels?.includes(level) === false) {
    const instead =
      family.levels.length > 0 ? `choose one of ${family.levels.join(", ")}` : otherThinking(family.budget)
    refusals.option("thinking.level", `"${level}" is not among its levels; ${instead}`)
  }
  if (thinking.includeThoughts === true && family.budget === "none" && family.levels?.length === 0) {
    refusals.option("thinking.includeThoughts", "it does not think; leave it out")
  }
  const problem = budget === undefined ? undefined : budgetProblem(budget, family)
  if (problem !== undefined) refusals.option("thinking.budget", problem)
}

const otherThinking = (budget: Family["budget"]): string =>
  budget === "none" ? "it does not think; leave it out" : "use thinking.budget"

const budgetProblem = (budget: number, { budget: known, levels }: Family): string | undefined => {
  if (known === undefined) return undefined
  if (known === "none") {
    return levels?.length === 0 ? "it does not think; leave it out" : "it thinks by level; use thinking.level"
  }
  if (budget === -1) return undefined
  if (budget === 0) return known.off ? undefined : "it always thinks; leave it out, or use another model"
  const fits = Number.isInteger(budget) && budget >= known.least && budget <= known.most
  return fits ? undefined : `${budget} is not a whole number from ${known.least} to ${known.most}, nor -1`
}
