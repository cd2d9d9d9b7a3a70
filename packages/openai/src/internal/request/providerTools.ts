/**
 * Tools that OpenAI runs itself. Their calls and results are parts only if the caller declared the tool: `effect/ai`
 * cannot decode a result of a tool that it does not know.
 */

import { defined, field, json, params, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { Result, Schema } from "effect"
import { type Response, type Tool } from "effect/ai"

type Parts = Array<Response.ToolCallPartEncoded | Response.ToolResultPartEncoded>

/** The call of one of OpenAI's tools together with its result. */
export const providerExecuted = (
  item: unknown,
  declared: ReadonlyMap<string, Tool.AnyProviderDefined>,
  key: string,
): Parts => {
  if (declared.size === 0) return []
  const type = text(item, "type")
  const tool = (names.get(type ?? "") ?? []).map((name) => declared.get(name)).find((found) => found !== undefined)
  const id = text(item, "id")
  if (tool === undefined || id === undefined || type === undefined) return []
  const call = fitting(tool.parametersSchema, paramsOf(type, item))
  const result = fitting(tool.successSchema, resultOf(type, item))
  if (Result.isFailure(call) || Result.isFailure(result)) return []
  const common = { id, name: tool.name, providerExecuted: true }
  // The whole item goes back with the next request.
  const metadata = { [key]: json({ itemId: id, item }) }
  return [
    { type: "tool-call", ...common, params: call.success, metadata },
    { type: "tool-result", ...common, isFailure: false, result: result.success, metadata: { [key]: { itemId: id } } },
  ]
}

// A map, because the provider's names may be such as `constructor`.
const names: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["web_search_call", ["web_search", "web_search_preview"]],
  ["file_search_call", ["file_search"]],
  ["code_interpreter_call", ["code_interpreter"]],
  ["mcp_call", ["mcp"]],
])

const paramsOf = (type: string, item: unknown): unknown => {
  switch (type) {
    case "web_search_call":
      return defined({ action: field(item, "action") })
    case "file_search_call":
      return defined({ queries: field(item, "queries") })
    case "code_interpreter_call":
      return defined({ code: field(item, "code"), container_id: field(item, "container_id") })
    default:
      return defined({
        name: field(item, "name"),
        server_label: field(item, "server_label"),
        arguments: Result.getOrElse(params(textOrEmpty(item, "arguments")), () => field(item, "arguments")),
      })
  }
}

const resultOf = (type: string, item: unknown): unknown => {
  const status = field(item, "status")
  switch (type) {
    case "web_search_call":
      return defined({ status, action: field(item, "action") })
    case "file_search_call":
      return defined({ status, results: field(item, "results") })
    case "code_interpreter_call":
      return defined({ status, outputs: field(item, "outputs") })
    default:
      return defined({ status, output: field(item, "output"), error: field(item, "error") })
  }
}

// A tool that was declared without schemas has no use for the values.
const fitting = (schema: Schema.Top, value: unknown): Result.Result<unknown, void> => {
  const fits = Schema.is(Schema.toEncoded(schema))
  if (fits(value)) return Result.succeed(value)
  return fits(undefined) ? Result.succeed(undefined) : Result.failVoid
}
