/**
 * Which options of OpenAI's on messages and parts of a prompt a model, or the API, cannot take.
 */
import { field, record } from "@holdfast/core/provider/Json"
import { type Message, refuseEach } from "@holdfast/core/provider/PromptOptions"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { type Prompt } from "effect/ai"

import { familyOf } from "../family.ts"

/** What decides over the options. */
export interface PromptCircumstances {
  /** The key of the options on messages and parts. */
  readonly key: string
  readonly model: string
  readonly refusals: Refusals
}

/** Refuses the options that cannot be taken, each with the place of its message. */
export const refusePromptOptions = (prompt: Prompt.Prompt, circumstances: PromptCircumstances): void =>
  refuseEach(prompt, (holder, at, { role }) => {
    const options = record(holder.options[circumstances.key])
    if (options === undefined) return
    const breakpoint = field(options, "promptCacheBreakpoint")
    refuseBreakpoint(breakpoint, role, `prompt[${at}].promptCacheBreakpoint`, circumstances)
    const detail = field(options, "imageDetail")
    if (detail === undefined || detail === null) return
    const option = `prompt[${at}].imageDetail`
    const isImage = "mediaType" in holder && holder.mediaType.startsWith("image/")
    if (!isImage) circumstances.refusals.option(option, "only images have it; leave it out")
    if (!details.has(detail)) circumstances.refusals.option(option, `it is one of ${[...details].join(", ")}`)
  })

const details = new Set<unknown>(["auto", "low", "high", "original"])

const refuseBreakpoint = (
  value: unknown,
  role: Message["role"],
  option: string,
  { model, refusals }: PromptCircumstances,
): void => {
  if (value === undefined || value === null || value === false) return
  const ttl = field(value, "ttl")
  if (value !== true && (record(value) === undefined || (ttl !== undefined && ttl !== "30m" && ttl !== "12h"))) {
    refusals.option(option, `it is true, or names a ttl of "30m" or "12h"`)
  }
  if (role === "assistant") {
    refusals.option(option, "no cached prefix ends in what the model said; mark what the user or a tool said")
  }
  if (familyOf(model).breakpoints === false) refusals.option(option, withoutBreakpoints)
}

/** Why a model cannot be told what to cache. */
export const withoutBreakpoints = "models before gpt-5.6 cache by themselves, and cannot be told; leave it out"
