import { defined, field, record, text } from "@holdfast/core/provider/Json"
import { type Prompt } from "effect/ai"

/** The key of our options and metadata. */
export const key = "google"

/** Reads the options of one part that are addressed to Google. */
export const optionsOf = (holder: { readonly options: Prompt.ProviderOptions }) => {
  const options = record(holder.options[key])
  return {
    thoughtSignature: text(options, "thoughtSignature"),
    callId: text(options, "callId"),
    part: record(field(options, "part")),
    fileUri: text(options, "fileUri"),
    videoMetadata: videoMetadataOf(field(options, "videoMetadata")),
    mediaResolution: resolutionOf(field(options, "mediaResolution")),
  }
}

const videoMetadataOf = (value: unknown) => {
  const fps = field(value, "fps")
  const fields = defined({
    startOffset: text(value, "startOffset"),
    endOffset: text(value, "endOffset"),
    fps: typeof fps === "number" ? fps : undefined,
  })
  return Object.keys(fields).length === 0 ? undefined : fields
}

const resolutionOf = (value: unknown): string | undefined =>
  value === "low" || value === "medium" || value === "high" || value === "ultra_high"
    ? `MEDIA_RESOLUTION_${value.toUpperCase()}`
    : undefined
