/**
 * The files of a prompt, wherever their bytes are.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import { type Prompt } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

import { isUploaded } from "../UploadedFile.ts"
import { fromDataUrl } from "./Json.ts"
import { type Refusals } from "./Refusals.ts"

/**
 * Where the bytes of a file are.
 *
 * @since 0.1.0
 * @category models
 */
export type Media =
  | { readonly _tag: "Url"; readonly url: string }
  | { readonly _tag: "Inline"; readonly mediaType: string; readonly base64: string; readonly dataUrl: string }
  | { readonly _tag: "FileId"; readonly id: string }

/**
 * Reads the data of a file part: bytes, base64, a `data:` URL, a link, or the id of an uploaded file in the part's
 * options.
 *
 * @since 0.1.0
 * @category conversions
 */
export const mediaOf = (part: Prompt.FilePart, fileId: string | undefined): Media => {
  if (fileId !== undefined) return { _tag: "FileId", id: fileId }
  const { data } = part
  if (data instanceof URL) return fromText(data.href, part.mediaType)
  return Predicate.isString(data) ? fromText(data, part.mediaType) : inline(part.mediaType, Base64.encode(data))
}

/**
 * Refuses a link that no provider can follow, such as `file:`. Links of a vendor's own, such as `gs:`, are to be looked at
 * before.
 *
 * @since 0.1.0
 * @category guards
 */
export const refuseUnreadable = (part: Prompt.FilePart, option: string, refusals: Refusals, fileId?: string): void => {
  const { data } = part
  if (fileId !== undefined) return
  if (isUploaded(data)) return refusals.option(option, uploadedElsewhere)
  if (data instanceof URL && !/^(?:https?|data):$/.test(data.protocol)) {
    refusals.option(option, `"${data.protocol}" URLs cannot be read by the provider; give the bytes or an https link`)
  }
}

/**
 * Why a provider cannot read a file that is at another one.
 *
 * @since 0.1.0
 * @category constants
 */
export const uploadedElsewhere =
  "the file is uploaded at another provider only; upload it here, too, and give UploadedFile.part both"

/**
 * `image/*` says nothing that a `data:` URL could say; JPEG is what the APIs make of it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const concrete = (mediaType: string): string => (mediaType === "image/*" ? "image/jpeg" : mediaType)

const fromText = (data: string, mediaType: string): Media => {
  if (/^https?:\/\//i.test(data)) return { _tag: "Url", url: data }
  const base64 = fromDataUrl(data)
  if (base64 !== undefined) return inline(base64.mediaType, base64.data)
  const [head, stated] = percentEncoded.exec(data) ?? []
  if (head === undefined) return inline(mediaType, data)
  return inline(stated ?? mediaType, Base64.encode(decoded(data.slice(head.length))))
}

const percentEncoded = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[^,;]*)*,/i

/** The bytes of the data of a URL that is not in base64 (RFC 2397). */
const decoded = (text: string): Uint8Array => {
  const escaped = new TextEncoder().encode(text)
  const bytes: Array<number> = []
  for (let index = 0; index < escaped.length; index++) {
    const digits = escaped[index] === percent ? String.fromCharCode(...escaped.subarray(index + 1, index + 3)) : ""
    const isByte = /^[\da-f]{2}$/i.test(digits)
    bytes.push(isByte ? Number.parseInt(digits, 16) : (escaped[index] ?? 0))
    if (isByte) index += 2
  }
  return Uint8Array.from(bytes)
}

const percent = 0x25

const inline = (mediaType: string, base64: string): Media => {
  const type = concrete(mediaType)
  return { _tag: "Inline", mediaType: type, base64, dataUrl: `data:${type};base64,${base64}` }
}

const extensions: Readonly<Record<string, string>> = {
  "application/pdf": "pdf",
  "text/plain": "txt",
  "text/markdown": "md",
  "text/csv": "csv",
  "text/html": "html",
  "application/json": "json",
}

/**
 * A name for a file that came without one. The APIs ask for it.
 *
 * @since 0.1.0
 * @category getters
 */
export const fileNameOf = (part: Prompt.FilePart, position: number): string =>
  part.fileName ?? `file-${position}.${extensions[part.mediaType] ?? part.mediaType.replace(/^.*[/.+-]/, "")}`
