/** What a test reads of a page, and does with it. */
interface Driver {
  readonly send: (text: string) => unknown
  readonly stop: () => unknown
  readonly regenerate: () => unknown
  /** Another conversation. */
  readonly open?: (id: string) => void
}

declare global {
  interface Window {
    driver: Driver
    /** Draws of the list, draws of single messages, and frames of the screen. */
    readonly counts: { list: number; message: number; frames: number }
  }
}

export const counts = { list: 0, message: 0, frames: 0 }

Object.assign(window, { counts })

const frame = () => {
  counts.frames++
  requestAnimationFrame(frame)
}
// Where script is measured, this would be some of it.
if (!location.search.includes("quiet")) requestAnimationFrame(frame)

/** A conversation as it stands when somebody comes back to it. */
export const older = Array.from({ length: 20 }, (_, index) => ({
  id: `older-${index}`,
  role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
  parts: [{ type: "text" as const, text: `Message ${index} of a conversation that has gone on for a while.` }],
}))

/** Longer conversations are slower, so that some tests begin with none. */
export const wantsOlder = location.search.includes("older")
