/**
 * From what the caller wants to a request for content.
 */

import type { GenerateContentConfig } from "@google/genai/web"
import { defined } from "@holdfast/core/provider/Json"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Refusals } from "@holdfast/core/provider/Refusals"
import { type Effect } from "effect"

import { type Settings, type ThinkingSettings } from "../settings.ts"
import { type ContentBody } from "../transport.ts"
import { refuseSettings } from "./limits.ts"
import { contentsOf } from "./messages.ts"
import { refusePromptOptions } from "./promptLimits.ts"
import { toolConfig } from "./toolConfig.ts"

export interface RequestInput {
  readonly provider: string
  readonly model: string
  readonly settings: Settings
  readonly request: ProviderModel.ProviderRequest
}

/** The body, or the option that stands in its way. */
export const contentBody = (input: RequestInput): Effect.Effect<ContentBody, ProviderModel.RequestFailure> => {
  const { model, provider, request, settings } = input
  const refusals = new Refusals(provider, model)
  refuseSettings(model, settings, refusals)
  const { prompt } = request.options
  refusePromptOptions(prompt, refusals)
  const { contents, systemInstruction } = contentsOf(prompt, { model, refusals })
  if (contents.length === 0) refusals.option("prompt", emptyPrompt)
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

const emptyPrompt = "it says nothing that the model could answer; add a user's message"

const modelSettings = (settings: Settings) => {
  const { labels, mediaResolution, responseModalities, safetySettings, stopSequences } = settings
  return defined({
    temperature: settings.temperature,
    topP: settings.topP,
    topK: settings.topK,
    maxOutputTokens: settings.maxOutputTokens,
    stopSequences: stopSequences?.length ? [...stopSequences] : undefined,
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
