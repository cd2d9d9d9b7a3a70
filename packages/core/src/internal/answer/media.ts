/**
 * What is wrong with requests and answers of models that make or read media.
 */
import { isBase64 } from "../../provider/Json.ts"
import { type Content, type MediaKind, type Request } from "../../provider/ProviderMediaModel.ts"

/** The option that no model can take, and why. */
type Wrong = readonly [option: string, explanation: string]

interface Checks<K extends MediaKind> {
  readonly request: (request: Request<K>) => Wrong | undefined
  readonly answer: (content: ReadonlyArray<Content<K>>) => string | undefined
}

export const checks: { readonly [K in MediaKind]: Checks<K> } = {
  moderation: {
    request: ({ inputs }) =>
      inputs.length === 0
        ? ["inputs", "there is nothing to judge; give at least one text or image"]
        : inputs.includes("")
          ? ["inputs", "an empty text cannot be judged; leave it out"]
          : undefined,
    answer: (content) => (content.length === 1 ? undefined : `${content.length} judgements of one content`),
  },
  images: {
    request: ({ count = 1, maxTokens = 0, prompt }) => {
      if (prompt.trim() === "") return ["prompt", "there is nothing to draw; say what the image is to show"]
      if (!isCount(count) || count < 1)
        return ["count", `it must be a whole number from 1 to a million, and is ${count}`]
      return isCount(maxTokens)
        ? undefined
        : ["maxTokens", `it must be a whole number up to a million, and is ${maxTokens}`]
    },
    answer: (content) => bytesMistake("image", content),
  },
  speech: {
    request: ({ text }) =>
      text.trim() === "" ? ["text", "there is nothing to say; give a text that is not empty"] : undefined,
    answer: (content) => bytesMistake("sound", content),
  },
  transcription: {
    request: ({ audio, maxSeconds = 0 }) =>
      audio.data.byteLength === 0
        ? ["audio", "there are no bytes in it"]
        : maxSeconds >= 0 && maxSeconds <= 1_000_000
          ? undefined
          : ["maxSeconds", `it must be a number of seconds, and is ${maxSeconds}`],
    // Of silence there is nothing to write down, so the text may be empty.
    answer: (content) => (content.length === 1 ? undefined : `${content.length} transcripts of one sound`),
  },
  decisions: {
    request: ({ decisions }) =>
      Object.keys(decisions).length === 0 ? ["decisions", "there is nothing to decide"] : undefined,
    // Each of them is checked by `effect/ai`, and one that is missing is its own failure.
    answer: () => undefined,
  },
}

// What is estimated before a request must be a number that can be multiplied.
const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 1_000_000

const bytesMistake = (what: string, content: ReadonlyArray<{ readonly data: string }>): string | undefined => {
  if (content.length === 0) return `an answer without any ${what}`
  if (content.some(({ data }) => data === "")) return `an empty ${what}`
  return content.every(({ data }) => isBase64(data)) ? undefined : `${what} that is not base64`
}
