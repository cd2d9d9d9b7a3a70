/**
 * From what the caller wants to the body of a Chat Completions request.
 */

import { defined } from "@holdfast/core/provider/Json"
import { isStrict } from "@holdfast/core/provider/JsonSchemas"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { refuseStops } from "@holdfast/core/provider/Ranges"
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
import { type ChatSettings } from "../settings.ts"
import { type ChatBody } from "../transport.ts"
import { type Dialect } from "./dialect.ts"
import { messagesOf } from "./messages.ts"

export interface RequestInput {
  readonly provider: string
  /** Under which name options of the prompt stand, if not under the provider's. */
  readonly optionKey?: string | undefined
  readonly model: string
  readonly dialect: Dialect
  readonly settings: ChatSettings
  readonly request: ProviderModel.ProviderRequest
}

/** The body, or the option that stands in its way. */
export const chatBody = (input: RequestInput): Effect.Effect<ChatBody, ProviderModel.RequestFailure> => {
  const { dialect, model, provider, request, settings } = input
  const refusals = new Refusals(provider, model)
  refuseSettings(input, refusals)
  const { prompt } = request.options
  if (dialect.isOpenAi) refusePromptOptions(prompt, { key: input.optionKey ?? provider, model, refusals })
  const messages = messagesOf(prompt, { key: input.optionKey ?? provider, model, dialect, refusals })
  if (messages.length === 0 && settings.extra === undefined) refusals.option("prompt", emptyPrompt)
  const body: ChatBody = {
    ...modelSettings(settings, dialect),
    ...toolSettings(request.options.tools, request.options.toolChoice, settings, dialect, refusals),
    ...formatSettings(request, dialect),
    messages: [...schemaInWords(request, dialect), ...messages],
    ...settings.extra,
    model,
  }
  return refusals.check(body)
}

const emptyPrompt = "it says nothing that the model could answer; add a message"
const mostStops = 4

const refuseSettings = ({ dialect, model, settings }: RequestInput, refusals: Refusals): void => {
  for (const [option, explanation] of Object.entries(dialect.unsupported)) {
    if (settings[option as keyof ChatSettings] !== undefined) refusals.option(option, explanation)
  }
  if (settings.reasoning?.summary !== undefined) {
    const instead = dialect.isOpenAi ? "use OpenAiLanguageModel.model" : "leave it out"
    refusals.option("reasoning.summary", `Chat Completions has no summaries of reasoning; ${instead}`)
  }
  refuseRanges(settings, 1, refusals)
  refuseStops("stop", stopsOf(settings), dialect.isOpenAi ? mostStops : Infinity, refusals)
  if (!dialect.isOpenAi) return
  refuseOpenAi(model, settings, refusals)
  if (!familyOf(model).alwaysReasoning) return
  for (const option of ["stop", "frequencyPenalty", "presencePenalty"] as const) {
    if (settings[option] !== undefined) refusals.option(option, "reasoning models do not take it; leave it out")
  }
}

const stopsOf = ({ stop }: ChatSettings): ReadonlyArray<string> => (typeof stop === "string" ? [stop] : (stop ?? []))

const modelSettings = (settings: ChatSettings, dialect: Dialect) => {
  const { metadata, promptCacheOptions, reasoning, stop } = settings
  const effort = reasoning?.effort
  return defined({
    temperature: settings.temperature,
    top_p: settings.topP,
    [dialect.maxTokensField]: settings.maxOutputTokens,
    [dialect.seedField]: settings.seed,
    // An empty list stops nothing, and is refused.
    stop: typeof stop === "string" ? stop : stop?.length ? [...stop] : undefined,
    frequency_penalty: settings.frequencyPenalty,
    presence_penalty: settings.presencePenalty,
    reasoning_effort: dialect.nestsReasoning ? undefined : effort,
    reasoning: dialect.nestsReasoning && effort !== undefined ? { effort } : undefined,
    verbosity: settings.verbosity,
    service_tier: settings.serviceTier as ChatBody["service_tier"],
    prompt_cache_key: settings.promptCacheKey,
    prompt_cache_options: promptCacheOptions === undefined ? undefined : defined(promptCacheOptions),
    safety_identifier: settings.safetyIdentifier,
    metadata: metadata === undefined ? undefined : { ...metadata },
    store: settings.store,
  })
}

