import { type Json } from "../dialect.ts"
import { at, type Habits, items, share, words, zeros, without } from "./events.ts"

const choiceOf = (chunk: Json): Json | undefined => items(chunk, "choices")[0]

const withChoice = (chunk: Json, fields: Json): Json => {
  const choice = choiceOf(chunk)
  return choice === undefined ? chunk : { ...chunk, choices: [{ ...choice, ...fields }] }
}

const finishOf = (chunks: ReadonlyArray<Json>): unknown =>
  chunks.map((chunk) => choiceOf(chunk)?.["finish_reason"]).findLast((reason) => typeof reason === "string")

const hasUsage = (chunk: Json): boolean => Object.keys(at(chunk, "usage")).length > 0

const usageOf = (chunks: ReadonlyArray<Json>): Json => at(chunks.find(hasUsage), "usage")

const joined = (deltas: ReadonlyArray<Json>, key: string): string => deltas.map((delta) => words(delta, key)).join("")

/** The calls of all deltas, each in one piece. */
const calls = (deltas: ReadonlyArray<Json>): ReadonlyArray<Json> => {
  const found: Array<Json> = []
  for (const call of deltas.flatMap((delta) => items(delta, "tool_calls"))) {
    const index = Number(call["index"])
    const known = found[index]
    const { arguments: piece } = at(call, "function")
    const called = at(known ?? call, "function")
    const written = `${words(at(known, "function"), "arguments")}${typeof piece === "string" ? piece : ""}`
    found[index] = { ...(known ?? call), function: { ...called, arguments: written } }
  }
  return found
}

const parsed = (call: Json): Json => {
  const called = at(call, "function")
  return { ...call, function: { ...called, arguments: JSON.parse(words(called, "arguments") || "{}") as unknown } }
}

/** All chunks with a choice as one. */
const merged = (chunks: ReadonlyArray<Json>): ReadonlyArray<Json> => {
  const [first] = chunks
  if (first === undefined) return chunks
  const deltas = chunks.map((chunk) => at(choiceOf(chunk), "delta"))
  const toolCalls = calls(deltas)
  const delta = {
    role: "assistant",
    content: joined(deltas, "content"),
    ...(joined(deltas, "reasoning_content") === "" ? {} : { reasoning_content: joined(deltas, "reasoning_content") }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
  }
  const rest = chunks.filter((chunk) => choiceOf(chunk) === undefined)
  return [withChoice(first, { delta, finish_reason: finishOf(chunks) }), ...rest]
}

/** Each call in one piece, where its first was. */
const withCalls = (chunks: ReadonlyArray<Json>, change: (call: Json) => Json): ReadonlyArray<Json> => {
  const whole = calls(chunks.map((chunk) => at(choiceOf(chunk), "delta")))
  return chunks.flatMap((chunk) => {
    const delta = at(choiceOf(chunk), "delta")
    const pieces = items(delta, "tool_calls")
    if (pieces.length === 0) return [chunk]
    const begun = pieces
      .filter((call) => typeof call["id"] === "string")
      .map((call) => whole[Number(call["index"])] ?? call)
    return begun.length === 0 ? [] : [withChoice(chunk, { delta: { ...delta, tool_calls: begun.map(change) } })]
  })
}

const inEach =
  (change: (chunk: Json, index: number, all: ReadonlyArray<Json>) => Json) => (chunks: ReadonlyArray<Json>) =>
    chunks.map(change)

/** Habits on Chat Completions. */
export const chatHabits: Habits = {
  stream: {
    finishInEveryEvent: inEach((chunk, _, all) => withChoice(chunk, { finish_reason: finishOf(all) })),
    finishFirst: inEach((chunk, index) => (index === 0 ? withChoice(chunk, { finish_reason: "stop" }) : chunk)),
    unspecifiedFinish: inEach((chunk) =>
      typeof choiceOf(chunk)?.["finish_reason"] === "string" ? chunk : withChoice(chunk, { finish_reason: "" }),
    ),
    answerAtEnd: merged,
    otherArguments: (chunks) => withCalls(chunks, parsed),
    changingIds: inEach((chunk, index) => ({ ...chunk, id: `${words(chunk, "id")}-${index}` })),
    withoutIds: inEach((chunk) => without(chunk, "id")),
    oneIndex: (chunks) => withCalls(chunks, (call) => ({ ...call, index: 0 })),
    zeroUsage: inEach((chunk, _, all) => (hasUsage(chunk) ? chunk : { ...chunk, usage: zeros(usageOf(all)) })),
    cumulativeUsage: inEach((chunk, index, all) =>
      hasUsage(chunk) ? chunk : { ...chunk, usage: share(usageOf(all), index, all.length) },
    ),
  },
  whole: {
    otherArguments: (body) => {
      const message = at(choiceOf(body), "message")
      const found = items(message, "tool_calls")
      return found.length === 0 ? body : withChoice(body, { message: { ...message, tool_calls: found.map(parsed) } })
    },
    withoutIds: (body) => without(body, "id"),
  },
}
