/**
 * What is the same in answers with media, whoever gives them.
 */
import { type MediaUsage } from "@holdfast/core/MediaUsage"

import { type MediaAnswer } from "../../Reply.ts"

/** The smallest PNG there is: one dot. */
export const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

/** Bytes that are no text in any encoding. */
const noise = Buffer.from(Uint8Array.of(0xff, 0xfb, 0x90, 0x00, 0x80)).toString("base64")

/** The pieces of a sound. */
export const soundOf = ({ audio = noise }: MediaAnswer): ReadonlyArray<string> =>
  typeof audio === "string" ? [audio] : audio

export const transcriptOf = ({ transcript = "Hello from the emulator." }: MediaAnswer): string => transcript

/** What is reported; `undefined` where nothing is. */
export const usageOf = ({ usage }: MediaAnswer, usual: MediaUsage): MediaUsage | undefined =>
  usage === null ? undefined : (usage ?? usual)
