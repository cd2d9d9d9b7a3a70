import { type Json } from "../dialect.ts"
import { at, type Habits, items, words, zeros, without } from "./events.ts"

const candidateOf = (chunk: Json): Json | undefined => items(chunk, "candidates")[0]

const withCandidate = (chunk: Json, fields: Json): Json => {
  const candidate = candidateOf(chunk)
  return candidate === undefined ? chunk : { ...chunk, candidates: [{ ...candidate, ...fields }] }
}

const partsOf = (chunk: Json): ReadonlyArray<Json> => items(at(candidateOf(chunk), "content"), "parts")

const withParts = (chunk: Json, parts: ReadonlyArray<Json>): Json =>
  withCandidate(chunk, { content: { ...at(candidateOf(chunk), "content"), parts } })

const written = (part: Json): Json => {
  const call = at(part, "functionCall")
  return "functionCall" in part ? { ...part, functionCall: { ...call, args: JSON.stringify(call["args"]) } } : part
}

const merged = (chunks: ReadonlyArray<Json>): ReadonlyArray<Json> => {
  const last = chunks.at(-1)
  return last === undefined ? chunks : [withParts(last, chunks.flatMap(partsOf))]
}

const inEach =
  (change: (chunk: Json, index: number, all: ReadonlyArray<Json>) => Json) => (chunks: ReadonlyArray<Json>) =>
    chunks.map(change)

const isLast = (index: number, all: ReadonlyArray<Json>): boolean => index === all.length - 1

const arguments_ = (chunk: Json): Json => withParts(chunk, partsOf(chunk).map(written))

/** Habits of Gemini, whose usage is cumulative anyway. */
export const googleHabits: Habits = {
  stream: {
    finishInEveryEvent: inEach((chunk) => withCandidate(chunk, { finishReason: "STOP" })),
    finishFirst: inEach((chunk, index) => (index === 0 ? withCandidate(chunk, { finishReason: "STOP" }) : chunk)),
    unspecifiedFinish: inEach((chunk, index, all) =>
      isLast(index, all)
        ? chunk
        : {
            ...withCandidate(chunk, { finishReason: "FINISH_REASON_UNSPECIFIED" }),
            promptFeedback: { blockReason: "BLOCK_REASON_UNSPECIFIED" },
          },
    ),
    answerAtEnd: merged,
    otherArguments: inEach(arguments_),
    changingIds: inEach((chunk, index) => ({ ...chunk, responseId: `${words(chunk, "responseId")}-${index}` })),
    withoutIds: inEach((chunk) => without(chunk, "responseId")),
    zeroUsage: inEach((chunk, index, all) =>
      isLast(index, all) ? chunk : { ...chunk, usageMetadata: zeros(at(chunk, "usageMetadata")) },
    ),
  },
  whole: { otherArguments: arguments_, withoutIds: (body) => without(body, "responseId") },
}
