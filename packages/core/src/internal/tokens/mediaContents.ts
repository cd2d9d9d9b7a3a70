/**
 * What of a request that makes or reads media becomes tokens, and what is billed otherwise.
 */
import { type DecisionModel, Prompt } from "effect/ai"

import { charactersOf } from "../../MediaUsage.ts"
import { type Options } from "../../Operation.ts"
import { type MediaFile } from "../operation/media.ts"
import { secondsOf } from "./media.ts"

/** What is billed otherwise than by tokens. */
export interface Units {
  readonly images?: number | undefined
  readonly characters?: number | undefined
  readonly seconds?: number | undefined
  readonly requests: number
}

export interface MediaContents {
  readonly texts: ReadonlyArray<string>
  readonly files: ReadonlyArray<Prompt.FilePart>
  readonly hasAnswer: boolean
  readonly answers: number
  /** How many tokens each of them has at most, where the caller says so. */
  readonly answerTokens?: number | undefined
  readonly units: Units
}

type Media = Extract<Options, { readonly media: string }>

export const mediaContents = (options: Media): MediaContents => {
  switch (options.media) {
    case "moderation": {
      const { inputs } = options.request
      const texts = inputs.flatMap((input) => (typeof input === "string" ? [input] : []))
      const files = inputs.flatMap((input) => (typeof input === "string" ? [] : [imageOf(input.image)]))
      return { texts, files, hasAnswer: false, answers: 0, units: { requests: 1 } }
    }
    case "images": {
      const { count: asked = 1, images = [], maxTokens, prompt } = options.request
      const count = countable(asked)
      return {
        texts: [prompt],
        files: images.map(fileOf),
        hasAnswer: true,
        answers: count,
        answerTokens: maxTokens === undefined ? undefined : countable(maxTokens),
        units: { requests: 1, images: count },
      }
    }
    case "speech": {
      const { instructions = "", text } = options.request
      const units = { requests: 1, characters: charactersOf(text) }
      return { texts: [text, instructions], files: [], hasAnswer: true, answers: 1, units }
    }
    case "transcription": {
      const { audio, maxSeconds, prompt = "" } = options.request
      const isKnown = maxSeconds !== undefined && maxSeconds >= 0 && maxSeconds <= mostCounted
      const seconds = isKnown ? maxSeconds : secondsOf(fileOf(audio))
      return { texts: [prompt], files: [], hasAnswer: true, answers: 1, units: { requests: 1, seconds } }
    }
    case "decisions":
      return decisionContents(options.request)
  }
}

const mostCounted = 1_000_000

// What is no count is refused before any request, and what is asked of an estimate before that must not fail by it.
const countable = (value: number): number => (Number.isInteger(value) && value >= 0 && value <= mostCounted ? value : 0)

const decisionContents = ({ decisions, images = [], state }: DecisionModel.ProviderOptions): MediaContents => ({
  texts: [JSON.stringify(state), JSON.stringify(decisions)],
  files: images.map(({ image }) => Prompt.filePart({ mediaType: image.mediaType, data: image.data })),
  hasAnswer: true,
  answers: 1,
  units: { requests: 1 },
})

const imageOf = (image: MediaFile | URL): Prompt.FilePart =>
  image instanceof URL ? Prompt.filePart({ mediaType: "image/*", data: image }) : fileOf(image)

const fileOf = ({ data, mediaType }: MediaFile): Prompt.FilePart => Prompt.filePart({ mediaType, data })
