/**
 * Tools that Google runs itself. Their calls and results are parts only if the caller declared the tool: `effect/ai`
 * cannot decode a result of a tool that it does not know.
 */
import { type Sink } from "@holdfast/core/provider/EventReader"
import { defined, field, record, text } from "@holdfast/core/provider/Json"
import { Predicate, Result, Schema } from "effect"
import { type AiError, type Tool } from "effect/ai"

import { type AnswerState } from "../answer/state.ts"

/** Appends what a part says of one of Google's tools. */
export const pushProviderTool = (part: unknown, state: AnswerState, out: Sink): AiError.AiError | undefined => {
  const code = field(part, "executableCode")
  const ran = field(part, "codeExecutionResult")
  const call = field(part, "toolCall")
  const response = field(part, "toolResponse")
  if (Predicate.isNotNullish(code)) {
    state.codeId = text(code, "id") ?? state.newId()
    const params = defined({ language: field(code, "language"), code: field(code, "code") })
    return pushCall(part, declared("codeExecution", state), state.codeId, params, state, out)
  }
  if (Predicate.isNotNullish(ran)) {
    const id = text(ran, "id") ?? state.codeId
    const result = defined({ outcome: field(ran, "outcome"), output: field(ran, "output") })
    pushResult(part, declared("codeExecution", state), id, result, state, out)
  } else if (Predicate.isNotNullish(call)) {
    return pushCall(part, toolOf(call, state), text(call, "id"), record(field(call, "args")) ?? {}, state, out)
  } else if (Predicate.isNotNullish(response)) {
    const result = record(field(response, "response")) ?? {}
    pushResult(part, toolOf(response, state), text(response, "id"), result, state, out)
  }
  return undefined
}

// A map, because the provider's names may be such as `constructor`.
const names: ReadonlyMap<string, string> = new Map([
  ["GOOGLE_SEARCH_WEB", "googleSearch"],
  ["GOOGLE_SEARCH_IMAGE", "googleSearch"],
  ["URL_CONTEXT", "urlContext"],
  ["GOOGLE_MAPS", "googleMaps"],
  ["FILE_SEARCH", "fileSearch"],
])

const declared = (name: string | undefined, { declared: tools }: AnswerState) =>
  name === undefined ? undefined : tools.get(name)

const toolOf = (call: unknown, state: AnswerState) => declared(names.get(text(call, "toolType") ?? ""), state)

const pushCall = (
  part: unknown,
  tool: Tool.AnyProviderDefined | undefined,
  id: string | undefined,
  params: unknown,
  state: AnswerState,
  out: Sink,
): AiError.AiError | undefined => {
  if (tool === undefined || id === undefined || state.isClaimed(id)) return undefined
  const fitted = fitting(tool.parametersSchema, params)
  if (Result.isFailure(fitted)) return undefined
  void state.claim(id)
  // The whole part goes back with the next request.
  const metadata = state.metadata({ part })
  out.push({ type: "tool-call", id, name: tool.name, params: fitted.success, providerExecuted: true, metadata })
  return state.bounds.keep()
}

const pushResult = (
  part: unknown,
  tool: Tool.AnyProviderDefined | undefined,
  id: string | undefined,
  result: unknown,
  state: AnswerState,
  out: Sink,
): void => {
  if (tool === undefined || id === undefined) return
  const fitted = fitting(tool.successSchema, result)
  // One run may have several results, and only a frame that is sent twice has the very same one.
  if (Result.isFailure(fitted) || state.isRepeatedResult(id, result)) return
  const common = { id, name: tool.name, providerExecuted: true, isFailure: false }
  out.push({ type: "tool-result", ...common, result: fitted.success, metadata: state.metadata({ part }) })
}

// A tool that was declared without schemas has no use for the values.
const fitting = (schema: Schema.Top, value: unknown): Result.Result<unknown, void> => {
  const fits = Schema.is(Schema.toEncoded(schema))
  if (fits(value)) return Result.succeed(value)
  return fits(undefined) ? Result.succeed(undefined) : Result.failVoid
}
