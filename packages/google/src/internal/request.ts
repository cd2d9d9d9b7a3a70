import type { GenerateContentConfig } from "@google/genai/web"
/**
 * From what the caller wants to a request for content.
 */
import { defined } from "@holdfast/core/provider/Json"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Refusals } from "@holdfast/core/provider/Refusals"
import { type Effect } from "effect"

import { type Family, familyOf, isFrom } from "./family.ts"
import { contentsOf } from "./messages.ts"
import { type Settings, type ThinkingSettings } from "./settings.ts"
import { toolConfig } from "./toolConfig.ts"
import { type ContentBody } from "./transport.ts"

export interface RequestInput {
  readonly provider: string
  readonly model: string
  readonly settings: Settings
  readonly request: ProviderModel.ProviderRequest
}

/** The body, or the option that stands in its way. */
export const contentBody = (input: RequestInput): Effect.Effect<ContentBody, ProviderModel.ProviderFailure> => {
  const { model, provider, request, settings } = input
  const refusals = new Refusals(provider, model)
  refuseSettings(model, settings, refusals)
  const { contents, systemInstruction } = contentsOf(request.options.prompt, { model, refusals })
  const tools = toolConfig({
    model,
    tools: request.options.tools,
    toolChoice: request.options.toolChoice,
    strict: settings.strictTools,
    structured: request.jsonSchema !== undefined,
    refusals,
  })
  const own = { ...defined({ systemInstruction }), ...tools }
  if (settings.cachedContent !== undefined && Object.keys(own).length > 0) {
    const explanation = "it holds system messages and tools itself; put them into the cache, or leave it out"
    refusals.option("cachedContent", explanation)
  }
  // The SDK wants its own enumerations for what are plain names.
  const config: unknown = { ...modelSettings(settings), ...own, ...formatSettings(request), ...settings.extra }
  return refusals.check({ model, contents, config: config as GenerateContentConfig })
}

const refuseSettings = (model: string, settings: Settings, refusals: Refusals): void => {
  refuseThinking(model, settings.thinking ?? {}, refusals)
  for (const option of ["presencePenalty", "frequencyPenalty"] as const) {
    if (isFrom(model, 2.5) && (settings[option] ?? 0) !== 0) {
      refusals.option(option, "Gemini has no penalties from 2.5 on; leave it out")
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

const modelSettings = (settings: Settings) => {
  const { labels, mediaResolution, responseModalities, safetySettings, stopSequences } = settings
  return defined({
    temperature: settings.temperature,
    topP: settings.topP,
    topK: settings.topK,
    maxOutputTokens: settings.maxOutputTokens,
    stopSequences: stopSequences && [...stopSequences],
    seed: settings.seed,
    presencePenalty: settings.presencePenalty,
    frequencyPenalty: settings.frequencyPenalty,
    thinkingConfig: settings.thinking && thinkingConfig(settings.thinking),
    safetySettings: safetySettings?.map(({ category, threshold }) => ({ category, threshold })),
    cachedContent: settings.cachedContent,
    mediaResolution: mediaResolution && `MEDIA_RESOLUTION_${mediaResolution.toUpperCase()}`,
    responseModalities: responseModalities?.map((modality) => modality.toUpperCase()),
    serviceTier: settings.serviceTier,
    labels: labels && { ...labels },
  })
}

const thinkingConfig = ({ budget, includeThoughts, level }: ThinkingSettings) =>
  defined({ thinkingLevel: level?.toUpperCase(), thinkingBudget: budget, includeThoughts })

const formatSettings = ({ jsonSchema }: ProviderModel.ProviderRequest) =>
  jsonSchema === undefined ? undefined : { responseMimeType: "application/json", responseJsonSchema: jsonSchema }
