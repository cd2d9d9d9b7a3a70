/**
 * From what the caller wants to the body of a request.
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { defined, record } from "@holdfast/core/provider/Json"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Refusals } from "@holdfast/core/provider/Refusals"
import { choiceOf } from "@holdfast/core/provider/ToolForms"
import { type Effect } from "effect"
import { Tool } from "effect/ai"

import { familyOf } from "../family.ts"
import { type Settings } from "../settings.ts"
import { type MessagesBody } from "../transport.ts"
import { cacheControlOf, marked, refuseBreakpoints } from "./cache.ts"
import { refuseSettings } from "./limits.ts"
import { messagesOf } from "./messages.ts"
import { refusePromptOptions } from "./promptLimits.ts"
import { thinkingFor } from "./thinking.ts"
import { describe, strictByDefault } from "./tools.ts"

export interface RequestInput {
  readonly provider: string
  readonly model: string
  readonly apiVersion: string
  readonly settings: Settings
  readonly request: ProviderModel.ProviderRequest
}

/** The body, or the option that stands in its way. */
export const messagesBody = (input: RequestInput): Effect.Effect<MessagesBody, ProviderModel.ProviderFailure> => {
  const { apiVersion, model, provider, request, settings } = input
  const { prompt, toolChoice, tools } = request.options
  const refusals = new Refusals(provider, model)
  const maxOutputTokens = settings.maxOutputTokens ?? defaultMaxTokens(model, settings)
  const structured = request.jsonSchema !== undefined
  const choice = toolChoiceOf(toolChoice, tools, settings)
  const forcedTool = tools.length > 0 && (choice.type === "any" || choice.type === "tool")
  refuseSettings({ model, apiVersion, settings, maxOutputTokens, forcedTool, structured }, refusals)
  const thinking = thinkingFor(model, settings)
  refusePromptOptions(prompt, refusals)
  const { messages, system, unthinking } = messagesOf(prompt, { model, tools, structured, thinking, refusals })
  if (messages.length === 0 && settings.extra === undefined) refusals.option("prompt", emptyPrompt)
  const toolFields = tools.length === 0 ? undefined : { tools: toolsOf(tools, settings, refusals), tool_choice: choice }
  const automatic = cacheControlOf(settings.cachePrompt)
  refuseBreakpoints([...(toolFields?.tools ?? []), ...system, ...messages], automatic, refusals)
  return refusals.check({
    ...modelSettings(unthinking ? { ...settings, thinking: undefined } : settings),
    ...outputSettings(request, settings),
    ...toolFields,
    ...(system.length === 0 ? undefined : { system }),
    ...marked(automatic),
    messages,
    max_tokens: maxOutputTokens,
    ...settings.extra,
    model,
  })
}

const emptyPrompt = "it says nothing that the model could answer; add a user's message"

const unknownModel = 4096
const usual = 16_000
const great = 64_000

// Thinking counts too, so a budget comes on top, and a great effort needs more.
const defaultMaxTokens = (model: string, { effort, thinking }: Settings): number => {
  const family = familyOf(model)
  const answer = effort === "xhigh" || effort === "max" ? great : usual
  const budget = thinking?.mode === "enabled" ? thinking.budgetTokens : 0
  return family === undefined ? unknownModel + budget : Math.min(answer + budget, family.maxOutputTokens)
}

const modelSettings = (settings: Settings) =>
  defined({
    temperature: settings.temperature,
    top_p: settings.topP,
    top_k: settings.topK,
    stop_sequences: settings.stopSequences?.length ? [...settings.stopSequences] : undefined,
    thinking: thinkingOf(settings),
    service_tier: settings.serviceTier,
    speed: settings.speed,
    inference_geo: settings.inferenceGeo,
    metadata: settings.userId === undefined ? undefined : { user_id: settings.userId },
    container: settings.container,
  })

const thinkingOf = ({ thinking }: Settings): Anthropic.ThinkingConfigParam | undefined => {
  if (thinking === undefined) return undefined
  switch (thinking.mode) {
    case "adaptive":
      return { type: "adaptive", ...defined({ display: thinking.display }) }
    case "enabled":
      return { type: "enabled", budget_tokens: thinking.budgetTokens, ...defined({ display: thinking.display }) }
    default:
      return { type: thinking.mode }
  }
}

const outputSettings = ({ jsonSchema }: ProviderModel.ProviderRequest, { effort }: Settings) => {
  const format = jsonSchema === undefined ? undefined : { type: "json_schema" as const, schema: { ...jsonSchema } }
  return format === undefined && effort === undefined ? undefined : { output_config: defined({ effort, format }) }
}

const mostStrictTools = 20

const toolsOf = (
  tools: ReadonlyArray<Tool.Any>,
  { cacheTools, strictTools }: Settings,
  refusals: Refusals,
): Array<Anthropic.ToolUnion> => {
  const sent = tools.map((tool) => toolOf(tool, strictTools, refusals))
  const strict = sent.filter((tool) => "strict" in tool && tool.strict).length
  if (strict > mostStrictTools) {
    refusals.option("strictTools", `a request takes ${mostStrictTools} strict tools, and ${strict} are; make some lax`)
  }
  const control = cacheControlOf(cacheTools)
  const last = sent.at(-1)
  if (control !== undefined && last !== undefined) sent[sent.length - 1] = { ...last, cache_control: control }
  return sent
}

const toolOf = (tool: Tool.Any, strictTools: boolean | undefined, refusals: Refusals): Anthropic.ToolUnion => {
  if (Tool.isProviderDefined(tool)) return definedTool(tool as Tool.AnyProviderDefined, refusals)
  const { description, name, parameters, strict } = describe(tool, strictByDefault(strictTools), refusals)
  if (!/^[\w-]{1,128}$/.test(name)) {
    refusals.option(`tools.${name}`, "a name has letters, digits, underscores and dashes, 128 in all; rename it")
  }
  if (parameters["type"] !== "object") {
    refusals.schema(name, new Error("its parameters must be one object, not a union of several"))
  }
  return {
    name,
    input_schema: parameters as Anthropic.Tool.InputSchema,
    ...defined({ description, strict: strict ? true : undefined }),
  }
}

const definedTool = (tool: Tool.AnyProviderDefined, refusals: Refusals): Anthropic.ToolUnion => {
  if (!tool.id.startsWith("anthropic.")) {
    refusals.option(`tools.${tool.name}`, `"${tool.id}" is another provider's tool; leave it out of the toolkit`)
  }
  const type = tool.id.replace(/^anthropic\./, "")
  const { failureMode: _, ...args } = record(tool.args) ?? {}
  // The arguments may name another version of the tool.
  return { type, name: tool.providerName, ...args }
}

const toolChoiceOf = (
  toolChoice: unknown,
  tools: ReadonlyArray<Tool.Any>,
  { parallelToolCalls }: Settings,
): Anthropic.ToolChoice => {
  const choice = choiceOf(toolChoice)
  const parallel = parallelToolCalls === undefined ? undefined : { disable_parallel_tool_use: !parallelToolCalls }
  if ("tool" in choice) {
    const tool = tools.find(({ name }) => name === choice.tool)
    const name = tool !== undefined && Tool.isProviderDefined(tool) ? tool.providerName : choice.tool
    return { type: "tool", name, ...parallel }
  }
  switch (choice.mode) {
    case "none":
      return { type: "none" }
    case "required":
      return { type: "any", ...parallel }
    default:
      return { type: "auto", ...parallel }
  }
}
