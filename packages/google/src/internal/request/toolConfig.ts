/**
 * From the caller's tools and tool choice to Gemini's.
 */

import type { FunctionDeclaration } from "@google/genai/web"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { type Choice, choiceOf } from "@holdfast/core/provider/ToolForms"
import { type Tool } from "effect/ai"

import { isBefore } from "../family.ts"
import { describe } from "./tools.ts"

export interface ToolInput {
  readonly model: string
  readonly tools: ReadonlyArray<Tool.Any>
  readonly toolChoice: unknown
  readonly strict: boolean | undefined
  /** Whether the answer is to be in a schema. */
  readonly structured: boolean
  readonly refusals: Refusals
}

interface Functions {
  readonly functions: ReadonlyArray<Tool.Any>
  readonly provided: ReadonlyArray<Tool.AnyProviderDefined>
}

/** The fields of a request that say which tools there are and how they may be used. */
export const toolConfig = (input: ToolInput) => {
  const choice = choiceOf(input.toolChoice)
  const { functions, provided } = split(input.tools, choice)
  if (functions.length + provided.length === 0) return undefined
  refuseTools(input, choice, { functions, provided })
  const declarations = functions.map((tool) => declaration(tool, input.refusals))
  const calling = functions.length === 0 ? undefined : callingConfig(choice, input.strict, provided.length > 0)
  const mixed = functions.length > 0 && provided.length > 0
  return {
    tools: [
      ...provided.map((tool) => ({ [tool.providerName]: { ...(tool.args as object) } })),
      ...(declarations.length > 0 ? [{ functionDeclarations: declarations }] : []),
    ],
    ...((calling !== undefined || mixed) && {
      toolConfig: {
        ...(calling && { functionCallingConfig: calling }),
        // Google's own calls must come back in the next turn if there are functions beside them.
        ...(mixed && { includeServerSideToolInvocations: true }),
      },
    }),
  }
}

// A mode keeps the model from calling functions, but not from using Google's tools.
const split = (tools: ReadonlyArray<Tool.Any>, choice: Choice): Functions => ({
  functions: tools.filter((tool) => !isProvided(tool)),
  provided: "mode" in choice && choice.mode === "none" ? [] : tools.filter(isProvided),
})

const isProvided = (tool: Tool.Any): tool is Tool.AnyProviderDefined => "providerName" in tool

const refuseTools = (
  { model, refusals, structured }: ToolInput,
  choice: Choice,
  { functions, provided }: Functions,
): void => {
  for (const tool of provided) {
    if (!tool.id.startsWith("google.")) {
      refusals.option(`tools.${tool.name}`, `"${tool.id}" is another provider's tool; leave it out of the toolkit`)
    } else if (functions.length > 0 && isBefore(model, 3)) {
      const explanation = "Google's tools go together with functions only from Gemini 3 on; leave one kind out"
      refusals.option(`tools.${tool.name}`, explanation)
    }
  }
  if (structured && isBefore(model, 3)) {
    refusals.option("toolkit", "tools go together with an answer in a schema only from Gemini 3 on; leave one out")
  }
  const named = "tool" in choice ? choice.tool : undefined
  const forced = named !== undefined || ("mode" in choice && choice.mode === "required")
  if (forced && !functions.some(({ name }) => named === undefined || name === named)) {
    refusals.option("toolChoice", "Gemini cannot be made to use Google's own tools; leave the choice to it")
  }
}

const callingConfig = (choice: Choice, strict: boolean | undefined, mixed: boolean) => {
  if ("tool" in choice) return { mode: "ANY", allowedFunctionNames: [choice.tool] }
  if (choice.mode === "none") return { mode: "NONE" }
  if (choice.mode === "required") return { mode: "ANY" }
  if (strict === true) return { mode: "VALIDATED" }
  // Beside its own tools Google has another default than "AUTO".
  return mixed ? undefined : { mode: "AUTO" }
}

const declaration = (tool: Tool.Any, refusals: Refusals): FunctionDeclaration => {
  if (!/^[a-z_][\w.:-]{0,127}$/i.test(tool.name)) {
    const rule = "a name begins with a letter or an underscore, and goes on with these, digits, dots, colons and dashes"
    refusals.option(`tools.${tool.name}`, `${rule}, 128 in all; rename it`)
  }
  const { description, name, parameters } = describe(tool, undefined, refusals)
  return { name, ...(description === undefined ? undefined : { description }), parametersJsonSchema: parameters }
}
