/**
 * How a family of models counts what `o200k_base` would count as one token, and images, sounds and pages.
 */

import * as ProviderName from "../../ProviderName.ts"
import { type Size } from "./imageSize.ts"

export interface TokenFamily {
  /** Tokens of a text over those of `o200k_base`. */
  readonly textFactor: number
  /** What the API adds to a prompt with tools. */
  readonly toolPreamble: number
  /** Tokens of an image; of the largest one that is, if its size is not known. */
  readonly image: (size: Size | undefined) => number
  /** Of a second of sound and of film. */
  readonly soundPerSecond: number
  readonly filmPerSecond: number
  /** The most that one page of a PDF becomes, text and picture. */
  readonly page: number
}

/** A model of which nothing is known: texts as OpenAI's, sounds and films as Google's, which takes the most of them. */
export const unknownFamily = (): TokenFamily => ({ ...openAi(""), soundPerSecond: 32, filmPerSecond: 263 })

/** By the provider's name, or the model's where a gateway stands between. */
export const tokenFamilyOf = ({
  model,
  provider,
}: {
  readonly provider: string
  readonly model: string
}): TokenFamily => {
  if (provider === "anthropic" || model.includes("claude")) return isOlderClaude(model) ? claude : newerClaude
  if (ProviderName.canonical(provider) === "gcp.gemini" || model.includes("gemini"))
    return /gemini-[12]\b/.test(model) ? gemini2 : gemini
  return openAi(model)
}

const isOlderClaude = (model: string): boolean =>
  /claude-(?:2|3|(?:opus|sonnet|haiku)-4(?!-\d\b)|(?:opus|sonnet|haiku)-4-[0-6]\b)/.test(model)

const squares = ({ height, width }: Size, side: number): number => Math.ceil(width / side) * Math.ceil(height / side)

// Images: https://platform.claude.com/docs/en/build-with-claude/vision. A page of a PDF is 1,500 to 3,000 tokens of
// text beside its picture: https://platform.claude.com/docs/en/build-with-claude/pdf-support
const claudeWith = (textFactor: number, maxTokens: number, tokens: (size: Size) => number): TokenFamily => ({
  textFactor,
  toolPreamble: 600,
  image: (size) => (size === undefined ? maxTokens : Math.min(tokens(size), maxTokens)),
  soundPerSecond: 0,
  filmPerSecond: 0,
  page: 3_000 + maxTokens,
})

// The older tokenizer makes 8 to 16 % more of English and code than o200k_base, the one since 4.7 about 30 % more than
// that.
const claude = claudeWith(1.15, 1_600, ({ height, width }) => Math.ceil((width * height) / 750))

const newerClaude = claudeWith(1.45, 4_784, (size) => squares(size, 28))

// https://ai.google.dev/gemini-api/docs/tokens: 258 for a tile of 768 pixels, 32 and 263 for a second.
const unseenTiles = 32

const gemini2: TokenFamily = {
  textFactor: 1,
  toolPreamble: 100,
  image: (size) => 258 * (size === undefined ? unseenTiles : Math.max(squares(size, 384), 1)),
  soundPerSecond: 32,
  filmPerSecond: 300,
  page: 3_000 + 258,
}

// An image is 1,120 tokens at the usual resolution and 2,240 at the highest.
const gemini: TokenFamily = { ...gemini2, image: () => 2_240, page: 3_000 + 2_240 }

// https://developers.openai.com/api/docs/guides/images-vision: squares of 32 pixels times a factor, or tiles of 512
// pixels.
const openAi = (model: string): TokenFamily => ({
  textFactor: 1,
  toolPreamble: 100,
  // Most requests have no image, and then nobody needs to know how the model counts one.
  image: (size) => imageOf(model)(size),
  soundPerSecond: 10,
  filmPerSecond: 0,
  page: 3_000 + 1_700,
})

const imageOf = (model: string): TokenFamily["image"] => {
  if (model.startsWith("gpt-4o-mini")) return tiled(2_833, 5_667)
  if (/^(?:gpt-4o|gpt-4\.1|chatgpt-4o|o\d|gpt-5)(?!.*(?:mini|nano))(?!\.)/.test(model)) return tiled(85, 170)
  return /nano|mini/.test(model) ? patched(2.46, 1_536) : patched(1.72, 10_000)
}

// After it was made to fit into 2,048 pixels and its shorter side into 768, an image has at most eight tiles.
const tiled =
  (base: number, tile: number): TokenFamily["image"] =>
  (size) =>
    base + tile * (size === undefined ? 8 : Math.min(squares(size, 512), 8))

// A nano model counts each square 2.46 times and has at most 1,536 of them; of the rest none counts one more than 1.72
// times.
const patched =
  (factor: number, maxSquares: number): TokenFamily["image"] =>
  (size) =>
    Math.ceil(factor * (size === undefined ? maxSquares : Math.min(squares(size, 32), maxSquares)))
