/**
 * How a server's Chat Completions differ from OpenAI's. Plain data.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dialect {
  /** The field for `maxOutputTokens`. */
  readonly maxTokensField: "max_completion_tokens" | "max_tokens"
  /** The field for `seed`. */
  readonly seedField: "seed" | "random_seed"
  /** Whether usage has to be asked for in a stream (`stream_options.include_usage`). */
  readonly asksForStreamUsage: boolean
  /** Whether answers can be held to a JSON schema. If not, they are held to JSON, and the schema goes into the prompt. */
  readonly takesJsonSchema: boolean
  /** Whether tools may be marked `strict`. */
  readonly takesStrictTools: boolean
  /** Whether it matters what `tool_choice` says. If not, a choice that forces a call is refused, and for none no tools are sent. */
  readonly takesToolChoice: boolean
  /** Whether there are tools at all. If not, a request with tools is refused. */
  readonly takesTools: boolean
  /** Whether `tool_choice` may require any call. If not, a single tool is named instead, and a choice among several is refused. */
  readonly takesRequiredTool: boolean
  /** Whether `tool_choice` may name a tool. If not, the tool is sent alone, and a call is required. */
  readonly namesTools: boolean
  /** Whether files may be given as links, apart from images. */
  readonly takesFileUrls: boolean
  /** Whether `completion_tokens` leave out the tokens of reasoning. */
  readonly reasoningOutsideCompletion: boolean
  /** How `reasoning.effort` is sent: as `reasoning_effort`, or as `reasoning.effort`. */
  readonly nestsReasoning: boolean
  /** The field in which the reasoning of a turn with tool calls goes back, if the server wants it. */
  readonly reasoningField: "reasoning_content" | "reasoning" | undefined
  /** Whether each turn with tool calls has to have `reasoningField`, if only an empty one, as thinking DeepSeek wants it. */
  readonly requiresReasoning: boolean
  /** Whether ids of tool calls must be nine letters or digits. Those of other providers are then replaced. */
  readonly shortToolCallIds: boolean
  /**
   * Whether only some roles may follow each other, as Mistral wants it: system messages come first, the model speaks after
   * the results of its calls, and a beginning of an answer is marked as one (`prefix`).
   */
  readonly strictRoles: boolean
  /** Settings that the server is known to refuse, and what to do instead. */
  readonly unsupported: Readonly<Record<string, string>>
  /** Whether the models are OpenAI's, so that their names say what they take. */
  readonly isOpenAi: boolean
}

/** What servers have in common that imitate OpenAI. */
export const common: Dialect = {
  maxTokensField: "max_tokens",
  seedField: "seed",
  asksForStreamUsage: true,
  takesJsonSchema: true,
  takesStrictTools: false,
  takesToolChoice: true,
  takesTools: true,
  takesRequiredTool: true,
  namesTools: true,
  takesFileUrls: true,
  reasoningOutsideCompletion: false,
  nestsReasoning: false,
  reasoningField: undefined,
  requiresReasoning: false,
  shortToolCallIds: false,
  strictRoles: false,
  unsupported: {},
  isOpenAi: false,
}

/** OpenAI itself. */
export const openai: Dialect = {
  ...common,
  maxTokensField: "max_completion_tokens",
  takesStrictTools: true,
  takesFileUrls: false,
  isOpenAi: true,
}
