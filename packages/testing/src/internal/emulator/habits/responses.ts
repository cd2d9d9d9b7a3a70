import { type Json } from "../dialect.ts"
import { at, type Habits, items, over, words, zeros } from "./events.ts"

type Events = ReadonlyArray<Json>

const lastOf = (events: Events): Json => events.at(-1) ?? {}

const inEach = (change: (event: Json, index: number, all: Events) => Json) => (events: Events) => events.map(change)

const inResponses = (events: Events, change: (last: Json) => Json): Events =>
  events.map((event, index) =>
    "response" in event && index < events.length - 1
      ? { ...event, response: { ...at(event, "response"), ...change(at(lastOf(events), "response")) } }
      : event,
  )

/** The event with other ids of its item, or without. */
const withItemId = (event: Json, idOf: (id: string) => string | undefined): Json => {
  const item = at(event, "item")
  return {
    ...event,
    ...("item_id" in event ? { item_id: idOf(words(event, "item_id")) } : {}),
    ...("item" in event ? { item: { ...item, id: idOf(words(item, "id")) } } : {}),
    ...("response" in event
      ? {
          response: {
            ...at(event, "response"),
            output: items(at(event, "response"), "output").map((one) => over(one, { id: idOf(words(one, "id")) })),
          },
        }
      : {}),
  }
}

const isPiece = (event: Json): boolean => /\.(?:delta|added)$/.test(words(event, "type"))

const parsedItem = (item: Json): Json =>
  item["type"] === "function_call"
    ? { ...item, arguments: JSON.parse(words(item, "arguments") || "{}") as unknown }
    : item

const parsedResponse = (response: Json): Json => ({ ...response, output: items(response, "output").map(parsedItem) })

/** The arguments of each call as a whole, which is no text. */
const parsed = (events: Events): Events =>
  events.flatMap((event) => {
    if (event["type"] === "response.function_call_arguments.delta") return []
    if (event["type"] === "response.function_call_arguments.done") {
      return [{ ...event, arguments: JSON.parse(words(event, "arguments") || "{}") as unknown }]
    }
    if ("response" in event) return [{ ...event, response: parsedResponse(at(event, "response")) }]
    return ["item" in event ? { ...event, item: parsedItem(at(event, "item")) } : event]
  })

const numbered = (numberOf: (index: number) => number) =>
  inEach((event, index) => ({ ...event, sequence_number: numberOf(index) }))

/** Habits of the Responses API. */
export const responsesHabits: Habits = {
  stream: {
    finishInEveryEvent: (events) => inResponses(events, ({ status }) => ({ status })),
    finishFirst: (events) => inResponses(events, () => ({ status: "completed" })),
    unspecifiedFinish: (events) => inResponses(events, () => ({ status: "" })),
    answerAtEnd: (events) => events.filter((event) => "response" in event),
    onlyEnds: (events) => events.filter((event) => !isPiece(event)),
    otherArguments: parsed,
    changingIds: inEach((event, index) => withItemId(event, (id) => `${id}-${index}`)),
    withoutIds: inEach((event) => withItemId(event, () => undefined)),
    zeroSequence: numbered(() => 0),
    restartingSequence: numbered((index) => index % 3),
    jumpingSequence: numbered((index) => (index === 1 ? 100_000 : index)),
    zeroUsage: (events) => inResponses(events, (last) => ({ usage: zeros(at(last, "usage")) })),
  },
  whole: { otherArguments: parsedResponse },
}
