/**
 * Tools that Google runs itself. Their calls and results are parts only if the caller declared the tool: `effect/ai`
 * cannot decode a result of a tool that it does not know.
 */
import { defined, field, record, text } from "@holdfast/core/provider/Json"
import { Result, Schema } from "effect"
import { type Tool } from "effect/ai"

import { type Reading, type Sink } from "./reading.ts"

/** Appends what a part says of one of Google's tools. */
export const pushProviderTool = (part: unknown, reading: Reading, out: Sink): void => {
  const code = field(part, "executableCode")
  const ran = field(part, "codeExecutionResult")
  const call = field(part, "toolCall")
  const response = field(part, "toolResponse")
  if (code !== undefined) {
    reading.codeId = text(code, "id") ?? reading.newId()
    const params = defined({ language: field(code, "language"), code: field(code, "code") })
    pushCall(part, declared("codeExecution", reading), reading.codeId, params, reading, out)
  } else if (ran !== undefined) {
    const id = text(ran, "id") ?? reading.codeId
    const result = defined({ outcome: field(ran, "outcome"), output: field(ran, "output") })
    pushResult(part, declared("codeExecution", reading), id, result, reading, out)
  } else if (call !== undefined) {
    pushCall(part, toolOf(call, reading), text(call, "id"), record(field(call, "args")) ?? {}, reading, out)
  } else if (response !== undefined) {
    const result = record(field(response, "response")) ?? {}
    pushResult(part, toolOf(response, reading), text(response, "id"), result, reading, out)
  }
}

const names: Readonly<Record<string, string>> = {
  GOOGLE_SEARCH_WEB: "googleSearch",
  GOOGLE_SEARCH_IMAGE: "googleSearch",
  URL_CONTEXT: "urlContext",
  GOOGLE_MAPS: "googleMaps",
  FILE_SEARCH: "fileSearch",
}

const declared = (name: string | undefined, { declared: tools }: Reading) =>
  name === undefined ? undefined : tools.get(name)

const toolOf = (call: unknown, reading: Reading) => declared(names[text(call, "toolType") ?? ""], reading)

const pushCall = (
  part: unknown,
  tool: Tool.AnyProviderDefined | undefined,
  id: string | undefined,
  params: unknown,
  reading: Reading,
  out: Sink,
): void => {
  if (tool === undefined || id === undefined) return
  const fitted = fitting(tool.parametersSchema, params)
  if (Result.isFailure(fitted)) return
  // The whole part goes back with the next request.
  const metadata = reading.metadata({ part })
  out.push({ type: "tool-call", id, name: tool.name, params: fitted.success, providerExecuted: true, metadata })
}

const pushResult = (
  part: unknown,
  tool: Tool.AnyProviderDefined | undefined,
  id: string | undefined,
  result: unknown,
  reading: Reading,
  out: Sink,
): void => {
  if (tool === undefined || id === undefined) return
  const fitted = fitting(tool.successSchema, result)
  if (Result.isFailure(fitted)) return
  const common = { id, name: tool.name, providerExecuted: true, isFailure: false }
  out.push({ type: "tool-result", ...common, result: fitted.success, metadata: reading.metadata({ part }) })
}

// A tool that was declared without schemas has no use for the values.
const fitting = (schema: Schema.Top, value: unknown): Result.Result<unknown, void> => {
  const fits = Schema.is(Schema.toEncoded(schema))
  if (fits(value)) return Result.succeed(value)
  return fits(undefined) ? Result.succeed(undefined) : Result.failVoid
}
