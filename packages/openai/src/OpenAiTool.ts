/**
 * Tools that OpenAI runs itself, for toolkits of models on the Responses API.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Tool } from "effect/ai"
import type { OpenAI } from "openai"

const Fields = Schema.Record(Schema.String, Schema.Unknown)

/** Arguments in OpenAI's own names, typed by the SDK. */
const args = <Args extends object>() => Schema.declare((value): value is Args => typeof value === "object")

/**
 * Searches the web. Sources come as `source` parts.
 *
 * **Example** (A toolkit with web search)
 *
 * ```ts
 * import { OpenAiTool } from "@holdfast/openai"
 * import { Toolkit } from "effect/ai"
 *
 * const toolkit = Toolkit.make(OpenAiTool.webSearch({ search_context_size: "low" }))
 *
 * Object.keys(toolkit.tools) // => ["OpenAiWebSearch"]
 * ```
 *
 * @since 0.1.0
 * @category tools
 */
export const webSearch = Tool.providerDefined({
  id: "openai.web_search",
  customName: "OpenAiWebSearch",
  providerName: "web_search",
  args: args<Omit<OpenAI.Responses.WebSearchTool, "type">>(),
  parameters: Fields,
  success: Fields,
})

/**
 * Searches files in OpenAI's vector stores.
 *
 * @since 0.1.0
 * @category tools
 */
export const fileSearch = Tool.providerDefined({
  id: "openai.file_search",
  customName: "OpenAiFileSearch",
  providerName: "file_search",
  args: args<Omit<OpenAI.Responses.FileSearchTool, "type">>(),
  parameters: Fields,
  success: Fields,
})

/**
 * Runs Python in a container of OpenAI's.
 *
 * @since 0.1.0
 * @category tools
 */
export const codeInterpreter = Tool.providerDefined({
  id: "openai.code_interpreter",
  customName: "OpenAiCodeInterpreter",
  providerName: "code_interpreter",
  args: args<Omit<OpenAI.Responses.Tool.CodeInterpreter, "type">>(),
  parameters: Fields,
  success: Fields,
})

/**
 * Makes images. They come as `file` parts, and there are no parts for the call.
 *
 * @since 0.1.0
 * @category tools
 */
export const imageGeneration = Tool.providerDefined({
  id: "openai.image_generation",
  customName: "OpenAiImageGeneration",
  providerName: "image_generation",
  args: args<Omit<OpenAI.Responses.Tool.ImageGeneration, "type">>(),
  parameters: Fields,
  success: Fields,
})

/**
 * Calls tools of a remote MCP server.
 *
 * **Gotchas**
 *
 * Only with `require_approval: "never"`: OpenAI's approval requests have no counterpart in `effect/ai`.
 *
 * @since 0.1.0
 * @category tools
 */
export const mcp = Tool.providerDefined({
  id: "openai.mcp",
  customName: "OpenAiMcp",
  providerName: "mcp",
  args: args<Omit<OpenAI.Responses.Tool.Mcp, "type">>(),
  parameters: Fields,
  success: Fields,
})
