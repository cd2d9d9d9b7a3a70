/**
 * What is the same for policies in all operations that make or read media: an answer is one whole, of a few large parts.
 */
import { type Kind, type Operation, type Part } from "../../Operation.ts"
import { ofMedia } from "../../TokenEstimate.ts"
import { contentsOf } from "../tokens/contents.ts"
import { anyOperation } from "./any.ts"

type MediaKinds = "moderation" | "images" | "speech" | "transcription" | "decisions"

interface Content<K extends Kind> {
  readonly name: K
  /** The type of the parts that are content. */
  readonly content: Part<K>["type"]
  /** The size of such a part; characters of base64 for bytes. */
  readonly sizeOf: (part: Part<K>) => number
}

const mediaOperation = <K extends MediaKinds>({ content, name, sizeOf }: Content<K>): Operation<K> => ({
  name,
  isContent: ({ type }) => type === content,
  usageOf: (part) => (part.type === "finish" ? part.usage : undefined),
  sizeOf: (part) => (part.type === content ? sizeOf(part) : 0),
  // What an answer takes is counted by the vendor, or not at all.
  weightOf: () => 0,
  estimate: (options, source) => ofMedia(options, source),
  sizeOfRequest: (options) => contentsOf(options).texts.reduce((characters, text) => characters + text.length, 0),
  // What a caller says of bounds decides no answer.
  fingerprint: ({ request }) => ({ ...request, maxTokens: undefined, maxSeconds: undefined }),
})

const lengthOf = (part: object, field: "data" | "text"): number => {
  const value = (part as Readonly<Record<string, unknown>>)[field]
  return typeof value === "string" ? value.length : 0
}

/** What a moderation asks and answers. */
export const moderation: Operation<"moderation"> = mediaOperation({
  name: "moderation",
  content: "moderation",
  sizeOf: () => 1,
})

/** What a request for images asks and answers. */
export const images: Operation<"images"> = mediaOperation({
  name: "images",
  content: "image",
  sizeOf: (part) => lengthOf(part, "data"),
})

/** What a request for speech asks and answers. */
export const speech: Operation<"speech"> = mediaOperation({
  name: "speech",
  content: "audio",
  sizeOf: (part) => lengthOf(part, "data"),
})

/** What a request for a transcript asks and answers. */
export const transcription: Operation<"transcription"> = mediaOperation({
  name: "transcription",
  content: "transcript",
  sizeOf: (part) => lengthOf(part, "text"),
})

/** What a request for decisions asks and answers. */
export const decisions: Operation<"decisions"> = mediaOperation({
  name: "decisions",
  content: "decision",
  sizeOf: () => 1,
})

/** All of them, by what their options are marked with. */
export const mediaOperations: Readonly<Record<MediaKinds, Operation<Kind>>> = {
  moderation: anyOperation(moderation),
  images: anyOperation(images),
  speech: anyOperation(speech),
  transcription: anyOperation(transcription),
  decisions: anyOperation(decisions),
}
