/**
 * Which settings a model, or the version of the API, cannot take. Told before any request, instead of by a 400.
 */

import { between, refuseNumbers, wholeFrom } from "@holdfast/core/provider/Ranges"
import { type Refusals } from "@holdfast/core/provider/Refusals"

import { type Family, familyOf } from "../family.ts"
import { type Settings } from "../settings.ts"

/** What decides over the settings. */
export interface Circumstances {
  readonly model: string
  readonly apiVersion: string
  readonly settings: Settings
  readonly maxOutputTokens: number
  /** Whether the model must call a tool. */
  readonly forcedTool: boolean
  /** Whether the answer has a schema. */
  readonly structured: boolean
}

/** Refuses the settings that cannot be taken. */
export const refuseSettings = (circumstances: Circumstances, refusals: Refusals): void => {
  const family = familyOf(circumstances.model)
  refuseNumbers({ ...circumstances.settings }, ranges, refusals)
  refuseStops(circumstances.settings.stopSequences ?? [], refusals)
  refuseVersion(circumstances, refusals)
  refuseThinking(circumstances, family, refusals)
  if (family !== undefined) refuseFamily(circumstances, family, refusals)
  refuseSampling(circumstances, family, refusals)
  refuseForcedTool(circumstances, family, refusals)
}

const ranges = {
  // With 0 the prompt is cached, and nothing is generated.
  maxOutputTokens: wholeFrom(0),
  temperature: between(0, 1),
  topP: between(0, 1),
  topK: wholeFrom(0),
}

const refuseStops = (stops: ReadonlyArray<string>, refusals: Refusals): void => {
  if (stops.some((stop) => stop.trim() === "")) {
    refusals.option("stopSequences", "the API takes no text of white space alone; leave it out")
  }
}

const withoutSampling = "2026-10-21"
const sampling = ["temperature", "topP", "topK"] as const

// Versions are dates, which sort as texts do.
const refuseVersion = ({ apiVersion, settings }: Circumstances, refusals: Refusals): void => {
  if (apiVersion < withoutSampling) return
  for (const option of sampling) {
    if (settings[option] === undefined) continue
    refusals.option(
      option,
      `version ${apiVersion} of the API has no sampling parameters; leave it out, or make the client with apiVersion "2023-06-01"`,
    )
  }
}

const refuseSampling = ({ settings }: Circumstances, family: Family | undefined, refusals: Refusals): void => {
  const { temperature, thinking, topK, topP } = settings
  for (const option of sampling) {
    if (settings[option] !== undefined && family?.sampling === false) {
      refusals.option(option, "the model chooses its own sampling; leave it out")
    }
  }
  if (temperature !== undefined && topP !== undefined && family?.samplesByOne === true) {
    refusals.option("topP", "the model takes either temperature or topP; leave one of them out")
  }
  if (thinking?.mode !== "adaptive" && thinking?.mode !== "enabled") return
  const withThinking = "it does not go with thinking; leave one of them out"
  if (temperature !== undefined && temperature !== 1) refusals.option("temperature", withThinking)
  if (topK !== undefined) refusals.option("topK", withThinking)
  if (topP !== undefined && topP < 0.95) refusals.option("topP", "with thinking it must be at least 0.95")
}

const refuseThinking = (
  { maxOutputTokens, settings: { betas, effort, thinking } }: Circumstances,
  family: Family | undefined,
  refusals: Refusals,
): void => {
  const great = effort === "xhigh" || effort === "max"
  switch (thinking?.mode) {
    case undefined:
      return
    case "enabled":
      return refuseBudget(thinking.budgetTokens, maxOutputTokens, betas ?? [], family, refusals)
    case "adaptive":
      if (family?.thinking === "none") refusals.option("thinking", "the model cannot think; leave it out")
      if (family?.thinking === "budget") {
        refusals.option("thinking.mode", `the model thinks on a budget; use the mode "enabled" with budgetTokens`)
      }
      return
    case "between_tools":
      if (family !== undefined && family.thinkingOff !== "between_tools") {
        refusals.option("thinking.mode", `the model does not know "between_tools"; use another mode`)
      }
      if (great) refusals.option("thinking.mode", `"between_tools" goes with an effort of at most "high"`)
      return
    case "disabled":
      return refuseNoThinking(family, great, refusals)
  }
}

const interleaved = /^interleaved-thinking-/
const leastBudget = 1024

const refuseBudget = (
  budget: number,
  maxOutputTokens: number,
  betas: ReadonlyArray<string>,
  family: Family | undefined,
  refusals: Refusals,
): void => {
  const option = "thinking.budgetTokens"
  if (family?.thinking === "none") refusals.option("thinking", "the model cannot think; leave it out")
  if (family?.thinking === "adaptive") {
    refusals.option(option, `the model takes no budget; use the mode "adaptive", and effort to say how much`)
  }
  if (!Number.isSafeInteger(budget) || budget < leastBudget) {
    refusals.option(option, `it must be a whole number of at least ${leastBudget}`)
  }
  if (budget >= maxOutputTokens && !betas.some((beta) => interleaved.test(beta))) {
    refusals.option(option, `it must be below maxOutputTokens, which is ${maxOutputTokens}`)
  }
}

const refuseNoThinking = (family: Family | undefined, greatEffort: boolean, refusals: Refusals): void => {
  const option = "thinking.mode"
  if (family?.thinkingOff === "never") {
    refusals.option(option, "the model always thinks; leave thinking out, and use a lower effort")
  } else if (family?.thinkingOff === "between_tools") {
    refusals.option(option, `the model always thinks; the least is the mode "between_tools"`)
  } else if (family?.thinkingOff === "up to high effort" && greatEffort) {
    refusals.option(option, `thinking can be switched off with an effort of at most "high"`)
  }
}

const refuseFamily = (
  { maxOutputTokens, settings, structured }: Circumstances,
  family: Family,
  refusals: Refusals,
): void => {
  const { betas, effort, strictTools } = settings
  if (effort !== undefined && !family.efforts.includes(effort)) {
    const known = family.efforts.join(", ")
    refusals.option("effort", known === "" ? "the model has no such setting; leave it out" : `the model knows ${known}`)
  }
  // Some betas lift the limit.
  if (maxOutputTokens > family.maxOutputTokens && (betas ?? []).length === 0) {
    refusals.option("maxOutputTokens", `the model generates at most ${family.maxOutputTokens} tokens; ask for less`)
  }
  if (family.structured) return
  if (structured) refusals.option("schema", "the model cannot answer in a schema; use Claude 4.5 or later")
  if (strictTools === true) refusals.option("strictTools", "the model has no strict tools; leave it out")
}

const refuseForcedTool = (
  { forcedTool, settings: { thinking } }: Circumstances,
  family: Family | undefined,
  refusals: Refusals,
): void => {
  if (!forcedTool) return
  if (family?.forcedTools === false) {
    refusals.option(
      "toolChoice",
      `the model cannot be made to call a tool; use "auto", and say in the prompt what to do`,
    )
  }
  if (thinking?.mode === "adaptive" || thinking?.mode === "enabled") {
    refusals.option(
      "toolChoice",
      `a model that thinks cannot be made to call a tool; use "auto", or leave thinking out`,
    )
  }
}
