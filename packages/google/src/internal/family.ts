import { type ThinkingLevel } from "./settings.ts"

/**
 * What is known of Google's models by their names. Nothing is assumed of names that are not known, and nothing of
 * aliases such as `gemini-flash-latest`, whose model changes.
 */
export interface Family {
  /** 2.5 of `gemini-2.5-pro`. */
  readonly generation: number | undefined
  /** The levels of thinking that can be chosen. None if it goes by a budget, undefined if that is not known. */
  readonly levels: ReadonlyArray<ThinkingLevel> | undefined
  /** The budgets of thinking that can be chosen, besides -1. None if it goes by level, undefined if that is not known. */
  readonly budget: Budget | "none" | undefined
}

/** Whether thinking can be switched off, and the bounds otherwise. Tokens. */
interface Budget {
  readonly off: boolean
  readonly least: number
  readonly most: number
}

const unknown: Family = { generation: undefined, levels: undefined, budget: undefined }

/** Reads `gemini-3.8-flash`, `models/gemini-2.5-pro-preview-06-05`, `google/gemini-4-argon`. */
export const familyOf = (model: string): Family => {
  const name = model.replace(/^(?:models|google)\//, "")
  // https://ai.google.dev/gemma/docs/capabilities/thinking
  if (name.startsWith("gemma-4-")) return { ...unknown, levels: ["minimal", "high"], budget: "none" }
  const match = /^gemini-(\d{1,2}(?:\.\d{1,2})?)-(.+)$/.exec(name)
  if (match === null) return unknown
  const generation = Number(match[1])
  const kind = match[2] ?? ""
  if (generation >= 3) return { generation, levels: levelsOf(generation, kind), budget: "none" }
  return { generation, levels: [], budget: budgetOf(generation, kind) }
}

const all: ReadonlyArray<ThinkingLevel> = ["minimal", "low", "medium", "high"]
const notMinimal = all.slice(1)

// https://ai.google.dev/gemini-api/docs/thinking, https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/thinking
const levelsOf = (generation: number, kind: string): ReadonlyArray<ThinkingLevel> | undefined => {
  if (/image|tts|audio|live|transcribe|computer/.test(kind)) return undefined
  if (generation >= 4) return notMinimal
  if (/^pro\b/.test(kind)) return generation === 3 ? ["low", "high"] : notMinimal
  if (/^flash(?!-lite)\b/.test(kind) && generation >= 3.7) return notMinimal
  return /^flash\b/.test(kind) ? all : undefined
}

const budgetOf = (generation: number, kind: string): Budget | "none" | undefined => {
  if (generation < 2.5) return /thinking/.test(kind) ? undefined : "none"
  if (/image|tts|audio|live|computer/.test(kind)) return undefined
  if (/^pro\b/.test(kind)) return { off: false, least: 128, most: 32_768 }
  if (/^flash-lite\b/.test(kind)) return { off: true, least: 512, most: 24_576 }
  return /^flash\b/.test(kind) ? { off: true, least: 1, most: 24_576 } : undefined
}

/** Whether a model is known to be older than a generation. */
export const isBefore = (model: string, generation: number): boolean => {
  const known = familyOf(model).generation
  return known !== undefined && known < generation
}

/** Whether a model is known to be of a generation or later. */
export const isFrom = (model: string, generation: number): boolean => {
  const known = familyOf(model).generation
  return known !== undefined && known >= generation
}

/** Whether a model may sign its thoughts: Gemini from 2.5 on, and aliases such as `gemini-flash-latest`. */
export const thinks = (model: string): boolean => /\bgemini-/.test(model) && !isBefore(model, 2.5)
