/**
 * From what the caller wants to the body of a request to the Responses API.
 */

import { defined } from "@holdfast/core/provider/Json"
import { isStrict } from "@holdfast/core/provider/JsonSchemas"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Refusals } from "@holdfast/core/provider/Refusals"
import { choiceOf } from "@holdfast/core/provider/ToolForms"
import { type Effect } from "effect"
import { type Tool } from "effect/ai"
import type { OpenAI } from "openai"

import { familyOf } from "../family.ts"
import { formatName } from "../request/formatName.ts"
import { refuseOpenAi, refuseRanges, refuseToolName } from "../request/limits.ts"
import { refusePromptOptions } from "../request/promptLimits.ts"
import { describe } from "../request/tools.ts"
import { type ResponsesSettings } from "../settings.ts"
import { type ResponsesBody } from "../transport.ts"
import { inputItems } from "./messages.ts"

export interface RequestInput {
  readonly provider: string
  /** Under which name options of the prompt stand, if not under the provider's. */
  readonly optionKey?: string | undefined
  readonly model: string
  readonly settings: ResponsesSettings
  readonly request: ProviderModel.ProviderRequest
  /** Whether someone remembers response ids in order to continue from them. */
  readonly tracked: boolean
}

/** The body, or the option that stands in its way. */
export const responsesBody = (input: RequestInput): Effect.Effect<ResponsesBody, ProviderModel.RequestFailure> => {
  const { model, provider, request, settings } = input
  const refusals = new Refusals(provider, model)
  refuseSettings(model, settings, refusals)
  const store = settings.store ?? (input.tracked || request.options.previousResponseId !== undefined)
  const { incrementalPrompt, previousResponseId, prompt } = request.options
  // Only a stored response can be continued; otherwise the whole conversation is sent.
  const continued = store && previousResponseId !== undefined && incrementalPrompt !== undefined
  const conversation = { key: input.optionKey ?? provider, model, stored: store, continued, refusals }
  const sent = continued ? incrementalPrompt : prompt
  refusePromptOptions(sent, conversation)
  const items = inputItems(sent, conversation)
  if (items.length === 0 && !continued && settings.extra === undefined) refusals.option("prompt", emptyPrompt)
  const body: ResponsesBody = {
    ...modelSettings(model, settings),
    ...toolSettings(request.options.tools, request.options.toolChoice, settings, refusals),
    ...textSettings(request, settings),
    ...(continued ? { previous_response_id: previousResponseId } : undefined),
    input: items,
    store,
    ...settings.extra,
    model,
  }
  return refusals.check(body)
}

const emptyPrompt = "it says nothing that the model could answer; add a message"
// The API answers 400 to fewer: "integer below minimum value".
const leastOutputTokens = 16

const useChat = "the Responses API does not have it; leave it out, or use OpenAiLanguageModel.chat"

const refuseSettings = (model: string, settings: ResponsesSettings, refusals: Refusals): void => {
  for (const option of ["stop", "seed", "frequencyPenalty", "presencePenalty"] as const) {
    if (settings[option] !== undefined) refusals.option(option, useChat)
  }
  refuseRanges(settings, leastOutputTokens, refusals)
  refuseOpenAi(model, settings, refusals)
}

const modelSettings = (model: string, settings: ResponsesSettings) =>
  defined({
    temperature: settings.temperature,
    top_p: settings.topP,
    max_output_tokens: settings.maxOutputTokens,
    reasoning: settings.reasoning === undefined ? undefined : defined(settings.reasoning),
    include: included(model, settings),
    truncation: settings.truncation,
    service_tier: settings.serviceTier,
    prompt_cache_key: settings.promptCacheKey,
    prompt_cache_options: settings.promptCacheOptions === undefined ? undefined : defined(settings.promptCacheOptions),
    safety_identifier: settings.safetyIdentifier,
    metadata: settings.metadata === undefined ? undefined : { ...settings.metadata },
  })

// Encrypted reasoning lets a conversation go on without anything being stored. Other models refuse to be asked for it.
const included = (model: string, settings: ResponsesSettings) => {
  const thinks = familyOf(model).reasoning || settings.reasoning !== undefined
  const include = new Set(settings.include)
  if (thinks && settings.reasoning?.effort !== "none") include.add("reasoning.encrypted_content")
  return include.size === 0 ? undefined : [...include]
}

const textSettings = (request: ProviderModel.ProviderRequest, { verbosity }: ResponsesSettings) => {
  const { responseFormat } = request.options
  const format =
    request.jsonSchema === undefined || responseFormat.type === "text"
      ? undefined
      : {
          type: "json_schema" as const,
          name: formatName(responseFormat.objectName),
          schema: request.jsonSchema,
          strict: isStrict(request.jsonSchema),
        }
  return format === undefined && verbosity === undefined ? undefined : { text: defined({ format, verbosity }) }
}

const toolSettings = (
  tools: ReadonlyArray<Tool.Any>,
  toolChoice: unknown,
  { parallelToolCalls, strictTools }: ResponsesSettings,
  refusals: Refusals,
) => {
  if (tools.length === 0) return undefined
  const parallel = parallelToolCalls === undefined ? undefined : { parallel_tool_calls: parallelToolCalls }
  return {
    tools: tools.map((tool) => toolOf(tool, strictTools, refusals)),
    tool_choice: toolChoiceOf(toolChoice, tools),
    ...parallel,
  }
}

const isProvided = (tool: Tool.Any): tool is Tool.AnyProviderDefined => "providerName" in tool

const toolOf = (tool: Tool.Any, strictTools: boolean | undefined, refusals: Refusals): OpenAI.Responses.Tool => {
  if (!isProvided(tool)) return { type: "function", ...describeFunction(tool, strictTools, refusals) }
  if (!tool.id.startsWith("openai.")) {
    refusals.option(`tools.${tool.name}`, `"${tool.id}" is another provider's tool; leave it out of the toolkit`)
  }
  return { ...(tool.args as object), type: tool.providerName } as unknown as OpenAI.Responses.Tool
}

const longestToolName = 128

const describeFunction = (tool: Tool.Any, strictTools: boolean | undefined, refusals: Refusals) => {
  refuseToolName(tool, longestToolName, refusals)
  const { description, name, parameters, strict } = describe(tool, strictTools, refusals)
  return { name, parameters, strict, ...(description === undefined ? undefined : { description }) }
}

const toolChoiceOf = (
  toolChoice: unknown,
  tools: ReadonlyArray<Tool.Any>,
): NonNullable<ResponsesBody["tool_choice"]> => {
  const choice = choiceOf(toolChoice)
  if ("mode" in choice) return choice.mode
  const tool = tools.find(({ name }) => name === choice.tool)
  if (tool === undefined || !isProvided(tool)) return { type: "function", name: choice.tool }
  const type = choosable.find((known) => known === tool.providerName)
  // Tools that cannot be named can still be the only ones allowed.
  return type === undefined
    ? { type: "allowed_tools", mode: "required", tools: [{ type: tool.providerName }] }
    : { type }
}

const choosable = ["file_search", "image_generation", "code_interpreter", "mcp", "web_search_preview"] as const
