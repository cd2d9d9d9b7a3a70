/**
 * From a file of a prompt to a block of a message.
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { defined } from "@holdfast/core/provider/Json"
import { type Media, mediaOf, refuseUnreadable } from "@holdfast/core/provider/Media"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { Result } from "effect"
import { type Prompt } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

import { marked } from "./cache.ts"
import { optionsOf } from "./promptOptions.ts"

type Image = Anthropic.ImageBlockParam
type Document = Anthropic.DocumentBlockParam

/** What files need to know of the request. */
export interface FileContext {
  /** The path of the message, for refusals. */
  readonly at: number
  /** Whether the answer has a schema. */
  readonly structured: boolean
  readonly refusals: Refusals
}

/** A file as a block, or nothing if the model cannot be shown it. */
export const fileBlock = (
  part: Prompt.FilePart,
  context: FileContext,
): Image | Document | Anthropic.ContainerUploadBlockParam | undefined => {
  const options = optionsOf(part)
  refuseUnreadable(part, `prompt[${context.at}].file`, context.refusals)
  const media = mediaOf(part, options.fileId)
  if (options.containerUpload) {
    if (media._tag === "FileId") {
      return { type: "container_upload", file_id: media.id, ...marked(options.cacheControl) }
    }
    return refuse(part, "only an uploaded file can be put into a container; upload it, and give its fileId", context)
  }
  return part.mediaType.startsWith("image/") ? imageBlock(part, media, context) : documentBlock(part, media, context)
}

const images = ["image/jpeg", "image/png", "image/gif", "image/webp"] as const

const imageBlock = (part: Prompt.FilePart, media: Media, context: FileContext): Image | undefined => {
  const { cacheControl, oversizedImage } = optionsOf(part)
  const source = imageSource(part, media, context)
  if (source === undefined) return undefined
  return {
    type: "image",
    source,
    ...(oversizedImage === undefined ? undefined : { transformations: { oversized_image: oversizedImage } }),
    ...marked(cacheControl),
  }
}

const imageSource = (part: Prompt.FilePart, media: Media, context: FileContext): Image["source"] | undefined => {
  if (media._tag === "FileId") return { type: "file", file_id: media.id }
  if (media._tag === "Url") return { type: "url", url: media.url }
  const type = part.mediaType === "image/*" ? sniffed(media.base64, media.mediaType) : jpeg(media.mediaType)
  const known = images.find((image) => image === type)
  return known === undefined
    ? refuse(part, "images are taken as JPEG, PNG, WebP or GIF; convert it", context)
    : { type: "base64", media_type: known, data: media.base64 }
}

const jpeg = (mediaType: string): string => (mediaType === "image/jpg" ? "image/jpeg" : mediaType)

// The API refuses an image that is not what it is said to be.
const sniffed = (base64: string, otherwise: string): string => {
  if (base64.startsWith("iVBORw0KGgo")) return "image/png"
  if (base64.startsWith("R0lGOD")) return "image/gif"
  return base64.startsWith("UklGR") ? "image/webp" : jpeg(otherwise)
}

const documentBlock = (part: Prompt.FilePart, media: Media, context: FileContext): Document | undefined => {
  const { cacheControl, documentCitations, documentContext, documentTitle } = optionsOf(part)
  if (documentCitations === true && context.structured) {
    return refuse(part, "citations cannot be combined with a schema; leave one of them out", context)
  }
  const source = documentSource(part, media, context)
  if (source === undefined) return undefined
  return {
    type: "document",
    source,
    ...defined({
      title: documentTitle ?? part.fileName,
      context: documentContext,
      citations: documentCitations === undefined ? undefined : { enabled: documentCitations },
    }),
    ...marked(cacheControl),
  }
}

const documentSource = (part: Prompt.FilePart, media: Media, context: FileContext): Document["source"] | undefined => {
  if (media._tag === "FileId") return { type: "file", file_id: media.id }
  if (/^(?:audio|video)\//.test(part.mediaType)) {
    return refuse(part, "Claude takes neither audio nor video; send a transcript, or pictures", context)
  }
  if (part.mediaType === "application/pdf") {
    return media._tag === "Url"
      ? { type: "url", url: media.url }
      : { type: "base64", media_type: "application/pdf", data: media.base64 }
  }
  if (!isText(part.mediaType)) {
    return refuse(part, "documents are taken as PDF or text; convert it", context)
  }
  if (media._tag === "Url") {
    return refuse(part, "only images and PDFs are fetched from links; send the text itself", context)
  }
  const decoded = Base64.decodeString(media.base64)
  return Result.isSuccess(decoded)
    ? { type: "text", media_type: "text/plain", data: decoded.success }
    : refuse(part, "its data is not base64", context)
}

const isText = (mediaType: string): boolean =>
  /^text\/|^application\/(?:json|xml|yaml|x-yaml|toml|javascript|x-ndjson|sql)\b|\+(?:json|xml|yaml)\b/.test(mediaType)

const refuse = ({ mediaType }: Prompt.FilePart, why: string, { at, refusals }: FileContext): undefined => {
  refusals.option(`prompt[${at}].file.${mediaType}`, why)
  return undefined
}
