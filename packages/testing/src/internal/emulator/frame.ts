/** One server-sent event, or one piece of a body. */
export type Frame =
  | {
      readonly _tag: "Event"
      readonly event: string | undefined
      readonly data: string
      /** Whether the answer is complete with it. */
      readonly terminal: boolean
    }
  | {
      readonly _tag: "Text"
      readonly text: string
      readonly terminal: boolean
      /** Whether each character is a byte, and not a part of a text. */
      readonly binary?: boolean
    }

/** An event with an `event:` line. */
export const named = (data: { readonly type: string } & Record<string, unknown>, terminal = false): Frame => ({
  _tag: "Event",
  event: data.type,
  data: JSON.stringify(data),
  terminal,
})

/** An event that is only data. */
export const unnamed = (data: unknown, terminal = false): Frame => ({
  _tag: "Event",
  event: undefined,
  data: typeof data === "string" ? data : JSON.stringify(data),
  terminal,
})

/** How many pieces a body that is not streamed counts as. */
const pieces = 8

/** A whole body, cut between characters so that each piece is valid UTF-8. */
export const body = (text: string): ReadonlyArray<Frame> => {
  const size = Math.max(1, Math.ceil(text.length / pieces))
  const frames: Array<Frame> = []
  for (let start = 0; start < text.length;) {
    let end = start + size
    // A surrogate pair stays together.
    if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++
    frames.push({ _tag: "Text", text: text.slice(start, end), terminal: end >= text.length })
    start = end
  }
  return frames
}

/** The frame damaged so that it does not parse. */
export const corrupt = (frame: Frame): Frame =>
  frame._tag === "Event"
    ? { ...frame, data: frame.data.slice(0, Math.ceil(frame.data.length / 2)) }
    : { ...frame, text: `\u0000${frame.text.slice(1)}` }

/** The text that goes over the wire. */
export const encode = (frame: Frame): string =>
  frame._tag === "Text"
    ? frame.text
    : `${frame.event === undefined ? "" : `event: ${frame.event}\n`}data: ${frame.data}\n\n`

/** A body that is no text. */
export const binary = (base64: string): ReadonlyArray<Frame> =>
  body(Buffer.from(base64, "base64").toString("latin1")).map((frame) => Object.assign(frame, { binary: true }))
