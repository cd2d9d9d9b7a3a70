/**
 * Which options of Google's on parts of a prompt cannot be taken.
 */
import { field, record } from "@holdfast/core/provider/Json"
import { refuseEach } from "@holdfast/core/provider/PromptOptions"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { type Prompt } from "effect/ai"

import { key } from "./promptOptions.ts"

/** Refuses the options that cannot be taken, each with the place of its message. */
export const refusePromptOptions = (prompt: Prompt.Prompt, refusals: Refusals): void =>
  refuseEach(prompt, (holder, at) => {
    if ("mediaType" in holder) refuseFile(holder, `prompt[${at}].file`, refusals)
  })

const resolutions = new Set<unknown>(["low", "medium", "high", "ultra_high"])
const mostFrames = 24

const refuseFile = (part: Prompt.FilePart, file: string, refusals: Refusals): void => {
  const options = record(part.options[key])
  const resolution = field(options, "mediaResolution") ?? undefined
  if (resolution !== undefined && !resolutions.has(resolution)) {
    refusals.option(`${file}.mediaResolution`, `it is one of ${[...resolutions].join(", ")}`)
  }
  const video = record(field(options, "videoMetadata"))
  if (video === undefined) return
  // The kind of a video on YouTube need not be known.
  if (!/^video\/|\*/.test(part.mediaType)) refusals.option(`${file}.videoMetadata`, "only videos have it; leave it out")
  const frames = field(video, "fps") ?? undefined
  if (frames !== undefined && !(typeof frames === "number" && frames > 0 && frames <= mostFrames)) {
    refusals.option(`${file}.videoMetadata.fps`, `it is a number above 0, and at most ${mostFrames}`)
  }
}