const formatSettings = ({ jsonSchema, options }: ProviderModel.ProviderRequest, dialect: Dialect) => {
  if (jsonSchema === undefined || options.responseFormat.type === "text") return undefined
  if (!dialect.takesJsonSchema) return { response_format: { type: "json_object" as const } }
  const name = formatName(options.responseFormat.objectName)
  return {
    response_format: {
      type: "json_schema" as const,
      json_schema: { name, schema: jsonSchema, strict: isStrict(jsonSchema) },
    },
  }
}

const schemaInWords = (
  { jsonSchema }: ProviderModel.ProviderRequest,
  dialect: Dialect,
): ReadonlyArray<OpenAI.Chat.ChatCompletionMessageParam> =>
  jsonSchema === undefined || dialect.takesJsonSchema
    ? []
    : [
        {
          role: "system",
          content: `Answer with one JSON object and nothing else. It must fit this JSON schema: ${JSON.stringify(jsonSchema)}`,
        },
      ]

const unheard = `the server pays no heed to it; use "auto", and say in the prompt what to do`

const toolSettings = (
  tools: ReadonlyArray<Tool.Any>,
  toolChoice: unknown,
  settings: ChatSettings,
  dialect: Dialect,
  refusals: Refusals,
) => {
  if (tools.length === 0) return undefined
  if (!dialect.takesTools) {
    refusals.option("toolkit", "the server has no tools; leave it out")
    return undefined
  }
  const choice = choiceOf(toolChoice)
  if (!dialect.takesToolChoice) {
    if (!("mode" in choice) || choice.mode === "required") refusals.option("toolChoice", unheard)
    else if (choice.mode === "none") return undefined
  }
  const chosen = choiceIn(dialect, choice, tools, refusals)
  return {
    tools: chosen.tools.map((tool) => functionTool(tool, settings, dialect, refusals)),
    tool_choice: chosen.choice,
    ...defined({ parallel_tool_calls: settings.parallelToolCalls }),
  }
}

interface Chosen {
  readonly tools: ReadonlyArray<Tool.Any>
  readonly choice: OpenAI.Chat.ChatCompletionToolChoiceOption
}

/** The choice in the words that a server knows, for the same effect. */
const choiceIn = (
  dialect: Dialect,
  choice: ReturnType<typeof choiceOf>,
  tools: ReadonlyArray<Tool.Any>,
  refusals: Refusals,
): Chosen => {
  const named = (name: string) => ({ type: "function" as const, function: { name } })
  if (!("mode" in choice)) {
    if (dialect.namesTools) return { tools, choice: named(choice.tool) }
    return { tools: tools.filter(({ name }) => name === choice.tool), choice: "required" }
  }
  const [only, ...others] = tools
  if (choice.mode !== "required" || dialect.takesRequiredTool || only === undefined)
    return { tools, choice: choice.mode }
  if (others.length > 0) refusals.option("toolChoice", "the server can only be told which tool to call; name one")
  return { tools, choice: named(only.name) }
}

const longestToolName = 64

/** Whether tools are strict that do not say themselves; undefined where their schemas decide. */
export const strictTools = (settings: ChatSettings, dialect: Dialect): boolean | undefined =>
  settings.strictTools ?? (dialect.takesStrictTools ? undefined : false)

const functionTool = (
  tool: Tool.Any,
  settings: ChatSettings,
  dialect: Dialect,
  refusals: Refusals,
): OpenAI.Chat.ChatCompletionFunctionTool => {
  if ("providerName" in tool) {
    const explanation = "Chat Completions has no tools of the provider; use OpenAiLanguageModel.model, or leave it out"
    refusals.option(`tools.${tool.name}`, explanation)
  } else if (dialect.isOpenAi) refuseToolName(tool, longestToolName, refusals)
  const { description, name, parameters, strict } = describe(tool, strictTools(settings, dialect), refusals)
  const marked = strict || dialect.takesStrictTools ? { strict } : undefined
  return { type: "function", function: { name, parameters, ...defined({ description }), ...marked } }
}
