/**
 * Tools that Anthropic defines. Those that it runs itself are parts only if the caller declared the tool: `effect/ai`
 * cannot decode a result of a tool that it does not know.
 */
import { field, record, text } from "@holdfast/core/provider/Json"
import { Result, Schema } from "effect"
import { type Response, type Tool } from "effect/ai"

import { metadata } from "../answer/state.ts"

type Declared = ReadonlyMap<string, Tool.AnyProviderDefined>

/** Whether a block is the call or the result of a tool that Anthropic ran. */
export const isProviderExecuted = (block: unknown): boolean => {
  const type = text(block, "type")
  return type !== undefined && (type === "server_tool_use" || type.endsWith("_tool_result"))
}

/** The part for such a block, if the caller declared its tool. */
export const providerExecuted = (
  block: unknown,
  declared: Declared,
): Response.ToolCallPartEncoded | Response.ToolResultPartEncoded | undefined =>
  text(block, "type") === "server_tool_use" ? callOf(block, declared) : resultOf(block, declared)

// The whole block goes back with the next request.
const kept = (block: unknown) => metadata({ block: record(block) })

const callOf = (block: unknown, declared: Declared): Response.ToolCallPartEncoded | undefined => {
  const id = text(block, "id")
  const tool = toolOf(text(block, "name"), declared)
  if (id === undefined || tool === undefined) return undefined
  const params = fitting(tool.parametersSchema, field(block, "input") ?? {})
  if (Result.isFailure(params)) return undefined
  return {
    type: "tool-call",
    id,
    name: tool.name,
    providerExecuted: true,
    params: params.success,
    metadata: kept(block),
  }
}

const resultOf = (block: unknown, declared: Declared): Response.ToolResultPartEncoded | undefined => {
  const id = text(block, "tool_use_id")
  const tool = toolOf(text(block, "type")?.replace(/_tool_result$/, ""), declared)
  if (id === undefined || tool === undefined) return undefined
  const result = fitting(tool.successSchema, field(block, "content"))
  if (Result.isFailure(result)) return undefined
  return {
    type: "tool-result",
    id,
    name: tool.name,
    providerExecuted: true,
    isFailure: false,
    result: result.success,
    metadata: kept(block),
  }
}

// Code execution calls itself by what it does, and the two searches for tools share a kind of result.
const families: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["bash_code_execution", ["code_execution"]],
  ["text_editor_code_execution", ["code_execution"]],
  ["tool_search", ["tool_search_tool_regex", "tool_search_tool_bm25"]],
])

const toolOf = (name: string | undefined, declared: Declared): Tool.AnyProviderDefined | undefined =>
  name === undefined
    ? undefined
    : [name, ...(families.get(name) ?? [])].map((known) => declared.get(known)).find((found) => found !== undefined)

// A tool that was declared without schemas has no use for the values.
const fitting = (schema: Schema.Top, value: unknown): Result.Result<unknown, void> => {
  const fits = Schema.is(Schema.toEncoded(schema))
  if (fits(value)) return Result.succeed(value)
  return fits(undefined) ? Result.succeed(undefined) : Result.failVoid
}
