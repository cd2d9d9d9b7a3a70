import { Duration, Effect } from "effect"

import { type HabitName } from "../../Fault.ts"
import { type Reply } from "../../Reply.ts"
import { applyFault } from "./applyFault.ts"
import { type Conversation, draft, type Draft, type Ending } from "./draft.ts"
import { encode, type Frame } from "./frame.ts"

/** One write, and what it waits for. */
export interface Step {
  readonly wait: Effect.Effect<unknown> | undefined
  readonly bytes: Uint8Array | undefined
}

/** All that is going to happen on the wire. */
export interface Plan {
  /** `undefined` when the client gets no answer at all. */
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly beforeHeaders: Effect.Effect<unknown> | undefined
  readonly steps: ReadonlyArray<Step>
  readonly ending: Ending
}

const encoder = new TextEncoder()

const bytesOf = (self: Draft, frame: Frame): Uint8Array => {
  if (frame._tag === "Text" && frame.binary === true) return Buffer.from(frame.text, "latin1")
  if (!self.streamed) return encoder.encode(encode(frame))
  const text = self.comments ? `: keep-alive\n\n${encode(frame)}` : encode(frame)
  return encoder.encode(self.carriageReturns ? text.replaceAll("\n", "\r\n") : text)
}

const sleep = (duration: Duration.Duration): ReadonlyArray<Effect.Effect<unknown>> =>
  Duration.isZero(duration) ? [] : [Effect.sleep(duration)]

const together = (waits: ReadonlyArray<Effect.Effect<unknown>>): Effect.Effect<unknown> | undefined =>
  waits.length === 0 ? undefined : Effect.all(waits, { discard: true })

const holdsAt = (self: Draft, position: number): ReadonlyArray<Effect.Effect<unknown>> =>
  self.holds
    .filter(({ frames }) => frames === position || (position === self.frames.length && frames > position))
    .map(({ until }) => until)

/** Node joins what is written in one turn of the event loop. */
const nextTurn = Effect.callback<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

const split = (step: Step & { readonly bytes: Uint8Array }, size: number): ReadonlyArray<Step> =>
  Array.from({ length: Math.ceil(step.bytes.length / size) }, (_, index) => ({
    wait: (index === 0 ? step.wait : undefined) ?? nextTurn,
    bytes: step.bytes.subarray(index * size, (index + 1) * size),
  }))

const stepsOf = (self: Draft, chunks: ReadonlyArray<Uint8Array>): ReadonlyArray<Step> => {
  const { splitBytes } = self
  const steps = chunks.map((bytes, index) => ({
    wait: together([...sleep(index === 0 ? self.beforeFirst : self.between), ...holdsAt(self, index)]),
    bytes,
  }))
  const last = together([...(chunks.length === 0 ? sleep(self.beforeFirst) : []), ...holdsAt(self, chunks.length)])
  return [
    ...(splitBytes === undefined ? steps : steps.flatMap((step) => split(step, splitBytes))),
    ...(last === undefined ? [] : [{ wait: last, bytes: undefined }]),
  ]
}

/** The length that the body claims to have; a body that is cut still claims the length it would have had. */
const announcedLength = (original: Draft, final: Draft): number =>
  (final.ending === "end" ? final : original).frames.reduce((total, frame) => total + bytesOf(final, frame).length, 0)

/** Some servers answer in one way, whatever was asked for. */
const asAnswered = ({ faults }: Reply, { call, dialect }: Conversation): Conversation => {
  const has = (name: HabitName) => faults.some((fault) => fault._tag === "Habit" && fault.name === name)
  const stream = has("neverStreams") ? false : call.stream || has("alwaysStreams")
  const asked = has("unaskedUsage") ? { stream_options: { include_usage: true } } : undefined
  return { dialect, call: { ...call, stream, body: { ...call.body, ...asked } } }
}

/** Turns a reply into what happens on the wire. */
export const plan = (reply: Reply, conversation: Conversation): Plan => {
  const original = draft(reply, asAnswered(reply, conversation))
  const final = reply.faults.reduce((self, fault) => applyFault(self, fault, conversation), original)
  const chunks = final.frames.map((frame) => bytesOf(final, frame))
  const hasLength = !final.streamed && final.whole && final.status !== undefined
  return {
    status: final.status,
    headers: hasLength
      ? { ...final.headers, "content-length": String(announcedLength(original, final)) }
      : final.headers,
    beforeHeaders: together(sleep(final.beforeHeaders)),
    steps: stepsOf(final, chunks),
    ending: final.ending,
  }
}
