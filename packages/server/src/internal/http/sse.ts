/** Server-sent events: `id` is the number of an event, `event` its type, `data` one line of JSON. */
import { type Entry } from "../answer/entry.ts"
import { type Framing } from "./frames.ts"

/** `no-transform` keeps compressors from collecting events, and nginx buffers unless told otherwise. */
export const streamHeaders = {
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const

export const sseFraming: Framing = {
  opening: "retry: 1000\n: open\n\n",
  beat: ": beat\n\n",
  closing: "",
  frames: (entries, first) => framesOf(entries, first),
}

const framesOf = (entries: ReadonlyArray<Entry>, first: number): string => {
  let text = ""
  let number = first
  for (const entry of entries) text += `id: ${number++}\nevent: ${entry.event.type}\ndata: ${entry.json}\n\n`
  return text
}
