/**
 * Tools that Anthropic defines: some it runs itself, for others the toolkit brings the handler.
 *
 * **Details**
 *
 * Each is sent in its newest version. Older models take older ones, which can be named: `webSearch({ type:
 * "web_search_20250305" })`.
 *
 * @since 0.1.0
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { Schema } from "effect"
import { Tool } from "effect/ai"

const Fields = Schema.Record(Schema.String, Schema.Unknown)

/** Arguments in Anthropic's own names, typed by the SDK. The tool's name is fixed. */
type Args<Newest extends object, Older extends { readonly type: string } = never> = Omit<Newest, "type" | "name"> & {
  /** Another version of the tool. */
  readonly type?: Older["type"]
}

const args = <A extends object>() => Schema.declare((value): value is A => typeof value === "object")

/**
 * Searches the web. What the answer cites comes as `source` parts.
 *
 * **Example** (A toolkit with web search)
 *
 * ```ts
 * import { AnthropicTool } from "@holdfast/anthropic"
 * import { Toolkit } from "effect/ai"
 *
 * const toolkit = Toolkit.make(AnthropicTool.webSearch({ max_uses: 3 }))
 *
 * Object.keys(toolkit.tools) // => ["AnthropicWebSearch"]
 * ```
 *
 * @since 0.1.0
 * @category tools
 */
export const webSearch = Tool.providerDefined({
  id: "anthropic.web_search_20260318",
  customName: "AnthropicWebSearch",
  providerName: "web_search",
  args: args<
    Args<Anthropic.WebSearchTool20260318, Anthropic.WebSearchTool20260209 | Anthropic.WebSearchTool20250305>
  >(),
  parameters: Fields,
  success: Schema.Unknown,
})

/**
 * Reads pages and PDFs of the web.
 *
 * @since 0.1.0
 * @category tools
 */
export const webFetch = Tool.providerDefined({
  id: "anthropic.web_fetch_20260318",
  customName: "AnthropicWebFetch",
  providerName: "web_fetch",
  args: args<
    Args<
      Anthropic.WebFetchTool20260318,
      Anthropic.WebFetchTool20260309 | Anthropic.WebFetchTool20260209 | Anthropic.WebFetchTool20250910
    >
  >(),
  parameters: Fields,
  success: Schema.Unknown,
})

/**
 * Runs commands and edits files in a container of Anthropic's.
 *
 * @since 0.1.0
 * @category tools
 */
export const codeExecution = Tool.providerDefined({
  id: "anthropic.code_execution_20260521",
  customName: "AnthropicCodeExecution",
  providerName: "code_execution",
  args: args<
    Args<
      Anthropic.CodeExecutionTool20260521,
      Anthropic.CodeExecutionTool20260120 | Anthropic.CodeExecutionTool20250825 | Anthropic.CodeExecutionTool20250522
    >
  >(),
  parameters: Fields,
  success: Schema.Unknown,
})

/**
 * Runs commands in a shell of the caller's.
 *
 * @since 0.1.0
 * @category tools
 */
export const bash = Tool.providerDefined({
  id: "anthropic.bash_20250124",
  customName: "AnthropicBash",
  providerName: "bash",
  requiresHandler: true,
  args: args<Args<Anthropic.ToolBash20250124>>(),
  parameters: Schema.Struct({
    command: Schema.optionalKey(Schema.String),
    /** Starts a new shell instead. */
    restart: Schema.optionalKey(Schema.Boolean),
  }),
  success: Schema.String,
  failure: Schema.String,
})

/**
 * Views and edits files of the caller's.
 *
 * @since 0.1.0
 * @category tools
 */
export const textEditor = Tool.providerDefined({
  id: "anthropic.text_editor_20250728",
  customName: "AnthropicTextEditor",
  providerName: "str_replace_based_edit_tool",
  requiresHandler: true,
  args: args<Args<Anthropic.ToolTextEditor20250728>>(),
  parameters: Schema.Struct({
    command: Schema.Literals(["view", "create", "str_replace", "insert"]),
    path: Schema.String,
    /** For `view`: the first and the last line, from 1, and -1 for the end. */
    view_range: Schema.optionalKey(Schema.Array(Schema.Int)),
    /** For `create`. */
    file_text: Schema.optionalKey(Schema.String),
    /** For `str_replace`. */
    old_str: Schema.optionalKey(Schema.String),
    new_str: Schema.optionalKey(Schema.String),
    /** For `insert`: the line after which the text goes. */
    insert_line: Schema.optionalKey(Schema.Int),
    insert_text: Schema.optionalKey(Schema.String),
  }),
  success: Schema.String,
  failure: Schema.String,
})

/**
 * Keeps notes in files of the caller's, under `/memories`.
 *
 * @since 0.1.0
 * @category tools
 */
export const memory = Tool.providerDefined({
  id: "anthropic.memory_20250818",
  customName: "AnthropicMemory",
  providerName: "memory",
  requiresHandler: true,
  args: args<Args<Anthropic.MemoryTool20250818>>(),
  parameters: Schema.Struct({
    command: Schema.Literals(["view", "create", "str_replace", "insert", "delete", "rename"]),
    path: Schema.optionalKey(Schema.String),
    view_range: Schema.optionalKey(Schema.Array(Schema.Int)),
    file_text: Schema.optionalKey(Schema.String),
    old_str: Schema.optionalKey(Schema.String),
    new_str: Schema.optionalKey(Schema.String),
    insert_line: Schema.optionalKey(Schema.Int),
    insert_text: Schema.optionalKey(Schema.String),
    /** For `rename`. */
    old_path: Schema.optionalKey(Schema.String),
    new_path: Schema.optionalKey(Schema.String),
  }),
  success: Schema.String,
  failure: Schema.String,
})
