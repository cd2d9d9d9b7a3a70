/**
 * Who is right where the built-in prices and `@pydantic/genai-prices` differ, and why.
 */

/** What was found out about a difference. */
export interface Decision {
  /** The differences that it is about, as `pnpm prices` prints them. */
  readonly difference: RegExp
  /** Only of differences that begin then or later, ISO 8601. */
  readonly from?: string
  /** Only of differences that end before. */
  readonly until?: string
  /** `here` is the built-in book. Where the package is right the book is mended, so that no difference is left. */
  readonly right: "here" | "not known"
  readonly why: string
  readonly source: string
}

const openAi = "https://developers.openai.com/api/docs/pricing"

const anthropic = "https://platform.claude.com/docs/en/about-claude/pricing"

const google = "https://ai.google.dev/gemini-api/docs/pricing"

const deepSeek = "https://api-docs.deepseek.com/quick_start/pricing"

const newer = (difference: RegExp, source: string): Decision => ({
  difference,
  right: "here",
  why: "It came out after the package was published",
  source,
})

const openAis: ReadonlyArray<Decision> = [
  {
    difference: /^openai\/.*webSearch nothing, there \$10\.00$/,
    right: "here",
    why: "OpenAI's usage does not say how many searches there were, so that there is nothing to multiply",
    source: openAi,
  },
  {
    difference: /^openai\/gpt-(?:6-astra|5\.[456].*): tier above 272000, there 271999$/,
    right: "here",
    why: "The pages of the models say more than 272K; that the tier begins one token earlier is read into a table's head",
    source: "https://developers.openai.com/api/docs/models/gpt-6.1-terra",
  },
  {
    difference: /^openai\/gpt-4o(?:-2024-(?:08-06|11-20))?: /,
    until: "2024-10-02T00:00:00Z",
    right: "here",
    why: "Until 2 October 2024 the name meant the snapshot of May, which costs $5 and $15",
    source: "https://developers.openai.com/api/docs/changelog",
  },
  {
    difference: /^openai\/o3(?:-2025-04-16)?: cacheRead \$2\.50, there \$0\.50$/,
    until: "2025-06-10T00:00:00Z",
    right: "here",
    why: "Before its price was cut by four fifths a cached token cost a quarter of $10",
    source: "https://openai.com/index/introducing-o3-and-o4-mini/",
  },
  {
    difference: /^openai\/o1-mini(?:-2024-09-12)?: /,
    until: "2025-01-31T00:00:00Z",
    right: "here",
    why: "It cost $3 and $12 until o3-mini came out, and $1.10 and $4.40 since",
    source: "https://github.com/simonw/llm-prices/commit/5c1774b",
  },
  newer(/^openai\/gpt-6\.1-(?:sol|terra): not there$/, "https://apidog.com/blog/gpt-6-1-terra-vs-gpt-6-1-sol/"),
]

const anthropics: ReadonlyArray<Decision> = [
  newer(
    /^anthropic\/claude-(?:haiku|sonnet)-5-5: not there$/,
    "https://github.com/kurofune/claudit/releases/tag/v1.9.2",
  ),
  {
    difference: /^anthropic\/claude-sonnet-4(?:-0)?: tier above 200000, there nothing$/,
    from: "2025-08-12T00:00:00Z",
    right: "here",
    why: "Since 12 August 2025 prompts could be longer than 200,000 tokens, at $6 and $22.50",
    source: "https://www.anthropic.com/news/1m-context",
  },
  {
    difference: /^anthropic\/claude-3-5-haiku(?:-latest)?: /,
    until: "2024-12-05T00:00:00Z",
    right: "here",
    why: "It came out at $1 and $5, and was cut to $0.80 and $4 a month later",
    source: "https://github.com/simonw/llm-prices/commit/41fbbe2",
  },
  {
    difference: /^anthropic\/claude-3-(?:opus|opus-latest|sonnet|haiku): webSearch \$10\.00, there nothing$/,
    right: "here",
    why: "Searches cost the same with every model",
    source: anthropic,
  },
]

