import { type HabitName } from "../../Fault.ts"
import { type DialectName, isJson, type Json } from "./dialect.ts"
import { bodyFrames, type Conversation, type Draft } from "./draft.ts"
import { encode, type Frame, unnamed } from "./frame.ts"
import { anthropicHabits } from "./habits/anthropic.ts"
import { chatHabits } from "./habits/chat.ts"
import { type Habits, without } from "./habits/events.ts"
import { googleHabits } from "./habits/google.ts"
import { responsesHabits } from "./habits/responses.ts"

const none: Habits = { stream: {}, whole: {} }

const habitsOf: Readonly<Record<DialectName, Habits>> = {
  "openai-chat": chatHabits,
  "openai-responses": responsesHabits,
  anthropic: anthropicHabits,
  google: googleHabits,
  "openai-embeddings": none,
  "openai-moderation": none,
  "openai-images": none,
  "openai-speech": none,
  "openai-transcription": none,
  "openai-decisions": none,
  "google-embeddings": none,
}

type Framing = (frames: ReadonlyArray<Frame>) => ReadonlyArray<Frame>

const text = (value: string): Frame => ({ _tag: "Text", text: value, terminal: false })

const beats = [": ping\n\n", "data:\n\n", "data: \n\n", 'event: ping\ndata: {"type": "ping"}\n\n', "event: ping\n\n"]

/** What is done to events whatever they say. */
const framings: Partial<Record<HabitName, Framing>> = {
  withoutDone: (frames) => frames.filter((frame) => frame._tag === "Text" || frame.data !== "[DONE]"),
  withDone: (frames) =>
    frames.some((frame) => frame._tag === "Event" && frame.data === "[DONE]") ? frames : [...frames, unnamed("[DONE]")],
  heartbeats: (frames) => [
    ...frames.flatMap((frame, index) => [text(beats[index % beats.length] ?? ""), frame]),
    ...beats.map(text),
  ],
  namelessEvents: (frames) => frames.map((frame) => (frame._tag === "Event" ? { ...frame, event: undefined } : frame)),
  typelessData: (frames) =>
    frames.map((frame) => {
      if (frame._tag === "Text" || frame.event === undefined) return frame
      return { ...frame, data: JSON.stringify(without(JSON.parse(frame.data) as Json, "type")) }
    }),
  withoutLastLine: (frames) =>
    frames.map((frame, index) => (index === frames.length - 1 ? text(encode(frame).trimEnd()) : frame)),
}

const dataOf = (frame: Frame): Json | undefined => {
  if (frame._tag === "Text" || !frame.data.startsWith("{")) return undefined
  const data: unknown = JSON.parse(frame.data)
  return isJson(data) ? data : undefined
}

/** Changes what the events say, and leaves the rest of a stream where it is. */
const spoken = (frames: ReadonlyArray<Frame>, change: Habits["stream"][HabitName]): ReadonlyArray<Frame> => {
  if (change === undefined) return frames
  const events = frames.map(dataOf).filter((event) => event !== undefined)
  const rest = frames.filter((frame) => dataOf(frame) === undefined)
  const terminal = frames.findLast((frame) => frame.terminal && dataOf(frame) !== undefined)
  const template = frames.find((frame) => frame._tag === "Event")
  const changed = change(events)
  return [
    ...changed.map((event, index): Frame => {
      const type = event["type"]
      const name =
        template?._tag === "Event" && template.event !== undefined && typeof type === "string" ? type : undefined
      const isLast = index === changed.length - 1 && terminal !== undefined
      return { _tag: "Event", event: name, data: JSON.stringify(event), terminal: isLast }
    }),
    ...rest,
  ]
}

const wholeBody = ({ frames }: Draft): Json | undefined => {
  const written = frames.map((frame) => (frame._tag === "Text" ? frame.text : "")).join("")
  if (!written.startsWith("{")) return undefined
  const body: unknown = JSON.parse(written)
  return isJson(body) ? body : undefined
}

/** An answer with one habit. */
export const withHabit = (self: Draft, name: HabitName, { dialect }: Conversation): Draft => {
  if (name === "leftOpen") return { ...self, whole: false, ending: "stall" }
  if (name === "byteOrderMark") return { ...self, frames: [text("\uFEFF"), ...self.frames] }
  if (self.streamed) {
    const framing = framings[name]
    if (framing !== undefined) return { ...self, frames: framing(self.frames) }
    return { ...self, frames: spoken(self.frames, habitsOf[dialect.name].stream[name]) }
  }
  const change = habitsOf[dialect.name].whole[name]
  const body = change === undefined ? undefined : wholeBody(self)
  return change === undefined || body === undefined ? self : { ...self, frames: bodyFrames(change(body)) }
}
