import { type ReasoningSettings } from "./settings.ts"

/**
 * What is known of OpenAI's models by their names. Nothing is assumed of names that are not known.
 */
export interface Family {
  /** Thinks before it answers, so that its reasoning can be asked back in encrypted form. */
  readonly reasoning: boolean
  /** Cannot be told not to think, and takes no sampling parameters. */
  readonly alwaysReasoning: boolean
  /** Cannot think: neither told how much to, nor shown what other models thought. */
  readonly neverReasoning: boolean
  /** The efforts that can be asked for, if they are known. */
  readonly efforts: ReadonlyArray<Effort> | undefined
  /** Whether it can be told which prefixes of a prompt to cache, if that is known. */
  readonly breakpoints: boolean | undefined
}

type Effort = NonNullable<ReasoningSettings["effort"]>

const unknown: Family = {
  reasoning: false,
  alwaysReasoning: false,
  neverReasoning: false,
  efforts: undefined,
  breakpoints: undefined,
}
const old: Family = { ...unknown, neverReasoning: true, efforts: [], breakpoints: false }
const firstReasoning: Family = {
  ...unknown,
  reasoning: true,
  alwaysReasoning: true,
  efforts: ["low", "medium", "high"],
  breakpoints: false,
}

// A program uses few models, and asks for the family of each several times a request.
const families = new Map<string, Family>()

/** What is known of a model by its name. */
export const familyOf = (model: string): Family => {
  const known = families.get(model)
  if (known !== undefined) return known
  const family = read(model)
  if (families.size < 1000) families.set(model, family)
  return family
}

/** Reads `o3-mini`, `gpt-5.6-terra`, `ft:gpt-4.1:org::id`, `openai/gpt-6-luna`. */
const read = (model: string): Family => {
  const name = model.replace(/^ft:/, "").replace(/^openai\//, "")
  if (/^(?:o[1-9]|codex-mini)(?:$|[-:@])/.test(name)) return firstReasoning
  if (/^(?:gpt-3\.5|gpt-4(?:\.\d|o)?|chatgpt-4o)(?:$|[-:@])/.test(name)) return old
  const match = /^gpt-(\d+)(?:\.(\d+))?(?:$|[-:@])/.exec(name)
  if (match === null || Number(match[1]) < 5 || /-(?:chat|search)\b/.test(name)) return unknown
  // From 5.1 on `reasoning.effort: "none"` switches thinking off, save in the codex and pro models of version 5.
  const first = match[1] === "5" && (match[2] === undefined || /-(?:codex|pro)\b/.test(name))
  const version = Number(match[1]) * 100 + Number(match[2] ?? "0")
  return {
    reasoning: true,
    alwaysReasoning: first,
    neverReasoning: false,
    efforts: version === 500 && !/-(?:codex|pro)\b/.test(name) ? ["minimal", "low", "medium", "high"] : undefined,
    breakpoints: version >= 506,
  }
}

/** Why a model cannot be told to think so much, if that is known. */
export const effortProblem = (model: string, effort: Effort | undefined): string | undefined => {
  const { efforts, neverReasoning } = familyOf(model)
  if (effort === undefined || efforts === undefined || efforts.includes(effort)) return undefined
  return neverReasoning ? "the model does not think; leave it out" : `the model knows ${efforts.join(", ")}`
}

/** Why a model takes no sampling parameters with this effort, if that is known. */
export const samplingProblem = (model: string, effort: string | null | undefined): string | undefined => {
  const { alwaysReasoning, reasoning } = familyOf(model)
  if (alwaysReasoning)
    return "reasoning models choose their own sampling; leave it out, or use a model without reasoning"
  if (reasoning && effort !== undefined && effort !== null && effort !== "none") {
    return `it works only with reasoning.effort "none", and "${effort}" is set; leave one of them out`
  }
  return undefined
}
