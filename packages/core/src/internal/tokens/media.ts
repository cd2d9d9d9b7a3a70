/**
 * How many tokens the files of a prompt are.
 */

import { Result } from "effect"
import { type Prompt } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

import { type TokenFamily } from "./family.ts"
import { imageSize } from "./imageSize.ts"
import { textTokens } from "./text.ts"

/** What cannot be bounded by what the prompt says. */
export type Doubt = "linkedFile" | "document" | "sound" | "film"

export interface MediaTokens {
  readonly input: number
  /** What `input` cannot exceed, if it is text; the same as `input` otherwise. */
  readonly inputAtMost: number
  readonly audioInput: number
  readonly imageInput: number
  /** What all of it mostly is; `input`, `audioInput` and `imageInput` are rarely exceeded. */
  readonly likely: number
  readonly doubt: Doubt | undefined
}

const none: MediaTokens = {
  input: 0,
  inputAtMost: 0,
  audioInput: 0,
  imageInput: 0,
  likely: 0,
  doubt: undefined,
}

const pages = (tokens: number, likely: number, doubt: Doubt): MediaTokens => ({
  ...none,
  input: tokens,
  inputAtMost: tokens,
  likely,
  doubt,
})

export const mediaTokens = (file: Prompt.FilePart, family: TokenFamily): MediaTokens => {
  const content = contentOf(file)
  if (file.mediaType.startsWith("image/")) return image(content, family)
  if (content === undefined) return pages(unseen, usualUnseen, "linkedFile")
  const { bytes } = content
  if (file.mediaType.startsWith("audio/")) {
    const stated = statedBytes(content.head)
    return {
      ...none,
      audioInput: Math.ceil(bytes / (stated ?? soundBytes.least)) * family.soundPerSecond,
      likely: (bytes / (stated ?? soundBytes.usual)) * family.soundPerSecond,
      doubt: "sound",
    }
  }
  if (file.mediaType.startsWith("video/")) {
    return {
      ...none,
      imageInput: Math.ceil(bytes / filmBytes.least) * family.filmPerSecond,
      likely: (bytes / filmBytes.usual) * family.filmPerSecond,
      doubt: "film",
    }
  }
  if (file.mediaType === "application/pdf") {
    return pages(
      Math.ceil(bytes / pageBytes.least) * family.page,
      Math.ceil(bytes / pageBytes.usual) * usualPage,
      "document",
    )
  }
  return {
    ...none,
    input: Math.ceil((bytes / bytesOfToken.least) * family.textFactor),
    inputAtMost: bytes,
    likely: (bytes / bytesOfToken.usual) * family.textFactor,
  }
}

/** How long a sound is at most, in whole seconds. */
export const secondsOf = (file: Prompt.FilePart): number => {
  const content = contentOf(file)
  return content === undefined ? 0 : Math.ceil(content.bytes / (statedBytes(content.head) ?? soundBytes.least))
}

const image = (content: Content | undefined, family: TokenFamily): MediaTokens => {
  const size = content === undefined ? undefined : imageSize(content.head)
  const imageInput = family.image(size)
  return { ...none, imageInput, likely: size === undefined ? Math.min(imageInput, usualUnseen) : imageInput }
}

/** For a file that is only linked to: as many tokens as a few pages. */
const unseen = 10_000
const usualUnseen = 1_600

// A quarter of a token for a byte, and a third more where it is to be a bound, as nothing is learnt of files.
const bytesOfToken = { least: 3, usual: 4 }

// A page with text and nothing else takes about as many bytes as the least; one with pictures more.
const pageBytes = { least: 20_000, usual: 50_000 }
const usualPage = 2_000

// Bytes of a second: speech at 16 kbit/s and film at 200 kbit/s, less is rarely sent; mostly it is 128 kbit/s and 2 Mbit/s.
const soundBytes = { least: 2_000, usual: 16_000 }
const filmBytes = { least: 25_000, usual: 250_000 }

/** Bytes of a second, if it is a WAV that says so. */
const statedBytes = (head: Uint8Array): number | undefined => {
  const isWave = head.length >= 32 && head[0] === 0x52 && head[1] === 0x49 && head[8] === 0x57 && head[9] === 0x41
  const stated = isWave ? new DataView(head.buffer, head.byteOffset).getUint32(28, true) : 0
  return stated >= soundBytes.least ? stated : undefined
}

interface Content {
  readonly bytes: number
  /** The beginning, where formats say what they are. */
  readonly head: Uint8Array
}

/** How much of a file is looked at. JPEGs have their size behind previews and colour profiles. */
const headLength = 65_536

const contentOf = ({ data }: Prompt.FilePart): Content | undefined => {
  if (data instanceof Uint8Array) return { bytes: data.byteLength, head: data.subarray(0, headLength) }
  const text = data instanceof URL ? data.href : data
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text.slice(0, 20))) return undefined
  const start = text.startsWith("data:") ? text.indexOf(",") + 1 : 0
  const base64 = text.length - start
  const cut = text.slice(start, start + Math.min(Math.floor(headLength / 3) * 4, base64 - (base64 % 4)))
  const head = Base64.decode(cut)
  // What is no base64 is text, as in some data URLs.
  return Result.isSuccess(head)
    ? { bytes: Math.ceil(base64 * 0.75), head: head.success }
    : { bytes: textTokens(text).atMost, head: new Uint8Array() }
}
