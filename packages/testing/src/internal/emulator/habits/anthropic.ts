import { type Json } from "../dialect.ts"
import { at, type Habits, items, over, words, zeros, without } from "./events.ts"

type Events = ReadonlyArray<Json>

const isType =
  (type: string) =>
  (event: Json): boolean =>
    event["type"] === type

const inMessage = (events: Events, change: (message: Json, events: Events) => Json): Events =>
  events.map((event) =>
    isType("message_start")(event)
      ? { ...event, message: { ...at(event, "message"), ...change(at(event, "message"), events) } }
      : event,
  )

const stopReason = (events: Events): unknown => at(events.find(isType("message_delta")), "delta")["stop_reason"]

const deltasOf = (events: Events, index: unknown): Events =>
  events
    .filter((event) => isType("content_block_delta")(event) && event["index"] === index)
    .map((event) => at(event, "delta"))

const argumentsOf = (deltas: Events): unknown =>
  JSON.parse(deltas.map((delta) => words(delta, "partial_json")).join("") || "{}")

/** A block as it is at its end. */
const whole = (events: Events, start: Json): Json => {
  const block = at(start, "content_block")
  const deltas = deltasOf(events, start["index"])
  const joined = (key: string): string => deltas.map((delta) => words(delta, key)).join("")
  switch (block["type"]) {
    case "text":
      return { ...block, text: joined("text") }
    case "thinking":
      return { ...block, thinking: joined("thinking"), signature: joined("signature") }
    case "tool_use":
      return { ...block, input: argumentsOf(deltas) }
    default:
      return block
  }
}

/** All blocks with the beginning of the message. */
const atEnd = (events: Events): Events =>
  inMessage(
    events.filter((event) => !words(event, "type").startsWith("content_block")),
    () => ({ content: events.filter(isType("content_block_start")).map((start) => whole(events, start)) }),
  )

const writtenInputs = (body: Json): Json => ({
  content: items(body, "content").map((block) =>
    block["type"] === "tool_use" ? over(block, { input: JSON.stringify(block["input"]) }) : block,
  ),
})

/** The arguments of each call in one piece, which is no text; or as a text where they are in the message. */
const parsed = (events: Events): Events =>
  inMessage(events, writtenInputs).flatMap((event) => {
    const delta = at(event, "delta")
    if (delta["type"] !== "input_json_delta") return [event]
    if (delta["partial_json"] !== "") return []
    const partial_json = argumentsOf(deltasOf(events, event["index"]))
    return [{ ...event, delta: { ...delta, partial_json } }]
  })

const usageOf = (events: Events): Json => at(at(events.find(isType("message_start")), "message"), "usage")

/** All counts come with the end. */
const lateUsage = (events: Events): Events =>
  inMessage(events, (message) => ({ usage: zeros(at(message, "usage")) })).map((event) =>
    isType("message_delta")(event) ? over(event, { usage: over(usageOf(events), at(event, "usage")) }) : event,
  )

/** Habits of Messages. */
export const anthropicHabits: Habits = {
  stream: {
    finishInEveryEvent: (events) => inMessage(events, () => ({ stop_reason: stopReason(events) })),
    finishFirst: (events) => inMessage(events, () => ({ stop_reason: "end_turn" })),
    unspecifiedFinish: (events) => inMessage(events, () => ({ stop_reason: "" })),
    answerAtEnd: atEnd,
    otherArguments: parsed,
    withoutIds: (events) =>
      events.map((event) => {
        if (!isType("message_start")(event)) return event
        return { ...event, message: without(at(event, "message"), "id") }
      }),
    oneIndex: (events) => events.map((event) => ("index" in event ? { ...event, index: 0 } : event)),
    zeroUsage: lateUsage,
  },
  whole: {
    otherArguments: (body) => ({ ...body, ...writtenInputs(body) }),
    withoutIds: (body) => without(body, "id"),
  },
}