const googles: ReadonlyArray<Decision> = [
  newer(/^google\/gemini-4-(?:argon|carbon): not there$/, google),
  {
    difference: /^google\/gemini-3\.6-flash: .* \$(?:1\.50|0\.15|7\.50), there/,
    until: "2026-08-13T00:00:00Z",
    right: "here",
    why: "It came out at $1.50 and $7.50; the introductory half price came with 3.7, and the package has no date for it",
    source: "https://github.com/pydantic/genai-prices/pull/564",
  },
  {
    difference: /^google\/gemini-2\.5-.*[cC]acheRead/,
    until: "2025-10-03T00:00:00Z",
    right: "here",
    why: "Reads cost a quarter of plain input until autumn 2025, as the package had it until November",
    source: "https://github.com/pydantic/genai-prices/pull/174",
  },
  {
    difference: /^google\/gemini-1\.5-pro: (?:long prompts: )?cacheRead .* there nothing$/,
    right: "here",
    why: "The package has it under the name gemini-pro-1.5 only, with the same price",
    source: "https://github.com/pydantic/genai-prices",
  },
  {
    difference: /^google\/gemini-1\.5-flash-8b: not there$/,
    right: "here",
    why: "The package has it under the name gemini-flash-1.5-8b, with the same price",
    source: "https://github.com/pydantic/genai-prices",
  },
]

const deepSeeks: ReadonlyArray<Decision> = [
  newer(/^deepseek\/deepseek-flash: not there$/, deepSeek),
  {
    difference: /^deepseek\/deepseek-(?:chat|reasoner): /,
    right: "here",
    why: "The package has the prices of February to September 2025 for all times; they changed five times since",
    source: "https://github.com/anomalyco/models.dev/commits/dev/providers/deepseek/models/deepseek-chat.toml",
  },
  {
    difference: /^deepseek\/deepseek-v4-(?:flash|pro): /,
    until: "2026-08-16T16:00:00Z",
    right: "here",
    why: "The package dates neither the cuts of 26 April 2026 nor the office hours, which began with 16 August",
    source: "https://github.com/anomalyco/opencode/issues/29008",
  },
  {
    difference: /^deepseek\/deepseek-v4-(?:flash|pro): /,
    from: "2026-08-16T16:00:00Z",
    until: "2026-08-17T00:00:00Z",
    right: "here",
    why: "The new prices began at 16:00 UTC; the package knows only whole days",
    source: deepSeek,
  },
  {
    difference: /^deepseek\/deepseek-v4-flash: /,
    from: "2026-09-09T16:00:00Z",
    right: "here",
    why: "Since V4.1 the old name is billed as deepseek-flash, and weekends are off-peak",
    source: "https://github.com/dshworks/dsh-meter/releases/tag/v0.5.0",
  },
  {
    difference: /^deepseek\/deepseek-v4-pro: /,
    from: "2026-08-22T16:00:00Z",
    right: "here",
    why: "Since 23 August 2026 weekends and public holidays are off-peak",
    source: "https://github.com/feiyang-dev/dsh-usage-plugin/releases/tag/v1.10.0",
  },
]

const media: ReadonlyArray<Decision> = [
  {
    difference:
      /^openai\/(?:gpt-image-2\.[56]-(?:flare|sunburst)|tts-1(?:-hd)?|omni-moderation|gpt-6-luna-decisions): not there$/,
    right: "here",
    why: "The package has no price for these models or endpoints",
    source: "https://developers.openai.com/api/docs/pricing",
  },
  {
    difference: /^google\/gemini-3\.8-flash(?:-lite)?-tts: not there$/,
    right: "here",
    why: "The package does not know these models",
    source: "https://ai.google.dev/gemini-api/docs/pricing",
  },
]

const rest: ReadonlyArray<Decision> = [
  {
    difference: /^x_ai\/grok-4(?:-fast|-fast-reasoning)?(?:-latest)?: tier above 128000, there nothing$/,
    right: "here",
    why: "xAI charges twice as much for prompts of more than 128,000 tokens with these models",
    source: "https://github.com/simonw/llm-prices/blob/main/data/xai.json",
  },
  {
    difference: /^mistral_ai\/mistral-small-latest: /,
    from: "2026-03-16T00:00:00Z",
    right: "here",
    why: "The alias means Mistral Small 4 since it came out, which the package has as mistral-small-2603",
    source: "https://github.com/anomalyco/models.dev/commits/dev/providers/mistral/models/mistral-small-latest.toml",
  },
]

export const decisions: ReadonlyArray<Decision> = [
  ...openAis,
  ...anthropics,
  ...googles,
  ...deepSeeks,
  ...media,
  ...rest,
]
