/**
 * What is known of Anthropic's models by their names. Nothing is assumed of names that are not known.
 *
 * Sources are Anthropic's pages on thinking, effort and structured outputs, and the guides for the migration to each
 * model. A model that is newer than the newest known one of its kind is taken to be like it.
 */
import { type Effort } from "./settings.ts"

export interface Family {
  /** The most tokens that the model generates. */
  readonly maxOutputTokens: number
  /** Which ways of thinking can be asked for. */
  readonly thinking: "none" | "budget" | "budget or adaptive" | "adaptive"
  /** How thinking can be switched off: not at all, only at a modest effort, by `between_tools`, or just so. */
  readonly thinkingOff: "never" | "up to high effort" | "between_tools" | "always"
  readonly efforts: ReadonlyArray<Effort>
  /** Takes sampling parameters, where the version of the API does. */
  readonly sampling: boolean
  /** Takes only one of `temperature` and `topP` at a time. */
  readonly samplesByOne: boolean
  /** Can be made to call a tool. */
  readonly forcedTools: boolean
  /** Goes on with a text that was put into its mouth. */
  readonly prefill: boolean
  /** Answers in a JSON schema, and takes strict tools. */
  readonly structured: boolean
  /** Takes system messages in the middle of a conversation. */
  readonly systemInHistory: boolean
}

type Kind = "opus" | "sonnet" | "haiku" | "fable" | "mythos"

/** Reads `claude-opus-5-5`, `claude-3-7-sonnet-20250219`, `anthropic/claude-sonnet-4.6`, `us.anthropic.claude-…`. */
export const familyOf = (model: string): Family | undefined => {
  const name = model.toLowerCase()
  if (/claude-mythos-preview\b/.test(name)) return mythosPreview
  const modern = /claude-(opus|sonnet|haiku|fable|mythos)-(\d+)(?:[-.](\d{1,2}))?(?![\d.])/.exec(name)
  if (modern !== null) return describe(modern[1] as Kind, versionOf(modern[2], modern[3]))
  const old = /claude-(\d+)(?:[-.](\d{1,2}))?-(opus|sonnet|haiku)\b/.exec(name)
  return old === null ? undefined : describe(old[3] as Kind, versionOf(old[1], old[2]))
}

// 4.6 is 406, so that 4.10 comes after it.
const versionOf = (major: string | undefined, minor: string | undefined): number =>
  Number(major) * 100 + Number(minor ?? "0")

const describe = (kind: Kind, version: number): Family => ({
  maxOutputTokens: maxOutputTokens(kind, version),
  thinking: thinking(version),
  thinkingOff: thinkingOff(kind, version),
  efforts: efforts(kind, version),
  sampling: version < 407,
  samplesByOne: version >= 401,
  forcedTools: version < (kind === "fable" || kind === "mythos" ? 501 : kind === "haiku" ? Infinity : 505),
  prefill: version < 406,
  structured: version >= 401,
  systemInHistory: version >= 408,
})

const maxOutputTokens = (kind: Kind, version: number): number => {
  if (version >= 406) return 128_000
  if (version >= 405 || version === 307) return 64_000
  if (version >= 400) return kind === "opus" ? 32_000 : 64_000
  return version >= 305 ? 8192 : 4096
}

const thinking = (version: number): Family["thinking"] => {
  if (version >= 407) return "adaptive"
  if (version === 406) return "budget or adaptive"
  return version >= 307 ? "budget" : "none"
}

const thinkingOff = (kind: Kind, version: number): Family["thinkingOff"] => {
  if (kind === "fable" || kind === "mythos") return "never"
  if (kind === "opus" && version >= 500) return version >= 505 ? "never" : "up to high effort"
  return kind === "sonnet" && version >= 505 ? "between_tools" : "always"
}

const efforts = (kind: Kind, version: number): ReadonlyArray<Effort> => {
  if (version >= 407) return ["low", "medium", "high", "xhigh", "max"]
  if (version === 406) return ["low", "medium", "high", "max"]
  return kind === "opus" && version === 405 ? ["low", "medium", "high"] : []
}

const mythosPreview: Family = {
  ...describe("mythos", 406),
  sampling: false,
  thinkingOff: "never",
}
