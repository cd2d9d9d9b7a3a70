/**
 * What is known of OpenAI's models by their names. Nothing is assumed of names that are not known.
 */
export interface Family {
  /** Thinks before it answers, so that its reasoning can be asked back in encrypted form. */
  readonly reasoning: boolean
  /** Cannot be told not to think, and takes no sampling parameters. */
  readonly alwaysReasoning: boolean
}

const unknown: Family = { reasoning: false, alwaysReasoning: false }

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
  if (/^(?:o[1-9]|codex-mini)(?:$|[-:@])/.test(name)) return { reasoning: true, alwaysReasoning: true }
  const match = /^gpt-(\d+)(?:\.(\d+))?(?:$|[-:@])/.exec(name)
  if (match === null || Number(match[1]) < 5 || /-(?:chat|search)\b/.test(name)) return unknown
  // From 5.1 on `reasoning.effort: "none"` switches thinking off, save in the codex and pro models of version 5.
  const first = match[1] === "5" && (match[2] === undefined || /-(?:codex|pro)\b/.test(name))
  return { reasoning: true, alwaysReasoning: first }
}

/** Why a model takes no sampling parameters with this effort, if that is known. */
export const samplingProblem = (model: string, effort: string | null | undefined): string | undefined => {
  const { alwaysReasoning, reasoning } = familyOf(model)
  if (alwaysReasoning) return "reasoning models sample by themselves; leave it out, or use a model without reasoning"
  if (reasoning && effort !== undefined && effort !== null && effort !== "none") {
    return `it goes only with reasoning.effort "none", and "${effort}" is set; leave one of them out`
  }
  return undefined
}
